namespace Honu.Simulation;

/// <summary>A network between regions, with connections that behave like TCP. What changes while a simulation runs is in <see cref="NetworkFaults"/>.</summary>
public sealed record NetworkOptions
{
    /// <summary>The regions and how far they are from each other.</summary>
    /// <value>Default <see cref="LatencyMatrix.Default"/>.</value>
    public LatencyMatrix Latency { get; init; } = LatencyMatrix.Default;

    /// <summary>How many replicas stand in each region: the first so many in the first one, and so on.</summary>
    /// <value>Default 3.</value>
    public int ReplicasPerRegion { get; init; } = 3;

    /// <summary>Each packet takes longer by up to this share of its latency.</summary>
    /// <value>Default 0.</value>
    public double Jitter { get; init; }

    /// <summary>Probability that a message that belongs to no session arrives twice. Connections hide duplicates.</summary>
    /// <value>Default 0.</value>
    public double Duplication { get; init; }

    /// <summary>Probability that a message that belongs to no session is late by up to <see cref="ReorderingDelay"/>, so that others overtake it. Connections keep their order.</summary>
    /// <value>Default 0.</value>
    public double Reordering { get; init; }

    /// <summary>How late such a message is at most.</summary>
    /// <value>Default 50 ms.</value>
    public TimeSpan ReorderingDelay { get; init; } = TimeSpan.FromMilliseconds(50);

    /// <summary>What a machine can send in a second, to all others together: what exceeds it waits.</summary>
    /// <value>Default <see langword="null"/>: any amount.</value>
    public long? BytesPerSecond { get; init; }

    /// <summary>Round trips that it takes to make a connection.</summary>
    /// <value>Default 1.5, as in the published experiment.</value>
    public double DialRoundTrips { get; init; } = 1.5;

    /// <summary>Whether a connection is kept for the next session with the same peer.</summary>
    /// <value>Default <see langword="true"/>, as the host does; otherwise each session dials.</value>
    public bool KeepsConnections { get; init; } = true;

    /// <summary>The shortest time after which a packet that was lost is sent again, beside the round trip; doubles with each further loss.</summary>
    /// <value>Default 200 ms, the least that Linux takes.</value>
    public TimeSpan RetransmissionTimeout { get; init; } = TimeSpan.FromMilliseconds(200);

    /// <summary>How long making a connection may take before it is given up.</summary>
    /// <value>Default 5 s, as the host has it.</value>
    public TimeSpan ConnectTimeout { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>How long a packet may stay on its way before its connection is taken for dead.</summary>
    /// <value>Default 15 s: the host's ping after 10 s, and 5 s for its answer.</value>
    public TimeSpan DeadAfter { get; init; } = TimeSpan.FromSeconds(15);
}
