namespace Honu.Simulation;

/// <summary>What the replicas of the published experiment share: time, chance, the network between them and the books on it.</summary>
internal sealed class PaperWorld(ExperimentOptions options, TimeSpan warmUp, int replicasPerRegion, int keys)
{
    /// <summary>What one client writes when nothing holds it back. The scalars that the authors published, 1.4 million after four minutes, are of this size.</summary>
    public const double LoadWritesPerMs = 6;

    private const int RewardBucketSeconds = 5;

    // The published times of sessions hold about half a millisecond of work for each message; the matrix is what is left after it.
    private static readonly TimeSpan Handling = TimeSpan.FromMilliseconds(0.5);

    // Of the latency; around the same mean. Real links differ from one message to the next, and without it two peers of equal worth stay equal for ever.
    private const double Jitter = 0.05;

    private readonly LatencyMatrix _latency = options.Latency;
    private readonly long[] _messages = new long[options.Latency.Regions.Count * options.Latency.Regions.Count];
    private readonly long[] _bytes = new long[options.Latency.Regions.Count * options.Latency.Regions.Count];
    private readonly long[] _choices = new long[options.Latency.Regions.Count * options.Latency.Regions.Count];
    private readonly SortedDictionary<int, (double Sum, long Count)> _rewards = [];

    public VirtualTime Time { get; } = new();

    public Random Random { get; } = RandomStreams.Of(options.Seed, RandomStream.Cluster);

    public int Keys { get; } = keys;

    public int ValueBytes { get; } = options.ValueBytes;

    public TimeSpan Pause { get; } = options.SessionPause;

    public TimeSpan WarmUp { get; } = warmUp;

    public PaperVisibility Visibility { get; } = new(keys, options.Latency.Regions.Count * replicasPerRegion);

    public bool IsMeasuring => Time.Now >= WarmUp && Time.Now < WarmUp + options.Duration;

    /// <summary>Opens a connection for one session: a round trip of TCP, and half of one until the settings of HTTP/2 are there.</summary>
    public void Dial(PaperReplica from, PaperReplica to, Action open) => Time.After(options.KeepsConnections == true ? TimeSpan.Zero : 3 * OneWay(from, to), open);

    public void Send(PaperReplica from, PaperReplica to, int bytes, Action arrived)
    {
        if (IsMeasuring)
        {
            _messages[Pair(from, to)]++;
            _bytes[Pair(from, to)] += bytes;
        }

        Time.After(OneWay(from, to) + Handling, arrived);
    }

    public void Chosen(PaperReplica from, PaperReplica to)
    {
        if (IsMeasuring)
            _choices[Pair(from, to)]++;
    }

    public void Rewarded(double reward)
    {
        if (Time.Now >= WarmUp + options.Duration)
            return;
        var bucket = (int)Time.Now.TotalSeconds / RewardBucketSeconds;
        var (sum, count) = _rewards.GetValueOrDefault(bucket);
        _rewards[bucket] = (sum + reward, count + 1);
    }

    /// <summary>The result as far as the network tells it.</summary>
    public ExperimentResult Result() => new(options.Scenario, options.Design, options.Seed)
    {
        Messages = _messages.Sum(),
        BytesTotal = _bytes.Sum(),
        BytesCrossRegion = Pairs().Where(static pair => pair.From != pair.To).Sum(pair => _bytes[pair.Index]),
        Traffic = [.. Pairs().Select(pair => new RegionTraffic(pair.From, pair.To, _messages[pair.Index], _bytes[pair.Index])).Where(static pair => pair.Messages > 0)],
        ArmWeights = [.. Pairs().Select(pair => new ArmWeight(pair.From, pair.To, ShareOfChoices(pair.Index))).Where(static arm => arm.Share > 0)],
        Rewards = [.. _rewards.Select(static bucket => new RewardPoint(bucket.Key * RewardBucketSeconds, bucket.Value.Sum / bucket.Value.Count))],
    };

    private TimeSpan OneWay(PaperReplica from, PaperReplica to)
    {
        var ms = _latency.OneWayMs(from.Index / replicasPerRegion, to.Index / replicasPerRegion);
        return TimeSpan.FromMilliseconds(ms * (1 - Jitter - (Jitter * Math.Log(1 - Random.NextDouble()))));
    }

    private double ShareOfChoices(int pair)
    {
        var regions = _latency.Regions.Count;
        var all = _choices.AsSpan(pair / regions * regions, regions);
        var sum = 0L;
        foreach (var count in all)
            sum += count;
        return sum == 0 ? 0 : (double)_choices[pair] / sum;
    }

    private int Pair(PaperReplica from, PaperReplica to) => (from.Index / replicasPerRegion * _latency.Regions.Count) + (to.Index / replicasPerRegion);

    private IEnumerable<(string From, string To, int Index)> Pairs() =>
        from a in Enumerable.Range(0, _latency.Regions.Count)
        from b in Enumerable.Range(0, _latency.Regions.Count)
        select (_latency.Regions[a], _latency.Regions[b], (a * _latency.Regions.Count) + b);
}
