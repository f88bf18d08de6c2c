namespace Honu.Replication;

// Who is met next, what is learned of it, and when: at intervals, or a pause after the session before.
public sealed partial class Replica
{
    // Replicas of one place, or as good as that.
    private static readonly TimeSpan LocalRoundTrip = TimeSpan.FromMilliseconds(5);

    private readonly SelectionGuards _selector;
    private readonly SelectorMemory _memory;
    private readonly NewsEstimator _news;
    private SessionId? _pacing;

    /// <summary>What became at the start of what the selector had learned before.</summary>
    public SelectorRestore SelectorRestored => _memory.Restored;

    /// <summary>Keeps in the store what the selector has learned. To be called before the end; while the replica runs it is kept once a minute.</summary>
    public void KeepLearned() => _memory.Save(_now);

    private bool IsPacing => _pacing is { } pacing && _sessions.ContainsKey(pacing);

    // The next session is due only when this one has ended.
    private void Pace(SessionId session)
    {
        if (_options.PauseAfterSession is not null)
            _pacing = session;
    }

    private void EndPace(SessionId session)
    {
        if (_pacing != session)
            return;
        _pacing = null;
        ScheduleNextSession(_options.PauseAfterSession!.Value);
    }

    private Peer? Choose(IReadOnlyList<Peer> peers)
    {
        // Behind an address that was this replica's own may be another machine by now: looked at when its rest is over, but no arm.
        if (peers.FirstOrDefault(peer => peer.State == PeerState.Self && !peer.HasSession && peer.Backoff.Until <= _now) is { } self)
            return self;
        List<Peer> others = [.. peers.Where(static peer => peer.State != PeerState.Self)];
        if (others.Count == 0)
            return null;
        var news = _selector.WantsNews ? _news.Estimate(others, _now) : null;
        var chosen = _selector.Select([.. others.Select((peer, i) => ToArm(peer, news?[i]))], _now, _random);
        return chosen < 0 ? null : others[chosen];
    }

    private static PeerArm ToArm(Peer peer, double? expectedNews = null) => new(peer.Address)
    {
        Region = peer.Region,
        Pid = peer.Pid,
        RoundTrip = peer.RoundTrip,
        LastDuration = peer.LastDuration,
        LastSuccess = peer.LastSuccess,
        ExpectedNews = expectedNews,
        IsBusy = peer.HasSession,
        RestsUntil = peer.Backoff.Until,
        IsUnproven = peer.Origin == PeerOrigin.Learned && peer.LastSuccess is null,
    };

    // The same region by name or, where a name is missing, near.
    private bool IsLocal(Peer peer) => _store.Description.Region is { Length: > 0 } own && peer.Region is { Length: > 0 } theirs
        ? own == theirs
        : peer.RoundTrip <= LocalRoundTrip;

    private double? Learn(Peer peer, SyncReport report)
    {
        // A peer without a name stands somewhere else, unless it is near.
        var own = _store.Description.Region ?? "";
        var worth = SessionWorth.From(report, own, IsLocal(peer) ? own : peer.Region ?? "?");
        if (report.IsSuccess && _selector.WantsNews)
        {
            _news.Met(peer, worth.Pulled, _now);
            _news.Retain(_peers);
        }

        _selector.Trim(_peers.Count, key => _peers.Exists(known => known.Address.Endpoint == key));
        var reward = _selector.Judge(ToArm(peer), worth, _now);
        if (reward is not null)
            _memory.Learned(_now);
        return reward;
    }
}
