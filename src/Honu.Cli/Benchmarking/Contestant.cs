using Honu.LevelDb;

namespace Honu.Cli.Benchmarking;

/// <summary>A database that takes part.</summary>
/// <param name="Engine">Its name in the results.</param>
/// <param name="Retention">How much history it keeps; null for one that keeps none.</param>
/// <param name="Open">Opens it in a new directory.</param>
/// <param name="DoesNot">What it does not do that Honu does, said beside its figures; null where nothing needs to be said.</param>
internal sealed record Contestant(string Engine, string? Retention, Func<string, IBenchEngine> Open, string? DoesNot = null)
{
    /// <summary>Bare LevelDB first, the one that the others are divided by, then Honu once for each retention.</summary>
    public static IReadOnlyList<Contestant> LevelDbAndHonu(BenchSettings settings)
    {
        var levelDb = EngineOptions.ForLevelDb(settings);
        var bare = new Contestant("leveldb", null, path => new LevelDbBenchEngine(LevelDatabase.Open(path, levelDb), settings.Durability == Durability.Synced));
        return
        [
            bare,
            .. settings.Retentions.Select(item => new Contestant(
                "honu", item.Name, path => new HonuBenchEngine(HonuStore.Open(path, EngineOptions.ForHonu(settings, item.Retention))))),
        ];
    }
}
