using System.Globalization;
using Honu.Replication;

namespace Honu.Hosting;

public sealed partial class ReplicaHost
{
    // Counting what a peer lacks costs as much as the difference is large.
    private const long MaxCountedLag = 10_000;

    /// <summary>What the replica is, holds and knows of its peers, without counting objects.</summary>
    public Task<ReplicaStatus> GetStatusAsync(CancellationToken cancellationToken) => GetStatusAsync(countObjects: false, cancellationToken);

    /// <summary>What the replica is, holds and knows of its peers.</summary>
    /// <param name="countObjects">Also count objects and deletions, which reads every current record; a count is used again while nothing was written.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public async Task<ReplicaStatus> GetStatusAsync(bool countObjects, CancellationToken cancellationToken)
    {
        var now = _time.GetUtcNow();
        var summaries = _store.Replication.Summaries();
        var states = summaries.Keys.ToDictionary(static ns => ns, _store.Replication.State, StringComparer.Ordinal);
        var known = await AskAsync(
            () => new Known(
                _replica.Peers,
                _replica.Members,
                _timers.Now,
                _replica.Subscriptions,
                _replica.Members.ToDictionary(static member => member.Replica.Pid, member => _replica.Acknowledged(member.Replica.Pid)),
                states.ToDictionary(static state => state.Key, state => _replica.Blockers(state.Key, state.Value.Vector), StringComparer.Ordinal),
                _replica.Rumors),
            cancellationToken).ConfigureAwait(false);
        return new ReplicaStatus
        {
            Identity = _store.Identity,
            Selector = _replica.SelectorName,
            Reward = _replica.RewardName,
            Peers = [.. known.Peers.Select(peer => DescribePeer(peer, known, now))],
            Members = known.Members,
            Namespaces = [.. summaries.OrderBy(static summary => summary.Key, StringComparer.Ordinal).Select(summary => DescribeNamespace(summary, known, states[summary.Key], countObjects))],
            SessionsSucceeded = Interlocked.Read(ref _succeeded),
            SessionsFailed = Interlocked.Read(ref _failed),
            Rumors = known.Rumors is { } rumors && _replica.RumorCounts is { } counts
                ? new RumorsStatus(rumors, counts[RumorCount.Sent], counts[RumorCount.Received], counts[RumorCount.Retries])
                : null,
        };
    }

    private PeerStatus DescribePeer(PeerSnapshot peer, Known known, DateTimeOffset now)
    {
        var pid = peer.Replica?.Pid ?? peer.Address.Pid;
        var acknowledged = pid is { } acknowledger ? known.Acknowledged.GetValueOrDefault(acknowledger) : null;
        return new PeerStatus
        {
            Address = peer.Address.ToString(),
            Replica = peer.Replica,
            Region = peer.Region,
            State = peer.State,
            RoundTrip = peer.RoundTrip,
            LastSuccess = peer.LastSuccess is { } success ? now - (known.Clock - success) : null,
            LastError = peer.LastError,
            Arm = peer.Arm,
            Origin = peer.Origin,
            Member = known.Members.FirstOrDefault(member => member.Replica.Pid == pid)?.State,
            Acknowledged = acknowledged ?? new Dictionary<string, VersionVector>(StringComparer.Ordinal),
            LagObjects = acknowledged is { Count: > 0 } ? CountLag(acknowledged) : null,
        };
    }

    // Only of what it has told about: of another namespace it may want nothing.
    private long CountLag(IReadOnlyDictionary<string, VersionVector> acknowledged)
    {
        long lag = 0;
        foreach (var (ns, vector) in acknowledged)
            lag += _store.Replication.CountUncovered(ns, vector, MaxCountedLag - lag);
        return lag;
    }

    private NamespaceStatus DescribeNamespace(KeyValuePair<string, byte[]> summary, Known known, NamespaceReplication state, bool countObjects)
    {
        var name = summary.Key;
        (long Objects, long Tombstones)? counts = countObjects ? _counts.Of(name) : null;
        var tombstones = state.Tombstones ?? counts?.Tombstones;
        var isSubscribed = known.Subscriptions.Wants(name);
        return new NamespaceStatus
        {
            Name = name,
            Vector = HighMarks(state.Vector),
            Summary = Convert.ToHexStringLower(summary.Value),
            LooseObjects = state.LooseRecords,
            Digest = _store.Replication.TryGetDigest(name, out var digest) ? digest.ToString("x32", CultureInfo.InvariantCulture) : null,
            Objects = counts?.Objects,
            Tombstones = tombstones,
            Frontier = HighMarks(state.Frontier),
            Blockers = isSubscribed && tombstones != 0 ? known.Blockers[name] : [],
            Deferred = state.Deferred,
            Quarantined = state.Quarantined,
            Conflicts = _store.Replication.CountConflicts(name),
            IsSubscribed = isSubscribed,
        };
    }

    private static Dictionary<ReplicaId, ulong> HighMarks(VersionVector vector) => vector.Origins.ToDictionary(static replica => replica, vector.HighMark);

    private sealed record Known(
        IReadOnlyList<PeerSnapshot> Peers,
        IReadOnlyList<MemberSnapshot> Members,
        TimeSpan Clock,
        SubscriptionList Subscriptions,
        IReadOnlyDictionary<uint, IReadOnlyDictionary<string, VersionVector>> Acknowledged,
        IReadOnlyDictionary<string, IReadOnlyList<uint>> Blockers,
        RumorStatus? Rumors);
}
