using Honu.Hosting.Services;
using Honu.Replication;
using AdminWire = Honu.Hosting.Protocol.Admin;
using StoreWire = Honu.Hosting.Protocol.Stores;

namespace Honu.Hosting;

/// <summary>From status messages to what the client hands out.</summary>
internal static class InfoMapping
{
    public static StoreInfo FromWire(StoreWire.StatusResponse response) => new()
    {
        Identity = ProtocolMapping.FromWire(response.Identity),
        Namespaces = [.. response.Namespaces],
        MaxValueBytes = (long)response.MaxValueBytes,
        ServerVersion = response.ServerVersion,
        Figures = response.Statistics is null ? null : FromWire(response.Statistics),
    };

    public static StoreFigures FromWire(StoreWire.Statistics statistics) => new(
        [.. statistics.Namespaces.Select(static item => new NamespaceFigures(
            item.Name,
            (long)item.Objects,
            (long)item.Tombstones,
            (long)item.ValueBytes,
            (long)item.HistoryEntries,
            (long)item.HistoryBytes,
            ProtocolMapping.FromWire(item.Vector)))],
        (long)statistics.DiskBytes,
        (long)statistics.EngineMemoryBytes,
        statistics.Updates.ToDictionary(static item => item.Key, static item => (long)item.Value, StringComparer.Ordinal));

    public static ReplicaInfo FromWire(AdminWire.StatusResponse response) => new()
    {
        Identity = ProtocolMapping.FromWire(response.Identity),
        Replicating = response.Replicating,
        Selector = response.Selector,
        Reward = response.Reward,
        ServerVersion = response.ServerVersion,
        Peers = [.. response.Peers.Select(FromWire)],
        Namespaces = [.. response.Namespaces.Select(FromWire)],
        Rumors = response.Rumors is null ? null : RumorMapping.FromWire(response.Rumors),
    };

    public static KnownPeer FromWire(AdminWire.KnownPeer peer) => new()
    {
        Address = peer.Address.Length == 0 ? null : peer.Address,
        Replica = peer.Replica is null ? null : ProtocolMapping.FromWire(peer.Replica),
        Store = Guid.TryParse(peer.StoreId, out var store) ? store : null,
        Region = peer.Region,
        Origin = peer.Origin,
        State = peer.State,
        Connection = peer.Connection,
        LastHeard = FromUnixMs(peer.LastHeardUnixMillis),
        LastSuccess = FromUnixMs(peer.LastSuccessUnixMillis),
        LastError = peer.LastError.Length == 0 ? null : peer.LastError,
    };

    private static PeerInfo FromWire(AdminWire.Peer peer) => new(
        peer.Address,
        peer.Replica is null ? null : ProtocolMapping.FromWire(peer.Replica),
        peer.Region,
        peer.State,
        peer.HasRoundTrip ? TimeSpan.FromMicroseconds(peer.RoundTripMicros) : null,
        FromUnixMs(peer.LastSuccessUnixMillis),
        peer.LastError.Length == 0 ? null : peer.LastError)
    {
        Origin = peer.Origin,
        Member = peer.Member,
        Acknowledged = peer.Acknowledged.ToDictionary(
            static item => item.Namespace, static item => (IReadOnlyDictionary<ReplicaId, ulong>)ProtocolMapping.FromWire(item.Vector), StringComparer.Ordinal),
        LagObjects = peer.HasLagObjects ? (long)peer.LagObjects : null,
        Arm = peer.Arm is { } arm ? new ArmSnapshot(arm.Value, arm.Count, (long)arm.Selections, arm.Share, arm.HasLastReward ? arm.LastReward : null) : null,
    };

    private static ReplicaNamespaceInfo FromWire(AdminWire.Namespace ns) => new(ns.Name, ProtocolMapping.FromWire(ns.Vector), ns.Summary, (long)ns.LooseObjects)
    {
        Digest = ns.Digest.IsEmpty ? null : Convert.ToHexStringLower(ns.Digest.Span),
        Objects = ns.HasObjects ? (long)ns.Objects : null,
        Tombstones = ns.HasTombstones ? (long)ns.Tombstones : null,
        Frontier = ProtocolMapping.FromWire(ns.Frontier),
        Blockers = [.. ns.Blockers],
        Conflicts = (long)ns.Conflicts,
        Deferred = (long)ns.Deferred,
        Quarantined = (long)ns.Quarantined,
        IsSubscribed = ns.Subscribed,
    };

    // What no clock shows is not a time.
    private static DateTimeOffset? FromUnixMs(ulong unixMs) =>
        unixMs is 0 or > 253_402_300_799_999 ? null : DateTimeOffset.FromUnixTimeMilliseconds((long)unixMs);

    public static SyncReport FromWire(AdminWire.SyncResponse response) => new()
    {
        Initiator = ProtocolMapping.FromWire(response.Initiator),
        Responder = ProtocolMapping.FromWire(response.Responder),
        RoundTrips = (int)response.RoundTrips,
        BytesSent = (long)response.BytesSent,
        BytesReceived = (long)response.BytesReceived,
        ObjectsSent = (long)response.ObjectsSent,
        ObjectsReceived = (long)response.ObjectsReceived,
        Updates = Counts(response.Kinds),
        Duration = TimeSpan.FromMicroseconds(response.DurationMicros),
        RoundTrip = response.RoundTripMicros == 0 ? null : TimeSpan.FromMicroseconds(response.RoundTripMicros),
        ObjectsDeferred = (long)response.ObjectsDeferred,
        ObjectsRepaired = (long)response.ObjectsRepaired,
        DigestMismatches = (long)response.DigestMismatches,
        NamespacesCompared = (long)response.NamespacesCompared,
        ComparisonsSkipped = (long)response.ComparisonsSkipped,
        Outcome = Enum.TryParse<SyncOutcome>(response.Outcome, ignoreCase: true, out var outcome) ? outcome : SyncOutcome.Interrupted,
    };

    // A newer server may know kinds that this client does not: they are left out.
    private static UpdateCounts Counts(IEnumerable<KeyValuePair<string, ulong>> kinds)
    {
        var counts = default(UpdateCounts);
        foreach (var (name, count) in kinds)
        {
            if (Enum.TryParse<UpdateKind>(name, ignoreCase: true, out var kind) && Enum.IsDefined(kind))
                counts.Add(kind, (long)count);
        }

        return counts;
    }
}
