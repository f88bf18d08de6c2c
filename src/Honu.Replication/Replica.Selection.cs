namespace Honu.Replication;

// Who is met next, and what is learned of it.
public sealed partial class Replica
{
    private Peer Choose(List<Peer> ready) => ready[_selector.Select([.. ready.Select(ToArm)], _now, _random)];

    private PeerArm ToArm(Peer peer) => new(peer.Address)
    {
        Region = peer.Region,
        Pid = peer.Pid,
        RoundTrip = peer.RoundTrip,
        LastDuration = peer.LastDuration,
        LastSuccess = peer.LastSuccess,
    };

    private void Learn(Peer peer, SyncReport report) =>
        _selector.Judge(ToArm(peer), SessionWorth.From(report, _store.Description.Region, peer.Region), _now);
}
