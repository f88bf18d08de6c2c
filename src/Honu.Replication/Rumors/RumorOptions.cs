namespace Honu.Replication;

/// <summary>Pace, limits and patience of rumors.</summary>
public sealed record RumorOptions
{
    // One in a hundred seconds: what is longer is a mistake, and no time to reckon with.
    private const double LeastRate = 0.01;

    /// <summary>How long the first write after a quiet time waits for others that may follow it.</summary>
    /// <value>Default 2 ms.</value>
    public TimeSpan FlushDelay { get; init; } = TimeSpan.FromMilliseconds(2);

    /// <summary>Least time between two flushes.</summary>
    /// <value>Default 20 ms.</value>
    public TimeSpan FlushInterval { get; init; } = TimeSpan.FromMilliseconds(20);

    /// <summary>Pushes to other regions a second, over time. Shorter of them, writes wait and only the latest of each key is sent. More: fresher replicas, more bytes between regions.</summary>
    /// <value>Default 14: one flush a second to fourteen regions.</value>
    public double CrossRegionRate { get; init; } = 14;

    /// <summary>How many pushes to other regions may be made at once after a quiet time.</summary>
    /// <value>Default 112: eight flushes to fourteen regions.</value>
    public int CrossRegionBurst { get; init; } = 112;

    /// <summary>How many neighbours one replica pushes to; in larger regions each of them hands on to a part of the others.</summary>
    /// <value>Default 8.</value>
    public int FanOut { get; init; } = 8;

    /// <summary>How many replicas of another region one replica tries as relays, where there are more. Fewer: all are sooner known and connected; more: a wider choice. Each replica tries other ones, and in place of those that answer badly or not at all the next.</summary>
    /// <value>Default 6.</value>
    public int RelayCandidates { get; init; } = 6;

    /// <summary>Pushes to one neighbour a second, over time; also the flushes of own writes. Fewer: larger batches under load, and writes that wait for them.</summary>
    /// <value>Default 10.</value>
    public double LocalRate { get; init; } = 10;

    /// <summary>How many pushes to one neighbour may be made at once after a quiet time.</summary>
    /// <value>Default 20.</value>
    public int LocalBurst { get; init; } = 20;

    /// <summary>Records in one rumor. What is more is left to sessions.</summary>
    /// <value>Default 2,048.</value>
    public int MaxRecords { get; init; } = 2048;

    /// <summary>Bytes that wait for one destination, or travel in one batch. What is more is left to sessions.</summary>
    /// <value>Default 512 KiB.</value>
    public int MaxBytes { get; init; } = 512 * 1024;

    /// <summary>Every fault, each a sentence that names the value found and what is allowed; empty when there is none.</summary>
    public IReadOnlyList<string> Validate()
    {
        var failures = new List<string>();
        if (FlushDelay < TimeSpan.Zero || FlushInterval < FlushDelay || FlushInterval > TimeSpan.FromMinutes(1))
            failures.Add($"FlushDelay ({FlushDelay}) and FlushInterval ({FlushInterval}) must be between 0 and a minute, the first not above the second.");
        if (!(CrossRegionRate is >= LeastRate and <= 1e6) || CrossRegionBurst < 1)
            failures.Add($"CrossRegionRate ({CrossRegionRate}) must be at least {LeastRate} and CrossRegionBurst ({CrossRegionBurst}) at least 1.");
        if (!(LocalRate is >= LeastRate and <= 1e6) || LocalBurst < 1)
            failures.Add($"LocalRate ({LocalRate}) must be at least {LeastRate} and LocalBurst ({LocalBurst}) at least 1.");
        if (FanOut is < 1 or > 1024)
            failures.Add($"FanOut ({FanOut}) must be between 1 and 1,024.");
        if (RelayCandidates is < 1 or > 1024)
            failures.Add($"RelayCandidates ({RelayCandidates}) must be between 1 and 1,024.");
        if (MaxRecords is < 1 or > 65536)
            failures.Add($"MaxRecords ({MaxRecords}) must be between 1 and 65,536.");
        if (MaxBytes is < 1024 or > 1024 * 1024)
            failures.Add($"MaxBytes ({MaxBytes}) must be between 1 KiB and 1 MiB.");
        return failures;
    }
}
