namespace Honu.Simulation;

/// <summary>One run of one design in one scenario. Equal options give equal results.</summary>
public sealed record ExperimentOptions
{
    /// <summary>What happens; one of <see cref="Scenarios.Names"/>.</summary>
    /// <value>Default <see cref="Scenarios.Light"/>.</value>
    public string Scenario { get; init; } = Scenarios.Light;

    /// <summary>How writes spread: <c>region-relay</c>, or a selector of sessions as <c>NAME[:PARAMETER][@REWARD]</c>.</summary>
    /// <value>Default <c>uniform</c>.</value>
    public string Design { get; init; } = "uniform";

    /// <summary>Seed of every random choice.</summary>
    /// <value>Default 1.</value>
    public int Seed { get; init; } = 1;

    /// <summary>The regions and how far they are from each other.</summary>
    /// <value>Default <see cref="LatencyMatrix.Default"/>.</value>
    public LatencyMatrix Latency { get; init; } = LatencyMatrix.Default;

    /// <summary>How many replicas stand in each region.</summary>
    /// <value>Default <see langword="null"/>: 3, in <see cref="Scenarios.Scale"/> 40.</value>
    public int? ReplicasPerRegion { get; init; }

    /// <summary>How many replicas of each region write.</summary>
    /// <value>Default 1.</value>
    public int WritersPerRegion { get; init; } = 1;

    /// <summary>Runs before anything is measured.</summary>
    /// <value>Default <see langword="null"/>: 60 s, in <see cref="Scenarios.Paper"/> 4 minutes under load.</value>
    public TimeSpan? WarmUp { get; init; }

    /// <summary>How long is measured.</summary>
    /// <value>Default 300 s.</value>
    public TimeSpan Duration { get; init; } = TimeSpan.FromSeconds(300);

    /// <summary>Time from one write of a writer to its next one.</summary>
    /// <value>Default <see langword="null"/>: 4 s, in <see cref="Scenarios.Load"/> 100 ms.</value>
    public TimeSpan? WriteInterval { get; init; }

    /// <summary>Whether writes come at random times, as those of many independent users do (a Poisson process), with <see cref="WriteInterval"/> as their mean distance.</summary>
    /// <value>Default <see langword="false"/>: always the same distance.</value>
    public bool WritesAtRandom { get; init; }

    /// <summary>Probability that a packet is lost on its way between two machines.</summary>
    /// <value>Default <see langword="null"/>: 0, in <see cref="Scenarios.Loss"/> 0.2, in <see cref="Scenarios.Chaos"/> 0.01.</value>
    public double? Loss { get; init; }

    /// <summary>Whether replicas are told in which region they stand.</summary>
    /// <value>Default <see langword="true"/>. Without it they find out by themselves who is near.</value>
    public bool NamesRegions { get; init; } = true;

    /// <summary>From the end of a session to the begin of the next one, for designs of sessions.</summary>
    /// <value>Default 125 ms, as the paper has it.</value>
    public TimeSpan SessionPause { get; init; } = TimeSpan.FromMilliseconds(125);

    /// <summary>Whether connections are kept for the next session with the same peer; otherwise each session dials.</summary>
    /// <value>Default <see langword="null"/>: <see langword="true"/>, in <see cref="Scenarios.Paper"/> <see langword="false"/>.</value>
    public bool? KeepsConnections { get; init; }

    /// <summary>Each packet takes longer by up to this share of its latency.</summary>
    /// <value>Default <see langword="null"/>: 0, in <see cref="Scenarios.Chaos"/> 0.2.</value>
    public double? Jitter { get; init; }

    /// <summary>What a machine can send in a second.</summary>
    /// <value>Default <see langword="null"/>: any amount.</value>
    public long? BytesPerSecond { get; init; }

    /// <summary>Clocks are ahead or behind by up to this.</summary>
    /// <value>Default <see langword="null"/>: 0, in <see cref="Scenarios.Chaos"/> 1 s.</value>
    public TimeSpan? MaxSkew { get; init; }

    /// <summary>Clocks show multiples of this.</summary>
    /// <value>Default 0: as fine as time itself.</value>
    public TimeSpan ClockStep { get; init; }

    /// <summary>How versions are counted.</summary>
    /// <value>Default <see cref="VersionClock.Hybrid"/>.</value>
    public VersionClock Clock { get; init; }

    /// <summary>Bytes of a value.</summary>
    /// <value>Default 64.</value>
    public int ValueBytes { get; init; } = 64;
}
