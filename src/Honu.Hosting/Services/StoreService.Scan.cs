using Google.Protobuf;
using Grpc.Core;
using Honu.Hosting.Protocol.Stores;

namespace Honu.Hosting.Services;

/// <summary>Calls that stream objects to the client.</summary>
internal sealed partial class StoreService
{
    // A page is what is read from the store between two waits for the client: large enough that its frame costs nothing, small enough to stay in the caches.
    private const int PageBytes = 128 * 1024;
    private const int PageObjects = 512;

    private int _scans;

    public override Task Scan(ScanRequest request, IServerStreamWriter<ScanResponse> responseStream, ServerCallContext context) => Stream(context, async token =>
    {
        var scan = RequestChecks.Scan(request);
        await Await(request.Needs, scan.Namespace is { } only ? [only] : null, context, token).ConfigureAwait(false);
        // Each scan keeps a snapshot, which keeps the engine from dropping what it has seen.
        if (Interlocked.Increment(ref _scans) > options.MaxConcurrentScans)
        {
            Interlocked.Decrement(ref _scans);
            throw ServiceErrors.Exhausted($"{options.MaxConcurrentScans} scans run already, as many as this server allows. Try again when one has ended.");
        }

        try
        {
            using var snapshot = store.CreateSnapshot();
            var scanner = new StoreScanner(snapshot, scan);
            var page = new Page();
            bool more;
            do
            {
                more = scanner.Run(page, token);
                if (page.Message.Objects.Count > 0)
                    await responseStream.WriteAsync(page.Message, token).ConfigureAwait(false);
                page.Clear();
            }
            while (more);
            if (request.Needs is { WantToken: true })
                await responseStream.WriteAsync(new ScanResponse { Token = TokenOf(scan.Namespace is { } ns ? store.Namespace(ns).GetToken() : store.GetToken()) }, token).ConfigureAwait(false);
        }
        finally
        {
            Interlocked.Decrement(ref _scans);
        }
    });

    public override Task History(HistoryRequest request, IServerStreamWriter<HistoryResponse> responseStream, ServerCallContext context) => Stream(context, async token =>
    {
        var ns = Open(request.Namespace, request.Key);
        await Await(request.Needs, [ns.Name], context, token).ConfigureAwait(false);
        foreach (var entry in ns.History(request.Key.Span))
        {
            var item = ProtocolMapping.ToWire(ns.Name, request.Key, UnsafeByteOperations.UnsafeWrap(entry.Value), entry.Version, entry.LostConflict);
            await responseStream.WriteAsync(new HistoryResponse { Object = item }, token).ConfigureAwait(false);
        }

        if (request.Needs is { WantToken: true })
            await responseStream.WriteAsync(new HistoryResponse { Token = TokenOf(ns.GetToken()) }, token).ConfigureAwait(false);
    });

    public override Task Conflicts(ConflictsRequest request, IServerStreamWriter<ConflictsResponse> responseStream, ServerCallContext context) => Stream(context, async token =>
    {
        var conflicts = request.Namespace.Length == 0 ? store.Conflicts() : store.Namespace(request.Namespace).Conflicts();
        foreach (var conflict in conflicts)
        {
            var key = UnsafeByteOperations.UnsafeWrap(conflict.Key);
            var response = new ConflictsResponse
            {
                Winner = ProtocolMapping.ToWire(conflict.Namespace, key, value: null, conflict.Winner),
                Loser = ProtocolMapping.ToWire(conflict.Namespace, key, UnsafeByteOperations.UnsafeWrap(conflict.LoserValue), conflict.Loser, lostConflict: true),
                SinceUnixMilliseconds = conflict.Since.ToUnixTimeMilliseconds(),
            };
            await responseStream.WriteAsync(response, token).ConfigureAwait(false);
        }
    });

    private sealed class Page : IScanSink
    {
        private int _bytes;

        public ScanResponse Message { get; } = new();

        public bool Accept(string ns, ReadOnlySpan<byte> key, ReadOnlySpan<byte> value, in ObjectVersion version, bool lostConflict)
        {
            Message.Objects.Add(ProtocolMapping.ToWire(ns, ByteString.CopyFrom(key), ByteString.CopyFrom(value), version, lostConflict));
            _bytes += key.Length + value.Length;
            return _bytes < PageBytes && Message.Objects.Count < PageObjects;
        }

        public void Clear()
        {
            Message.Objects.Clear();
            _bytes = 0;
        }
    }
}
