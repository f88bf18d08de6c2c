using Honu.Cli.Benchmarking;

namespace Honu.PeerBenchmarks;

/// <summary>The embedded databases that a .NET developer would pick instead of Honu, with what each of them leaves out.</summary>
internal static class Peers
{
    private const string NotInLevelDb = "versions, history, replication, compare-and-put, namespaces";

    private const string NotInSqlite = "versions, history, replication, more than one writer, block checksums, filters for missing keys";

    // Seen in its system calls: each commit ends with a sync, whatever is asked for.
    private const string NotInLiteDb = "versions, history, replication, checksums, filters for missing keys; cannot leave out the sync of a write, so with \"flushed\" it promises more than the others";

    private const string NotInZoneTree = "versions, history, replication, snapshots; keeps the latest million entries on the garbage-collected heap, so that few keys are all read from memory";

    /// <summary>Bare LevelDB and Honu as <c>honu bench</c> has them, then the others at the same durability.</summary>
    public static IReadOnlyList<Contestant> All(BenchSettings settings)
    {
        var sync = settings.Durability == Durability.Synced;
        var cacheBytes = EngineOptions.ForHonu(settings, default).BlockCacheBytes;
        return
        [
            .. Contestant.LevelDbAndHonu(settings).Select(static item => item with { DoesNot = item.Retention is null ? NotInLevelDb : null }),
            new("sqlite", null, path => new SqliteBenchEngine(path, sync, cacheBytes), NotInSqlite),
            new("litedb", null, static path => new LiteDbBenchEngine(path), NotInLiteDb),
            new("zonetree", null, path => new ZoneTreeBenchEngine(path, sync), NotInZoneTree),
        ];
    }
}
