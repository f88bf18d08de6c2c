using Google.Protobuf;
using Honu.Hosting.Protocol.Admin;
using Honu.Replication;

namespace Honu.Hosting.Services;

/// <content>What the replica tells about itself.</content>
internal sealed partial class AdminService
{
    private async Task<StatusResponse> Describe(bool includeFigures, CancellationToken cancellationToken)
    {
        var response = new StatusResponse { Identity = StoreDescription.Identity(store), ServerVersion = StoreDescription.SoftwareVersion };
        if (replica is null)
            return response;

        var status = await replica.GetStatusAsync(includeFigures, cancellationToken).ConfigureAwait(false);
        response.Replicating = true;
        response.Selector = status.Selector;
        response.Reward = status.Reward;
        response.Peers.Add(status.Peers.Select(Describe));
        response.Namespaces.Add(status.Namespaces.Select(Describe));
        if (status.Rumors is { } rumors)
            response.Rumors = RumorMapping.ToWire(rumors);
        return response;
    }

    private static Peer Describe(PeerStatus peer)
    {
        var result = new Peer
        {
            Address = peer.Address,
            Region = peer.Region ?? "",
            State = StateName(peer.State),
            HasRoundTrip = peer.RoundTrip is not null,
            RoundTripMicros = (ulong)(peer.RoundTrip?.TotalMicroseconds ?? 0),
            LastSuccessUnixMillis = UnixMs(peer.LastSuccess),
            LastError = peer.LastError ?? "",
            Origin = OriginName(peer.Origin),
            Member = StateName(peer.Member),
        };
        if (peer.Replica is { } id)
            result.Replica = ProtocolMapping.ToWire(id);
        if (peer.Arm is { } arm)
            result.Arm = Describe(arm);
        if (peer.LagObjects is { } lag)
            result.LagObjects = (ulong)lag;
        foreach (var (ns, vector) in peer.Acknowledged.OrderBy(static item => item.Key, StringComparer.Ordinal))
        {
            var acknowledged = new NamespaceVector { Namespace = ns };
            ProtocolMapping.AddVector(acknowledged.Vector, vector.Origins.Select(origin => KeyValuePair.Create(origin, vector.HighMark(origin))));
            result.Acknowledged.Add(acknowledged);
        }

        return result;
    }

    private static Arm Describe(ArmSnapshot arm)
    {
        var result = new Arm { Value = arm.Value, Count = arm.Count, Selections = (ulong)arm.Selections, Share = arm.Share };
        if (arm.LastReward is { } reward)
            result.LastReward = reward;
        return result;
    }

    private static Namespace Describe(NamespaceStatus item)
    {
        var ns = new Namespace
        {
            Name = item.Name,
            Summary = item.Summary,
            LooseObjects = (ulong)item.LooseObjects,
            Digest = item.Digest is null ? ByteString.Empty : ByteString.CopyFrom(Convert.FromHexString(item.Digest)),
            Conflicts = (ulong)item.Conflicts,
            Deferred = (ulong)item.Deferred,
            Quarantined = (ulong)item.Quarantined,
            Subscribed = item.IsSubscribed,
        };
        if (item.Objects is { } objects)
            ns.Objects = (ulong)objects;
        if (item.Tombstones is { } tombstones)
            ns.Tombstones = (ulong)tombstones;
        ProtocolMapping.AddVector(ns.Vector, item.Vector);
        ProtocolMapping.AddVector(ns.Frontier, item.Frontier);
        ns.Blockers.Add(item.Blockers);
        return ns;
    }

    private static ulong UnixMs(DateTimeOffset? time) => (ulong)Math.Max(0, time?.ToUnixTimeMilliseconds() ?? 0);

    private static string OriginName(PeerOrigin origin) => origin switch
    {
        PeerOrigin.Configured => "configured",
        PeerOrigin.Added => "added",
        _ => "learned",
    };

    private static string StateName(MemberState? state) => state switch
    {
        MemberState.Active => "active",
        MemberState.Suspect => "suspect",
        MemberState.Retired => "retired",
        _ => "",
    };
}
