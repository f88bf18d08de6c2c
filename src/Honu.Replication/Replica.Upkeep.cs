namespace Honu.Replication;

public sealed partial class Replica
{
    // Others wait for the event loop and for the store's queue meanwhile.
    private const int MaxPurgedAtOnce = 512;

    private const int MaxFailedComparisons = 8;

    // As often as a store that has failed is tried again.
    private static readonly TimeSpan FaultPause = TimeSpan.FromSeconds(1);

    private void SchedulePurge() => SetTimer(ReplicaTimerKind.Purge, _options.PurgeInterval);

    // R6: a deletion may go when every active member holds it durably. One that has not said so blocks it, and so does a configured peer
    // that has never said who it is: what it may have written nobody knows.
    private void Purge()
    {
        var isBehind = false;
        if (_peers.Exists(static peer => peer.Origin != PeerOrigin.Learned && peer.State != PeerState.Self && peer.Pid is null))
        {
            SchedulePurge();
            return;
        }

        foreach (var ns in _store.DescribeNamespaces().Keys)
        {
            var acknowledged = _membership.Members.ActiveFor(ns).Select(pid => _context.Acknowledged.Find(pid, ns) ?? new VersionVector()).ToList();
            isBehind |= _store.Purge(ns, _store.Faults.HasFlag(PlantedFaults.PurgedWithoutAsking) ? [] : acknowledged, MaxPurgedAtOnce).HasMore;
        }

        SetTimer(ReplicaTimerKind.Purge, isBehind ? TimeSpan.FromMilliseconds(10) : _options.PurgeInterval);
    }

    /// <summary>What is to be done after <see cref="Handle"/> has thrown, for example because the disk was full: what it had decided before it did, and to try a timer's work once more.</summary>
    /// <param name="happened">The event that failed.</param>
    /// <returns>To be carried out in this order; valid until the next event.</returns>
    public IReadOnlyList<ReplicaEffect> AfterFault(ReplicaEvent happened)
    {
        if (happened is ReplicaEvent.TimerDue due && !_effects.Exists(effect => effect is ReplicaEffect.SetTimer set && set.Timer == due.Timer))
            _effects.Add(new ReplicaEffect.SetTimer(due.Timer, _now + FaultPause));
        return _effects;
    }

    // What a namespace has lost, some peer still has. Each is asked: none is known to be whole.
    private void SuspectNamespace(string ns)
    {
        foreach (var peer in _peers)
        {
            peer.Suspects.Add(ns);
            peer.FailedComparisons = 0;
        }

        HurryAfterLocalWrite();
    }

    // A namespace that is never quiet, or not shared with the peer, must not make every session one that compares: unequal digests in Hello still show a loss.
    private static void GiveUpComparing(Peer peer)
    {
        if (peer.Suspects.Count == 0 || ++peer.FailedComparisons < MaxFailedComparisons)
            return;
        peer.Suspects.Clear();
        peer.FailedComparisons = 0;
    }

    private void ApplyDeferred()
    {
        if (_store.ApplyDeferred() is { } next)
            SetTimer(ReplicaTimerKind.Deferred, next);
    }

    private void SetTimer(ReplicaTimerKind kind, TimeSpan delay) =>
        _effects.Add(new ReplicaEffect.SetTimer(new ReplicaTimer(kind), _now + delay));
}
