namespace Honu.Replication;

/// <summary>
/// Estimates how many records a peer has by now that this replica lacks. Three parts: for each origin that its last known vector covers
/// further than ours one record, for certain; its own writes, by the pace at which its own origin advances in our vectors, since we were last
/// level with it; and what it hears from others, by the pace at which sessions with it brought that.
/// </summary>
internal sealed class NewsEstimator(ReplicationPort store)
{
    // What was long ago says little of the present pace.
    private static readonly TimeSpan Memory = TimeSpan.FromMinutes(2);

    private readonly Dictionary<Peer, Pace> _paces = [];

    /// <summary>The estimate for each peer in turn; <see langword="null"/> for one that was not met yet.</summary>
    public double?[] Estimate(IReadOnlyList<Peer> peers, TimeSpan now)
    {
        var vectors = store.Namespaces.ToDictionary(static ns => ns, ns => store.State(ns).Vector, StringComparer.Ordinal);
        return [.. peers.Select(peer => Estimate(peer, vectors, now))];
    }

    /// <summary>A session with a peer has ended well.</summary>
    public void Met(Peer peer, long pulled, TimeSpan now)
    {
        var pace = PaceOf(peer, now);
        var wrote = peer.Replica is { } replica && Look(pace, store.Namespaces.Aggregate(0UL, (mark, ns) => unchecked(mark + store.State(ns).Vector.HighMark(replica))), now);
        pace.Heard.Add(Math.Max(0, wrote ? pulled - 1 : pulled), now - pace.LastMet, Memory);
        pace.LastMet = now;
        pace.LevelSince = now;
    }

    /// <summary>Forgets peers that are gone.</summary>
    public void Retain(IReadOnlyCollection<Peer> peers)
    {
        if (_paces.Count <= 2 * peers.Count)
            return;
        foreach (var gone in _paces.Keys.Where(peer => !peers.Contains(peer)).ToList())
            _paces.Remove(gone);
    }

    private double? Estimate(Peer peer, Dictionary<string, VersionVector> vectors, TimeSpan now)
    {
        if (peer.Replica is not { } replica || peer.LastSuccess is null)
            return null;
        var pace = PaceOf(peer, now);
        ulong ownMark = 0;
        long certain = 0;
        foreach (var (ns, vector) in vectors)
        {
            ownMark = unchecked(ownMark + vector.HighMark(replica));
            if (peer.FindCovered(ns) is { } covered)
                certain += covered.Origins.Count(origin => covered.HighMark(origin) > vector.HighMark(origin));
        }

        Look(pace, ownMark, now);
        return certain + (pace.Own.PerSecond * (now - pace.LevelSince).TotalSeconds) + (pace.Heard.PerSecond * (now - pace.LastMet).TotalSeconds);
    }

    // Its writes also come by way of others: then we are level with it again.
    private static bool Look(Pace pace, ulong ownMark, TimeSpan now)
    {
        var hasAdvanced = ownMark != pace.OwnMark;
        pace.Own.Add(hasAdvanced && pace.OwnMark != 0 ? 1 : 0, now - pace.LastLook, Memory);
        if (hasAdvanced)
            (pace.OwnMark, pace.LevelSince) = (ownMark, now);
        pace.LastLook = now;
        return hasAdvanced;
    }

    private Pace PaceOf(Peer peer, TimeSpan now)
    {
        if (!_paces.TryGetValue(peer, out var pace))
            _paces.Add(peer, pace = new Pace { LastMet = now, LastLook = now, LevelSince = now });
        return pace;
    }

    private sealed class Pace
    {
        public Rate Own { get; } = new();

        public Rate Heard { get; } = new();

        public ulong OwnMark { get; set; }

        public TimeSpan LastMet { get; set; }

        public TimeSpan LastLook { get; set; }

        public TimeSpan LevelSince { get; set; }
    }

    /// <summary>Events per second over about the last two minutes.</summary>
    private sealed class Rate
    {
        private double _events;
        private double _seconds;

        // The second more keeps one event in a moment from looking like a flood.
        public double PerSecond => _events / (_seconds + 1);

        public void Add(long events, TimeSpan elapsed, TimeSpan memory)
        {
            var kept = Math.Exp(-elapsed / memory);
            _events = (_events * kept) + events;
            _seconds = (_seconds * kept) + elapsed.TotalSeconds;
        }
    }
}
