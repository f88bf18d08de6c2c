using Google.Protobuf;
using Grpc.Core;
using Honu.Hosting.Protocol.Stores;

namespace Honu.Hosting.Services;

/// <summary>What waits for other replicas: tokens, bounds of staleness, acknowledgements. A call that asks for none of it pays for looking whether it does.</summary>
internal sealed partial class StoreService
{
    private static readonly TimeSpan DefaultWait = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan LongestWait = TimeSpan.FromMinutes(10);

    private int _waits;

    public override async Task<WaitResponse> Wait(WaitRequest request, ServerCallContext context)
    {
        var response = new WaitResponse();
        await Stream(context, async token =>
        {
            var names = request.Namespaces.Select(RequestChecks.Namespace).Distinct(StringComparer.Ordinal).ToList();
            await Await(request.Needs, names.Count == 0 ? null : names, context, token).ConfigureAwait(false);
            if (request.Needs is { WantToken: true })
                response.Token = TokenOf(names.Count == 0 ? store.GetToken() : names.Aggregate(CausalToken.Empty, (merged, name) => merged.Merge(store.Namespace(name).GetToken())));
        }).ConfigureAwait(false);
        return response;
    }

    private Task<T> Answer<T>(ServerCallContext context, ReadNeeds? needs, string ns, Func<T> call) =>
        needs is null ? Answer(context, call) : AnswerLater(context, async token =>
        {
            await Await(needs, [RequestChecks.Namespace(ns)], context, token).ConfigureAwait(false);
            return call();
        });

    private Task<T> Answer<T>(
        ServerCallContext context, WriteNeeds? needs, IReadOnlyCollection<string> namespaces, Func<(T Response, (string Namespace, VersionId Version)[] Written)> write, Action<T, WriteTold> tell) =>
        needs is null ? Answer(context, () => write().Response) : AnswerLater(context, async token =>
        {
            if (needs.WaitReplicas >= VersionVector.MaxOrigins)
                throw ServiceErrors.Invalid($"A write waits for fewer than {VersionVector.MaxOrigins} replicas; {needs.WaitReplicas} were asked for.");
            if (needs.WaitReplicas > 0 && !store.Replication.IsReplicating)
                throw new HonuException(HonuErrorCode.NotReplicating, "This server does not replicate, so no other replica will ever have the write. Nothing was written.");
            var before = new ReadNeeds { AtLeast = needs.AtLeast };
            if (needs.HasTimeoutMs)
                before.TimeoutMs = needs.TimeoutMs;
            await Await(before, [.. namespaces.Select(RequestChecks.Namespace).Distinct(StringComparer.Ordinal)], context, token).ConfigureAwait(false);

            var (response, written) = write();
            var last = LastOfEach(written);
            var told = new WriteTold();
            if (needs.WantToken)
                told.Token = TokenOf(last.Aggregate(CausalToken.Empty, (merged, item) => merged.Merge(store.Namespace(item.Key).GetToken(item.Value))));
            if (needs.WaitReplicas > 0 && last.Count > 0)
                told.AcknowledgedBy = (uint)await Acknowledged(last, (int)needs.WaitReplicas, Timeout(needs.HasTimeoutMs, needs.TimeoutMs), token).ConfigureAwait(false);
            tell(response, told);
            return response;
        });

    private async Task<T> AnswerLater<T>(ServerCallContext context, Func<CancellationToken, Task<T>> call)
    {
        T? answer = default;
        await Stream(context, async token => answer = await call(token).ConfigureAwait(false)).ConfigureAwait(false);
        return answer!;
    }

    private static (string Namespace, VersionId Version)[] Written(WriteNeeds? needs, HonuNamespace ns, in ObjectVersion version) =>
        needs is null || version.IsNone ? [] : [(ns.Name, version.Id)];

    // The last write in a namespace stands for those before it: a vector that covers it covers them.
    private static Dictionary<string, VersionId> LastOfEach((string Namespace, VersionId Version)[] written)
    {
        var last = new Dictionary<string, VersionId>(StringComparer.Ordinal);
        foreach (var (ns, version) in written)
        {
            if (version.Scalar > last.GetValueOrDefault(ns).Scalar)
                last[ns] = version;
        }

        return last;
    }

    // The write is there whatever happens here: a server that stops, or a caller's deadline, only ends the waiting.
    private async Task<int> Acknowledged(Dictionary<string, VersionId> last, int replicas, TimeSpan timeout, CancellationToken token)
    {
        using var pass = EnterWait();
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(token, gate.Stopping);
        var least = int.MaxValue;
        foreach (var (ns, version) in last)
            least = Math.Min(least, await store.Namespace(ns).WaitForReplicasAsync(version, replicas, timeout, ended.Token).ConfigureAwait(false));
        return least;
    }

    private async Task Await(ReadNeeds? needs, IReadOnlyList<string>? namespaces, ServerCallContext context, CancellationToken token)
    {
        if (needs is null || (needs.AtLeast.IsEmpty && !needs.HasMaxStalenessMs))
            return;
        var recent = new ReadOptions { Timeout = Timeout(needs.HasTimeoutMs, needs.TimeoutMs) };
        if (!needs.AtLeast.IsEmpty)
            recent = recent with { AtLeast = CausalToken.Parse(needs.AtLeast.Span) };
        if (needs.HasMaxStalenessMs)
            recent = recent with { MaxStaleness = TimeSpan.FromMilliseconds(Math.Min(needs.MaxStalenessMs, TimeSpan.FromDays(36500).TotalMilliseconds)) };

        using var pass = EnterWait();
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(token, gate.Stopping);
        var names = namespaces ?? [.. store.Namespaces.Union(recent.AtLeast?.Namespaces ?? [], StringComparer.Ordinal)];
        foreach (var name in names)
            await store.Namespace(name).WaitForAsync(recent, ended.Token).ConfigureAwait(false);
    }

    private static TimeSpan Timeout(bool isTold, ulong milliseconds) =>
        !isTold ? DefaultWait : milliseconds >= LongestWait.TotalMilliseconds ? LongestWait : TimeSpan.FromMilliseconds(milliseconds);

    private static GetResponse WithToken(ReadNeeds? needs, HonuNamespace ns, in ObjectVersion version, GetResponse response)
    {
        // That a key was never written can only be told by the whole namespace: its deletion may have been forgotten here.
        if (needs is { WantToken: true })
            response.Token = TokenOf(version.IsNone ? ns.GetToken() : ns.GetToken(version.Id));
        return response;
    }

    private static ByteString TokenOf(CausalToken token) => UnsafeByteOperations.UnsafeWrap(token.ToArray());

    private WaitPass EnterWait()
    {
        if (Interlocked.Increment(ref _waits) <= options.MaxConcurrentWaits)
            return new WaitPass(this);
        Interlocked.Decrement(ref _waits);
        throw ServiceErrors.Exhausted($"{options.MaxConcurrentWaits} calls wait for other replicas already, as many as this server allows. Try again when one has ended.");
    }

    private readonly struct WaitPass(StoreService service) : IDisposable
    {
        public void Dispose() => Interlocked.Decrement(ref service._waits);
    }
}
