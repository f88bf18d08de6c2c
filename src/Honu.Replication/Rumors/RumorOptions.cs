namespace Honu.Replication;

/// <summary>Pace, limits and patience of rumors.</summary>
public sealed record RumorOptions
{
    /// <summary>How long the first write after a quiet time waits for others that may follow it.</summary>
    /// <value>Default 2 ms.</value>
    public TimeSpan FlushDelay { get; init; } = TimeSpan.FromMilliseconds(2);

    /// <summary>Least time between two flushes.</summary>
    /// <value>Default 20 ms.</value>
    public TimeSpan FlushInterval { get; init; } = TimeSpan.FromMilliseconds(20);

    /// <summary>Pushes to other regions a second, over time. Shorter of them, writes wait and only the latest of each key is sent. More: fresher replicas, more bytes between regions.</summary>
    /// <value>Default 20.</value>
    public double CrossRegionRate { get; init; } = 20;

    /// <summary>How many pushes to other regions may be made at once after a quiet time.</summary>
    /// <value>Default 112: eight flushes to fourteen regions.</value>
    public int CrossRegionBurst { get; init; } = 112;

    /// <summary>How many neighbours one replica pushes to; in larger regions each of them hands on to a part of the others.</summary>
    /// <value>Default 8.</value>
    public int FanOut { get; init; } = 8;
}
