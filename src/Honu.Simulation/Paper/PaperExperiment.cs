namespace Honu.Simulation;

/// <summary>
/// The experiment of Bengfort, Xirogiannopoulos and Keleher, "Anti-Entropy Bandits for Geo-Replicated Consistency" (ICDCS 2018), as its published
/// code and configuration ran it. The exchange and the stores are small models (<see cref="PaperReplica"/>, <see cref="PaperStore"/>); selectors and
/// the reward are the product's own, without their guards.
/// </summary>
/// <remarks>
/// One client in each region writes to a key of its own: for four minutes as fast as it can, then once every four seconds, and these writes are
/// measured. Without the load first, sessions that find nothing teach the selectors that all peers are worth nothing.
/// </remarks>
public static class PaperExperiment
{
    private const int ProgressSteps = 100;

    // After the last write, for as long as it takes; a bound in case a selector never meets someone.
    private static readonly TimeSpan LongestTail = TimeSpan.FromMinutes(5);

    /// <summary>How long replicas are under load before the measurement, unless the options say otherwise.</summary>
    /// <value>4 minutes.</value>
    public static TimeSpan UsualWarmUp { get; } = TimeSpan.FromMinutes(4);

    /// <summary>How long the authors measured: their published results hold 1,800 writes, 120 of each region, one every 4 s.</summary>
    /// <value>8 minutes.</value>
    public static TimeSpan UsualDuration { get; } = TimeSpan.FromMinutes(8);

    /// <summary>What the authors measured, in the order of their table.</summary>
    public static IReadOnlyList<PaperFigure> Published { get; } =
    [
        new("uniform", 2358), new("epsilon-greedy:0.1", 1943), new("epsilon-greedy:0.2", 1905), new("epsilon-greedy:0.5", 1873), new("annealing-epsilon-greedy", 1885),
    ];

    /// <summary>Runs one strategy with one seed.</summary>
    /// <exception cref="ArgumentException">The design is no selector, its name or parameter is unknown, or an option is out of its range.</exception>
    public static ExperimentResult Run(ExperimentOptions options, IProgress<double>? progress = null, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(options);
        new ScenarioPlan(options).ThrowIfInvalid();
        var warmUp = options.WarmUp ?? UsualWarmUp;
        var perRegion = options.ReplicasPerRegion ?? 3;
        var writers = options.WritersPerRegion;
        var world = new PaperWorld(options, warmUp, perRegion, options.Latency.Regions.Count * writers);
        List<PaperReplica> replicas =
        [
            .. Enumerable.Range(0, options.Latency.Regions.Count * perRegion).Select(index => new PaperReplica(index, options.Latency.Regions[index / perRegion], options.Design, world)
            {
                OwnKey = index % perRegion < writers ? (index / perRegion * writers) + (index % perRegion) : null,
            }),
        ];
        var interval = options.WriteInterval ?? TimeSpan.FromSeconds(4);
        foreach (var replica in replicas)
        {
            replica.Meet(replicas);
            world.Time.After(world.Random.NextDouble() * world.Pause, replica.BeginSession);
            if (replica.OwnKey is { } key)
                world.Time.At(warmUp + (world.Random.NextDouble() * interval), () => Write(replica, key));
        }

        var reads = new StaleReads(world.Time, RandomStreams.Of(options.Seed, RandomStream.Reads));
        reads.Begin(warmUp, warmUp + options.Duration, Read);
        PassTime(world, warmUp + options.Duration, progress, cancellation);
        return Figures(world, reads);

        void Write(PaperReplica replica, int key)
        {
            var version = replica.Store.Write(key, world.Time.Now);
            world.Visibility.Begin(key, version, world.Time.Now);
            if (world.Time.Now + interval < warmUp + options.Duration)
                world.Time.After(interval, () => Write(replica, key));
        }

        bool? Read(Random random)
        {
            var store = replicas[random.Next(replicas.Count)].Store;
            var key = random.Next(store.Keys);
            return world.Visibility.Latest(key).IsLaterThan(store[key]);
        }
    }

    private static void PassTime(PaperWorld world, TimeSpan end, IProgress<double>? progress, CancellationToken cancellation)
    {
        for (var step = 1; step <= ProgressSteps; step++)
        {
            cancellation.ThrowIfCancellationRequested();
            world.Time.RunUntil(end * step / ProgressSteps);
            progress?.Report((double)step / ProgressSteps);
        }

        while (world.Visibility.Unseen > 0 && world.Time.Now < end + LongestTail)
        {
            cancellation.ThrowIfCancellationRequested();
            world.Time.RunUntil(world.Time.Now + TimeSpan.FromSeconds(1));
        }
    }

    private static ExperimentResult Figures(PaperWorld world, StaleReads reads)
    {
        var result = world.Result() with { Unseen = world.Visibility.Unseen, Writes = world.Visibility.Times.Count + world.Visibility.Unseen, StaleReadFraction = reads.Share };
        var times = world.Visibility.Times;
        if (times.Count == 0)
            return result;
        var visibility = new Distribution(times.Select(static time => time.All));
        return result with
        {
            VisibilityMeanMs = visibility.Mean,
            VisibilityP50Ms = visibility.Quantile(0.5),
            VisibilityP99Ms = visibility.Quantile(0.99),
            T50Ms = times.Average(static time => time.Half),
            T90Ms = times.Average(static time => time.NineTenths),
            VisibilityQuantilesMs = visibility.Quantiles(),
        };
    }
}

/// <summary>A figure that the authors of the experiment published.</summary>
/// <param name="Design">The strategy, by Honu's name for it.</param>
/// <param name="VisibilityMeanMs">The mean visibility latency.</param>
public sealed record PaperFigure(string Design, double VisibilityMeanMs);
