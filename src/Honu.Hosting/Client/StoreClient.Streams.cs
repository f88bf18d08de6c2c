using System.Runtime.CompilerServices;
using Grpc.Core;
using Honu.Hosting.Protocol.Stores;
using Honu.Hosting.Services;

namespace Honu.Hosting;

/// <summary>Calls that stream.</summary>
public sealed partial class StoreClient
{
    // Frames of an import message: large enough that its answer costs little, small enough that an interrupted import knows what was done.
    private const int ImportMessageBytes = 128 * 1024;
    private const int ImportMessageOperations = 2048;

    // How long the last answers of a broken import may take before it is given up.
    private static readonly TimeSpan LastAnswers = TimeSpan.FromSeconds(5);

    /// <summary>Streams objects from one snapshot of the server's store, in key order.</summary>
    /// <param name="scan">Which ones; <see langword="null"/> for all of the default namespace.</param>
    /// <param name="cancellationToken">Ends the scan, here and at the server.</param>
    public IAsyncEnumerable<StoreObject> ScanAsync(StoreScan? scan = null, CancellationToken cancellationToken = default) => ScanAsync(scan ?? new StoreScan(), default, told: null, cancellationToken);

    /// <summary>Streams objects like <see cref="ScanAsync(StoreScan, CancellationToken)"/>, as soon as the server is as recent as asked for.</summary>
    /// <param name="scan">Which ones.</param>
    /// <param name="options">How recent.</param>
    /// <param name="told">Told at the end a token for everything that the scan could show; <see langword="null"/> to ask for none.</param>
    /// <param name="cancellationToken">Ends the scan, here and at the server.</param>
    public async IAsyncEnumerable<StoreObject> ScanAsync(StoreScan scan, ReadOptions options, Action<CausalToken>? told, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(scan);
        if (scan.Limit is <= 0)
            yield break;
        var request = new ScanRequest
        {
            Namespace = scan.Namespace ?? "",
            AllNamespaces = scan.Namespace is null,
            Prefix = Wrap(scan.Prefix),
            From = Wrap(scan.From),
            To = Wrap(scan.To),
            Reverse = scan.Reverse,
            Limit = (ulong)(scan.Limit ?? 0),
            IncludeTombstones = scan.IncludeTombstones,
            KeysOnly = scan.KeysOnly,
            IncludeHistory = scan.IncludeHistory,
            Needs = ToWire(options, told is not null),
        };
        using var call = _server.Store.Scan(request, ServerConnection.WithoutDeadline(cancellationToken));
        while (await Next(call.ResponseStream, cancellationToken).ConfigureAwait(false) is { } page)
        {
            foreach (var item in page.Objects)
                yield return ProtocolMapping.FromWire(item);
            if (!page.Token.IsEmpty)
                told?.Invoke(TokenOf(page.Token));
        }
    }

    /// <summary>Streams the versions of an object that the server still has, newest first; nothing when the key was never written.</summary>
    public IAsyncEnumerable<StoreObject> HistoryAsync(string ns, ReadOnlyMemory<byte> key, CancellationToken cancellationToken = default) => HistoryAsync(ns, key, default, told: null, cancellationToken);

