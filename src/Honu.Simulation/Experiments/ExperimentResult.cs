namespace Honu.Simulation;

/// <summary>What came of one run.</summary>
/// <param name="Scenario">What happened.</param>
/// <param name="Design">How writes spread.</param>
/// <param name="Seed">Seed of the run.</param>
public sealed record ExperimentResult(string Scenario, string Design, int Seed)
{
    /// <summary>Writes that were measured, those among them that some replica never saw.</summary>
    public int Writes { get; init; }

    /// <summary>Writes that some replica could not read at the end, and that are in no figure of visibility.</summary>
    public int Unseen { get; init; }

    /// <summary>From a write to the moment at which the last replica can read it, or a later version of its key; mean over the writes.</summary>
    public double VisibilityMeanMs { get; init; }

    /// <summary>The median of that.</summary>
    public double VisibilityP50Ms { get; init; }

    /// <summary>What 99 of 100 writes do not exceed.</summary>
    public double VisibilityP99Ms { get; init; }

    /// <summary>Until half of the replicas can read a write; mean over the writes.</summary>
    public double T50Ms { get; init; }

    /// <summary>Until nine tenths of the replicas can read a write; mean over the writes.</summary>
    public double T90Ms { get; init; }

    /// <summary>Messages sent, of sessions and rumors together.</summary>
    public long Messages { get; init; }

    /// <summary>Bytes of messages between regions, with their frames.</summary>
    public long BytesCrossRegion { get; init; }

    /// <summary>Bytes of all messages, with their frames.</summary>
    public long BytesTotal { get; init; }

    /// <summary>Share of reads at a random replica and moment that miss a later version that exists elsewhere.</summary>
    public double StaleReadFraction { get; init; }

    /// <summary>Writes that replaced a version which another write had replaced already.</summary>
    public long Forks { get; init; }

    /// <summary>Pushes that a replica makes until a relay that became slow is left, with less than 5 % of the choices from there on; <see langword="null"/> where nothing is pushed, none became slow, or it was not left before the end.</summary>
    public double? RelearnPushes { get; init; }

    /// <summary>From the end of a partition until everything that was written before it ended is visible everywhere; <see langword="null"/> without a partition.</summary>
    public double? HealMs { get; init; }

    /// <summary>The least mean visibility when writes go straight to every replica; 0 where there is none. Where several write to one key, a later write from nearer by makes an earlier one visible.</summary>
    public double DirectBoundMs { get; init; }

    /// <summary>The same with one message per region.</summary>
    public double RelayBoundMs { get; init; }

    /// <summary>Quantiles of the visibility, in steps of one hundredth from 0 to 1: 101 values, none when nothing was written.</summary>
    public IReadOnlyList<double> VisibilityQuantilesMs { get; init; } = [];

    /// <summary>What was sent between each two regions, within each one too.</summary>
    public IReadOnlyList<RegionTraffic> Traffic { get; init; } = [];

    /// <summary>How often replicas of one region chose a peer in another one.</summary>
    public IReadOnlyList<ArmWeight> ArmWeights { get; init; } = [];

    /// <summary>The mean reward of choices over time, in buckets of 5 s.</summary>
    public IReadOnlyList<RewardPoint> Rewards { get; init; } = [];

    /// <summary>Forks that each region took part in, and that its write won.</summary>
    public IReadOnlyList<ForkShare> ForkShares { get; init; } = [];
}

/// <summary>What one region sent to another one.</summary>
/// <param name="From">The sender's region.</param>
/// <param name="To">The receiver's region.</param>
/// <param name="Messages">How many messages.</param>
/// <param name="Bytes">How many bytes, with frames.</param>
public sealed record RegionTraffic(string From, string To, long Messages, long Bytes);

/// <summary>How often replicas of one region chose a peer in another one, as a share of the choices of the first region.</summary>
/// <param name="From">Who chose.</param>
/// <param name="To">Whom.</param>
/// <param name="Share">The share, from 0 to 1.</param>
public sealed record ArmWeight(string From, string To, double Share);

/// <summary>The mean reward of some time.</summary>
/// <param name="Seconds">Begin of the bucket, from the begin of the simulation.</param>
/// <param name="Reward">The mean of its rewards.</param>
public sealed record RewardPoint(double Seconds, double Reward);

/// <summary>How a region fared in forks.</summary>
/// <param name="Region">The region.</param>
/// <param name="TookPart">Forks with a write of this region.</param>
/// <param name="Won">Those that its write won.</param>
public sealed record ForkShare(string Region, long TookPart, long Won);
