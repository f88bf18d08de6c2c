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

    /// <summary>Removes a namespace from this store with everything in it: objects, history, and what is known of its replication.</summary>
    /// <param name="name">The namespace.</param>
    /// <returns><see langword="false"/> when there is no such namespace.</returns>
    /// <remarks>
    /// Local: no tombstones are written, other replicas keep theirs, and a replica that still replicates the namespace with this one sends
    /// it again. To delete its objects everywhere use <see cref="HonuNamespace.DeleteRange"/>. The namespace is gone, durably, before its data
    /// are removed in bounded steps; after a kill in between the rest goes in the background once the store is open again. A namespace
    /// of the same name may be written at any time. Snapshots go on showing the old one; other reads that are under way may end early. The store takes a new epoch (see <see cref="StoreIdentity.Replica"/>).
    /// </remarks>
    /// <exception cref="ArgumentException">The name has not 1 to 255 bytes of UTF-8.</exception>
    /// <exception cref="HonuException">The engine refused; nothing more is acknowledged until the store has been reopened.</exception>
    public bool DropNamespace(string name)
    {
        StoreLimits.CheckNamespace(name);
        var existed = _core.Exclusively((_core, name), static args =>
        {
            args._core.ThrowIfUnusable();
            return args._core.Dropper.Begin(args.name);
        });
        _core.Background.FinishDrops();
        return existed;
    }

    /// <summary>Counts what the store holds. Reads every record: the cost grows with the store.</summary>
    public StoreStatistics GetStatistics()
    {
        _core.ThrowIfDisposed();
        return Care.StatisticsCollector.Collect(_core);
    }
}
