namespace Honu.Simulation;

/// <summary>Watches measured writes spread: counts the replicas that hold each one or a later version of its key.</summary>
internal sealed class PaperVisibility(int keys, int replicas)
{
    private readonly List<Spread>[] _spreading = [.. Enumerable.Range(0, keys).Select(static _ => new List<Spread>())];
    private readonly PaperVersion[] _latest = new PaperVersion[keys];

    /// <summary>Milliseconds until half of the replicas, nine tenths and all held a write.</summary>
    public List<(double Half, double NineTenths, double All)> Times { get; } = [];

    /// <summary>Writes that not every replica holds yet.</summary>
    public int Unseen => _spreading.Sum(static spreading => spreading.Count);

    /// <summary>The latest version of a key anywhere.</summary>
    public PaperVersion Latest(int key) => _latest[key];

    /// <summary>Measures a write that its origin has just stored.</summary>
    public void Begin(int key, PaperVersion version, TimeSpan now) => _spreading[key].Add(new Spread(version, now) { Holders = 1 });

    /// <summary>A replica replaced one version by a later one.</summary>
    public void Stored(int key, PaperVersion before, PaperVersion after, TimeSpan now)
    {
        if (after.IsLaterThan(_latest[key]))
            _latest[key] = after;
        var spreading = _spreading[key];
        for (var i = spreading.Count - 1; i >= 0; i--)
        {
            var spread = spreading[i];
            if (!spread.Version.IsLaterThan(before) || spread.Version.IsLaterThan(after))
                continue;
            spread.Holders++;
            var elapsed = (now - spread.Written).TotalMilliseconds;
            if (spread.Holders == Share(0.5))
                spread.HalfMs = elapsed;
            if (spread.Holders == Share(0.9))
                spread.NineTenthsMs = elapsed;
            if (spread.Holders < replicas)
                continue;
            Times.Add((spread.HalfMs, spread.NineTenthsMs, elapsed));
            spreading.RemoveAt(i);
        }
    }

    private int Share(double share) => (int)Math.Ceiling(replicas * share);

    private sealed class Spread(PaperVersion version, TimeSpan written)
    {
        public PaperVersion Version { get; } = version;

        public TimeSpan Written { get; } = written;

        public int Holders { get; set; }

        public double HalfMs { get; set; }

        public double NineTenthsMs { get; set; }
    }
}
