namespace Honu.Cli.Benchmarking;

/// <summary>What the user asked to measure.</summary>
internal sealed record BenchSettings
{
    public int Keys { get; init; } = 50_000;

    public IReadOnlyList<int> ValueSizes { get; init; } = [100, 4096];

    public Durability Durability { get; init; } = Durability.Flushed;

    /// <summary>Each is a store of its own beside LevelDB: its name on the command line, and what it means.</summary>
    public IReadOnlyList<(string Name, Retention Retention)> Retentions { get; init; } = [("parents", Retention.ParentsOnly)];

    /// <summary>Null for Honu's default.</summary>
    public int? HeadCacheEntries { get; init; }

    public Integrity Integrity { get; init; } = Integrity.Full;

    public int Rounds { get; init; } = 5;

    public IReadOnlyList<Workload> Workloads { get; init; } = Workload.All;

    /// <summary>Where the temporary databases are made.</summary>
    public string Directory { get; init; } = Path.GetTempPath();
}
