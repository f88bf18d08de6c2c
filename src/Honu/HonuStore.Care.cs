namespace Honu;

public sealed partial class HonuStore
{
    /// <summary>Removes index entries that no longer count, then rewrites the engine's files so that removed and overwritten data take no more space.</summary>
    /// <remarks>Reads and writes go on meanwhile, apart from the removal at the beginning, which writers wait for.</remarks>
    /// <exception cref="HonuException">The store was opened for reading only, or a write failed earlier.</exception>
    public void Compact()
    {
        _core.ThrowIfDisposed();
        Writing.StoreOpener.ThrowIfReadOnly(_core);
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

    /// <summary>Reads every record of the store, as it is at the moment of the call, and checks it by itself and against index and vectors. Reads and writes go on meanwhile.</summary>
    /// <param name="options">How; <see langword="null"/> for the defaults.</param>
    /// <param name="cancellationToken">Ends it without a report.</param>
    /// <returns>What was counted, and what is wrong. Damage is reported, not thrown.</returns>
    public VerificationReport Verify(VerifyOptions? options = null, CancellationToken cancellationToken = default)
    {
        _core.ThrowIfDisposed();
        var replica = Identity.Replica;
        using var snapshot = _core.Engine.CreateSnapshot();
        return Care.StoreVerifier.Verify(_core.Engine, snapshot, name => Identity.Replica == replica ? Replication.State(name).Vector : null, options ?? new VerifyOptions(), cancellationToken);
    }

    /// <summary>Verifies a store that nobody has open. Nothing of Honu is written; LevelDB moves what its log holds into a table, as at every opening.</summary>
    /// <param name="path">The store's directory.</param>
    /// <param name="options">How; <see langword="null"/> for the defaults.</param>
    /// <param name="cancellationToken">Ends it without a report.</param>
    /// <returns>What was counted, and what is wrong. A store that is too damaged to be opened has that one problem.</returns>
    /// <exception cref="HonuFormatException">The directory is no Honu store, or one of a format that this build does not know.</exception>
    /// <exception cref="HonuStoreLockedException">The store is open.</exception>
    /// <exception cref="HonuIOException">The disk or the file system refused.</exception>
    public static VerificationReport Verify(string path, VerifyOptions? options = null, CancellationToken cancellationToken = default)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        options ??= new VerifyOptions();
        Care.ClosedStore closed;
        try
        {
            closed = Care.ClosedStore.Open(System.IO.Path.GetFullPath(path), options.Store ?? new HonuStoreOptions());
        }
        catch (HonuCorruptionException error)
        {
            // What keeps it from opening is what was to be found out.
            return Care.StoreVerifier.Unreadable(error, options);
        }

        using (closed)
        using (var snapshot = closed.Engine.CreateSnapshot())
            return Care.StoreVerifier.Verify(closed.Engine, snapshot, liveVector: null, options, cancellationToken);
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
    /// <exception cref="HonuException">The engine refused; nothing more is acknowledged until the engine could be opened again, which the next write tries.</exception>
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