    /// <summary>Streams versions like <see cref="HistoryAsync(string, ReadOnlyMemory{byte}, CancellationToken)"/>, as soon as the server is as recent as asked for.</summary>
    /// <param name="ns">The namespace.</param>
    /// <param name="key">The key.</param>
    /// <param name="options">How recent.</param>
    /// <param name="told">Told at the end a token for everything that the namespace holds; <see langword="null"/> to ask for none.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    public async IAsyncEnumerable<StoreObject> HistoryAsync(
        string ns, ReadOnlyMemory<byte> key, ReadOptions options, Action<CausalToken>? told, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        var request = new HistoryRequest { Namespace = ns, Key = Wrap(key), Needs = ToWire(options, told is not null) };
        using var call = _server.Store.History(request, ServerConnection.WithoutDeadline(cancellationToken));
        while (await Next(call.ResponseStream, cancellationToken).ConfigureAwait(false) is { } response)
        {
            if (response.Object is not null)
                yield return ProtocolMapping.FromWire(response.Object);
            if (!response.Token.IsEmpty)
                told?.Invoke(TokenOf(response.Token));
        }
    }

    /// <summary>Streams the conflicts that the server's store knows and that nothing has settled yet, by namespace and key.</summary>
    /// <param name="ns">The namespace; <see langword="null"/> for all.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    public async IAsyncEnumerable<Conflict> ConflictsAsync(string? ns = null, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        using var call = _server.Store.Conflicts(new ConflictsRequest { Namespace = ns ?? "" }, ServerConnection.WithoutDeadline(cancellationToken));
        while (await Next(call.ResponseStream, cancellationToken).ConfigureAwait(false) is { } response)
        {
            var loser = ProtocolMapping.FromWire(response.Loser);
            var since = DateTimeOffset.FromUnixTimeMilliseconds(response.SinceUnixMilliseconds);
            yield return new Conflict(loser.Namespace, loser.Key, ProtocolMapping.VersionOf(response.Winner), loser.Version, loser.Value, since);
        }
    }

    /// <summary>Writes many operations in order through one stream, and counts what the server has in its store.</summary>
    /// <param name="batches">The operations. A batch's memory is given back when the next one is asked for.</param>
    /// <param name="options">When an operation counts as done.</param>
    /// <param name="skipUnchanged">Whether a put of the value that is current already makes no version. Costs a read for each put, at the server.</param>
    /// <param name="progress">Told the counts after every answer; when the call fails, the last ones say how many operations
    /// are certainly done: exactly the first so many (more may be, never fewer).</param>
    /// <param name="cancellationToken">Ends the import.</param>
    /// <returns>The counts; all operations are done.</returns>
    public async Task<ImportCounts> ImportAsync(
        IAsyncEnumerable<IReadOnlyList<StoreOperation>> batches,
        WriteOptions options = default,
        bool skipUnchanged = false,
        Action<ImportCounts>? progress = null,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(batches);
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        using var call = _server.Store.Import(ServerConnection.WithoutDeadline(ended.Token));
        var answers = ReadAnswers(call.ResponseStream, progress, ended, cancellationToken);
        try
        {
            var sent = 0L;
            var empty = new ImportRequest { Durability = WireDurability(options), SkipUnchanged = skipUnchanged };
            await foreach (var batch in batches.WithCancellation(ended.Token).ConfigureAwait(false))
                sent += await Send(call.RequestStream, batch, empty).ConfigureAwait(false);
            await call.RequestStream.CompleteAsync().ConfigureAwait(false);

            var acknowledged = await answers.ConfigureAwait(false);
            return acknowledged.Acknowledged == sent
                ? acknowledged
                : throw new StoreClientException(StoreClientError.Internal, Address, $"{Address} acknowledged {acknowledged.Acknowledged} of {sent} operations.");
        }
        catch (Exception e) when (e is RpcException or OperationCanceledException or InvalidOperationException or IOException)
        {
            // The writer fails in many ways when the server ends the call; why it ended stands in the status of the answers, which end now too.
            cancellationToken.ThrowIfCancellationRequested();
            ended.CancelAfter(LastAnswers);
            await answers.ConfigureAwait(false);
            throw e is RpcException rpc ? _server.Failure(rpc) : new StoreClientException(StoreClientError.Unreachable, Address, $"{Address} ended the import.", e);
        }
        catch
        {
            // The caller's batches failed, such as a bad line: what was sent is still answered, so that the count is exact.
            await Finish(call.RequestStream, answers).ConfigureAwait(false);
            throw;
        }
    }

    private static async Task<long> Send(IClientStreamWriter<ImportRequest> stream, IReadOnlyList<StoreOperation> batch, ImportRequest empty)
    {
        var message = empty.Clone();
        var bytes = 0L;
        foreach (var operation in batch)
        {
            var size = operation.Key.Length + operation.Value.Length;
            if (message.Operations.Count > 0 && (bytes + size > ImportMessageBytes || message.Operations.Count >= ImportMessageOperations))
            {
                await stream.WriteAsync(message).ConfigureAwait(false);
                message = empty.Clone();
                bytes = 0;
            }

            message.Operations.Add(ToWire(operation));
            bytes += size;
        }

        if (message.Operations.Count > 0)
            await stream.WriteAsync(message).ConfigureAwait(false);
        return batch.Count;
    }

    private async Task<ImportCounts> ReadAnswers(
        IAsyncStreamReader<ImportResponse> stream, Action<ImportCounts>? progress, CancellationTokenSource ended, CancellationToken cancellationToken)
    {
        var acknowledged = new ImportCounts();
        try
        {
            while (await Next(stream, cancellationToken).ConfigureAwait(false) is { } answer)
            {
                acknowledged = new ImportCounts((long)answer.Acknowledged, (long)answer.Unchanged, (long)answer.Deleted, (long)answer.NothingToDelete);
                progress?.Invoke(acknowledged);
            }

            return acknowledged;
        }
        catch (StoreClientException)
        {
            // Stops the sender, which may be waiting for room in a connection that is gone.
            await ended.CancelAsync().ConfigureAwait(false);
            throw;
        }
    }

    private static async Task Finish(IClientStreamWriter<ImportRequest> stream, Task answers)
    {
        try
        {
            await stream.CompleteAsync().ConfigureAwait(false);
            await answers.ConfigureAwait(false);
        }
        catch (Exception e) when (e is RpcException or StoreClientException or OperationCanceledException or InvalidOperationException or IOException)
        {
            // The caller learns of its own failure; the count says how far the server came.
        }
    }

    private async Task<T?> Next<T>(IAsyncStreamReader<T> stream, CancellationToken cancellationToken)
        where T : class
    {
        try
        {
            return await stream.MoveNext(cancellationToken).ConfigureAwait(false) ? stream.Current : null;
        }
        catch (RpcException e)
        {
            cancellationToken.ThrowIfCancellationRequested();
            throw _server.Failure(e);
        }
    }
}
