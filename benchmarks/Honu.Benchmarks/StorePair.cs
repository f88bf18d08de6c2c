using Honu.Cli.Benchmarking;
using Honu.LevelDb;

namespace Honu.Benchmarks;

/// <summary>A Honu store and a bare LevelDB with the same engine options, in a temporary directory.</summary>
internal sealed class StorePair : IDisposable
{
    private static readonly BenchSettings Settings = new();
    private readonly string _directory = Directory.CreateTempSubdirectory("honu-benchmarks-").FullName;

    private StorePair()
    {
        Store = HonuStore.Open(Path.Combine(_directory, "honu"), EngineOptions.ForHonu(Settings, Retention.ParentsOnly));
        Bare = LevelDatabase.Open(Path.Combine(_directory, "bare"), EngineOptions.ForLevelDb(Settings));
    }

    /// <summary>Opens both, empty.</summary>
    public static StorePair Open() => new();

    public HonuStore Store { get; }

    public LevelDatabase Bare { get; }

    public void Dispose()
    {
        Store.Dispose();
        Bare.Dispose();
        Directory.Delete(_directory, recursive: true);
    }
}
