namespace Honu;

public sealed partial class HonuStore
{
    /// <summary>Removes index entries that no longer count, then rewrites the engine's files so that removed and overwritten data take no more space.</summary>
    /// <remarks>Reads and writes go on meanwhile, apart from the removal at the beginning, which writers wait for.</remarks>
    public void Compact()
    {
        _core.Exclusively(_core, static core =>
        {
            core.ThrowIfUnusable();
            return Writing.IndexScrubber.RemoveStale(core);
        });
        _core.Engine.Compact();
    }

    /// <summary>Does one bounded step of what otherwise waits for <see cref="HonuStoreOptions.MaintenanceInterval"/>.</summary>
    /// <returns>Whether more waits.</returns>
    public bool RunMaintenance()
    {
        _core.ThrowIfDisposed();
        return _core.Background.Step();
    }

    /// <summary>Counts what the store holds. Reads every record: the cost grows with the store.</summary>
    public StoreStatistics GetStatistics()
    {
        _core.ThrowIfDisposed();
        return Care.StatisticsCollector.Collect(_core);
    }
}
