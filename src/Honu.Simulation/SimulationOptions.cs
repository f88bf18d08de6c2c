using Honu.Replication;

namespace Honu.Simulation;

/// <summary>What is simulated. Everything random follows from <see cref="Seed"/>.</summary>
public sealed record SimulationOptions
{
    /// <summary>Seed of every random choice.</summary>
    /// <value>Default 1.</value>
    public int Seed { get; init; } = 1;

    /// <summary>How many replicas; each knows all others, unless <see cref="OneSeed"/>.</summary>
    /// <value>Default 5.</value>
    public int Replicas { get; init; } = 5;

    /// <summary>Each replica is configured with the address of the first one only: they learn of each other.</summary>
    /// <value>Default <see langword="false"/>.</value>
    public bool OneSeed { get; init; }

    /// <summary>Shortest time that a message takes.</summary>
    /// <value>Default 1 ms.</value>
    public TimeSpan MinLatency { get; init; } = TimeSpan.FromMilliseconds(1);

    /// <summary>Longest time that a message takes; between the two, each message takes another one.</summary>
    /// <value>Default 80 ms.</value>
    public TimeSpan MaxLatency { get; init; } = TimeSpan.FromMilliseconds(80);

    /// <summary>Probability that a packet is lost. Without <see cref="Network"/> it breaks its link: it and everything behind it are lost.</summary>
    /// <value>Default 0.</value>
    public double Loss { get; init; }

    /// <summary>Clocks are ahead or behind by up to this.</summary>
    /// <value>Default 0.</value>
    public TimeSpan MaxSkew { get; init; }

    /// <summary>Clocks show multiples of this.</summary>
    /// <value>Default 0: as fine as time itself.</value>
    public TimeSpan ClockStep { get; init; }

    /// <summary>How versions are counted.</summary>
    /// <value>Default <see cref="VersionClock.Hybrid"/>.</value>
    public VersionClock Clock { get; init; }

    /// <summary>How often deletions that every replica holds are purged.</summary>
    /// <value>Default 10 s.</value>
    public TimeSpan PurgeInterval { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Records in a chunk. Small ones make streams that can break in the middle.</summary>
    /// <value>Default 3.</value>
    public int ChunkRecords { get; init; } = 3;

    /// <summary>What each replica subscribes to.</summary>
    /// <value>Default none: all namespaces.</value>
    public IReadOnlyList<string> Subscriptions { get; init; } = [];

    /// <summary>A network between regions with connections like TCP's, in place of <see cref="MinLatency"/>, <see cref="MaxLatency"/> and links that break.</summary>
    /// <value>Default <see langword="null"/>.</value>
    public NetworkOptions? Network { get; init; }

    /// <summary>Changes the options of each replica's store, by its place in the cluster.</summary>
    internal Func<int, HonuStoreOptions, HonuStoreOptions>? ConfigureStore { get; init; }

    /// <summary>Changes the options of each replica's replication.</summary>
    internal Func<int, ReplicaOptions, ReplicaOptions>? ConfigureReplica { get; init; }

    internal PlantedFaults Faults { get; init; }
}
