using Honu.Digests;
using Honu.Engines;
using Honu.Format;
using Honu.History;
using Honu.Lookup;

namespace Honu.Writing;

/// <summary>What everything inside one open store shares. The members that change are for the committing thread only.</summary>
internal sealed partial class StoreCore
{
    private readonly List<StagedWrite> _staged = [];
    private readonly List<(NamespaceState State, VersionVector Vector)> _joins = [];
    private readonly List<(NamespaceState State, FrontierRecord Frontier)> _frontiers = [];
    private readonly long[] _updates = new long[Enum.GetValues<UpdateKind>().Length];
    private readonly byte[] _hashSecrets;
    private readonly StoreRecovery _recovery;
    private Exception? _failure;
    private StoreIdentity? _nextIdentity;

    public StoreCore(string path, IStorageEngine engine, HonuStoreOptions options, StoreIdentity identity, IVersionClock clock, NamespaceTable namespaces, byte[] hashSecrets)
    {
        Path = path;
        Engine = engine;
        Options = options;
        Identity = identity;
        Clock = clock;
        Namespaces = namespaces;
        Hash = new KeyHash(hashSecrets);
        _hashSecrets = hashSecrets;
        Heads = new HeadCache(Hash, options.HeadCacheEntries);
        Presence = new KeyPresence(engine, Hash, Math.Max(options.PresenceFilterBitsPerKey, 1));
        Lease = new ClockLease(clock, clock.Last);
        Batch = engine.CreateBatch();
        History = new HistoryStore(this);
        Pruner = new HistoryPruner(this);
        Trimmer = new IndexTrimmer(this);
        Expiry = new ExpirySweeper(this);
        Dropper = new NamespaceDropper(this);
        Background = new BackgroundWork(this);
        _recovery = new StoreRecovery(this);
        Writer = new StoreWriter(this);
        Applier = new Applying.RemoteApplier(this);
        Changes = new Watching.ChangeFeed(this);
        Waits = new Consistency.CausalWaits(this);
        Conflicts = new Applying.ConflictStore(this);
        Settler = new Applying.ConflictSettler(this);
        Digests = new StoreDigests(this);
        Reissuer = new Applying.Reissuer(this);
        Remover = new Purging.KeyRemover(this);
        Streams = new Reconciling.FullStreams(this);
        Reconcile = new Reconciling.ReconcileJoin(this);
        Purger = new Purging.TombstonePurger(this);
        Held = new Deferring.HeldRecords(this);
    }

    public string Path { get; }

    public IStorageEngine Engine { get; }

    public HonuStoreOptions Options { get; }

    /// <summary>Who the store is. Changes only when a new epoch begins.</summary>
    public StoreIdentity Identity { get; private set; }

    public IVersionClock Clock { get; }

    public ClockLease Lease { get; }

    public NamespaceTable Namespaces { get; }

    public CommitQueue Queue { get; } = new();

    public KeyHash Hash { get; }

    public HeadCache Heads { get; }

    public KeyPresence Presence { get; }

    public EngineBatch Batch { get; }

    public RecordWriter Records { get; } = new();

    /// <summary>Room for the value of an index entry.</summary>
    public byte[] IndexScratch { get; } = new byte[IndexEntry.MaxValueBytes];

    public ReplicaDictionary Replicas { get; } = new();

    public HistoryStore History { get; }

    public HistoryPruner Pruner { get; }

    public IndexTrimmer Trimmer { get; }

    public ExpirySweeper Expiry { get; }

    public NamespaceDropper Dropper { get; }

    public BackgroundWork Background { get; }

    public StoreWriter Writer { get; }

    public Applying.RemoteApplier Applier { get; }

    /// <summary>Who waits for changes.</summary>
    public Watching.ChangeFeed Changes { get; }

    /// <summary>Who waits for writes of other replicas.</summary>
    public Consistency.CausalWaits Waits { get; }

    public Applying.ConflictStore Conflicts { get; }

    public Applying.ConflictSettler Settler { get; }

    public StoreDigests Digests { get; }

    /// <summary>Writes late outsiders again (R8).</summary>
    public Applying.Reissuer Reissuer { get; }

    /// <summary>Takes keys away for good.</summary>
    public Purging.KeyRemover Remover { get; }

    /// <summary>Full streams that are being received.</summary>
    public Reconciling.FullStreams Streams { get; }

    /// <summary>Forgets deletions that everybody knows. For one thread at a time, which is none of the committing thread's.</summary>
    public Purging.TombstonePurger Purger { get; }

    /// <summary>Ends full streams.</summary>
    public Reconciling.ReconcileJoin Reconcile { get; }

    /// <summary>What was received and is no object.</summary>
    public Deferring.HeldRecords Held { get; }

    public PlantedFaults Faults => Options.Faults;

    /// <summary>Whether own writes that others replace are remembered.</summary>
    public bool KeepsReplacedWrites { get; set; }

    public bool IsDisposed { get; private set; }

    /// <summary>Raised after each commit of local writes, outside of the queue.</summary>
    public event EventHandler? LocalCommitted;

    public void NotifyLocalCommit() => LocalCommitted?.Invoke(this, EventArgs.Empty);

    /// <summary>How often each kind of update was applied since the store was opened.</summary>
    public long Updates(UpdateKind kind) => Interlocked.Read(ref _updates[(int)kind]);

    public void Count(UpdateKind kind) => Interlocked.Increment(ref _updates[(int)kind]);

    public void ThrowIfDisposed() => ObjectDisposedException.ThrowIf(IsDisposed, typeof(HonuStore));

    public void ThrowIfUnusable()
    {
        ThrowIfDisposed();
        StoreOpener.ThrowIfReadOnly(this);
        if (_failure is null || TryRecover())
            return;
        throw new HonuException(HonuErrorCode.StoreFailed, $"A write to {Path} failed earlier, and the store could not be brought back to work since ({_failure.Message}). Mend the cause; it tries again every second with the next write.", Path, _failure);
    }

    /// <summary>Whether a write has failed and the store waits for the cause to go away.</summary>
    public bool HasFailed => _failure is not null;

    private bool TryRecover()
    {
        if (!_recovery.TryRecover())
            return false;
        _failure = null;
        return true;
    }

    /// <summary>Whether the present batch makes a version.</summary>
    public bool HasStaged => _staged.Count > 0;

    /// <summary>Nothing more is acknowledged until the engine has been opened again.</summary>
    public void Fail(Exception error) => _failure = error;

    /// <summary>Writes the batch with the clock's lease, then publishes what it holds: from here on readers of the index may see it.</summary>
    public void Commit(bool sync)
    {
        Lease.Extend(Batch);

        // A new namespace's name must not be lost before data that stand under its id: another namespace would take the id.
        WriteBatch(sync || Namespaces.HasStaged);
        foreach (var write in _staged)
            write.Publish(Trimmer);

        _staged.Clear();
        Namespaces.Publish();
        Conflicts.Publish();
        Streams.Publish();
        foreach (var (state, frontier) in _frontiers)
            state.PublishFrontier(frontier);
        _frontiers.Clear();
        Held.Publish();
        PublishJoins();
        Changes.Publish();
        if (Presence.IsOutgrown)
            Presence.Begin();
        if (Trimmer.IsDue)
            Background.Trim();
    }

    private void PublishJoins()
    {
        try
        {
            foreach (var (state, vector) in _joins)
            {
                state.Publish(vector, CountLooseAfter(state, vector));
                if (Changes.IsWatched)
                    Changes.StageVector(state);
            }

            if (_joins.Count > 0 && Waits.IsWaitedFor)
                Waits.Joined();
        }
        catch (Exception error)
        {
            // The vector is on disk, but what is loose could not be counted: a summary would lie from here on.
            _failure = error;
            throw;
        }
        finally
        {
            _joins.Clear();
        }
    }

    /// <summary>How many batches were written since the store was opened: tells a barrier whether there is anything to make durable.</summary>
    public long Writes { get; private set; }

    /// <summary>Writes what the batch holds and empties it. After a failure nothing more is accepted: the engine may lose what it acknowledges then.</summary>
    public void WriteBatch(bool sync)
    {
        if (Batch.Count == 0)
            return;
        try
        {
            Engine.Write(Batch, sync);
            Writes++;
        }
        catch (Exception error)
        {
            // Whatever the reason, the engine's log is in an unknown state: LevelDB goes on after a full disk and loses what it acknowledged then.
            _failure = error;
            throw;
        }
        finally
        {
            Batch.Clear();
        }
    }

    /// <summary>Forgets what was staged but not written.</summary>
    public void Abandon()
    {
        // The batch went with the store: what waited in the queue behind its disposal has staged nothing.
        if (!IsDisposed && Batch.Count > 0)
            Batch.Clear();
        Namespaces.Discard();

        // Heads are set when a write is staged: those of a batch that was given up name versions that do not exist.
        if (_staged.Count > 0)
            Heads.Clear();
        _staged.Clear();
        _joins.Clear();
        _frontiers.Clear();
        Changes.Discard();
        Conflicts.Discard();
        Streams.Discard();
        Held.Discard();
    }

    /// <summary>Runs <paramref name="work"/> with nobody else committing.</summary>
    public TResult Exclusively<TState, TResult>(TState state, Func<TState, TResult> work)
    {
        Queue.LeadAlone();
        try
        {
            return work(state);
        }
        finally
        {
            Abandon();
            Queue.Leave();
        }
    }

    /// <summary>Takes a new epoch because a peer knows writes of ours that we do not: this store was set back to an earlier state.</summary>
    /// <remarks>What the vectors said of the old epoch counts no more: the lost writes come back from the peers like anybody else's.</remarks>
    /// <param name="alsoForget">Another epoch of this store that the vectors must forget.</param>
    public void BeginNewEpoch(ReplicaId? alsoForget = null)
    {
        var old = Identity.Replica;
        Identity = StoreOpener.NewEpoch(Identity, Options.Environment, Faults);
        MetaRecords.Put(Batch, MetaRecords.Key(MetaRecords.Identity), Identity.Encode());
        var barriers = new List<(NamespaceState State, VersionVector Durable)>();
        foreach (var state in Namespaces.All)
        {
            // The row of the last barrier too: a power loss must not bring back what it says of the old epoch.
            barriers.Add((state, Without(DurableVector(state))));
            StageVector(state, barriers[^1].Durable, KeySpaces.Barrier);
            StageJoin(state, Without(state.Vector));
        }

        WriteBatch(sync: true);
        foreach (var (state, durable) in barriers)
            state.BarrierVector = durable;
        PublishJoins();
        Changes.Publish();

        VersionVector Without(VersionVector vector)
        {
            var rest = vector.Clone();
            rest.Remove(old);
            if (alsoForget is { } other)
                rest.Remove(other);
            return rest;
        }
    }

    /// <summary>Adds a new epoch to the batch because a namespace goes; the closed one stays in the vectors of the others, which nobody could restore from the index under the new name.</summary>
    public void StageNewEpoch(NamespaceState dropped)
    {
        _nextIdentity = Faults.HasFlag(PlantedFaults.CoverageKeptAfterDrop) ? Identity : StoreOpener.NewEpoch(Identity, Options.Environment, Faults);
        MetaRecords.Put(Batch, MetaRecords.Key(MetaRecords.Identity), _nextIdentity.Encode());
        foreach (var state in Namespaces.All)
        {
            if (state != dropped)
                StageVector(state);
        }
    }

    /// <summary>The batch of <see cref="StageNewEpoch"/> was written.</summary>
    public void PublishNewEpoch() => Identity = _nextIdentity!;

    public void Close()
    {
        Background.Stop();
        Queue.LeadAlone();
        try
        {
            if (IsDisposed)
                return;
            IsDisposed = true;
            Telemetry.Remove(this);
            Changes.Close();
            Waits.Close();
            Presence.Dispose();
            Digests.Dispose();
            if (_failure is null)
            {
                Trimmer.Trim();

                // Syncing the last batch alone would not do: after a switch of the memtable an older log may not be durable, and a clean mark would vouch for it.
                Engine.Sync();
                foreach (var state in Namespaces.All)
                    StageVector(state);
                Lease.Settle(Batch);
                KeepFilter();
                Digests.StageCheckpoints();
                RunRecord.Write(Batch, Options.Environment.BootId, isClean: true);
                WriteBatch(sync: true);
            }
        }
        finally
        {
            try
            {
                Batch.Dispose();
                Heads.Dispose();
                Engine.Dispose();
            }
            finally
            {
                Queue.Leave();
            }
        }
    }

    // Before the batch that names it: a file without its record is passed over, a record without its file as well.
    private void KeepFilter()
    {
        var key = MetaRecords.Key(MetaRecords.Filter);
        Batch.Delete(key);
        if (Presence.Settled is not { } filter || Path.Length == 0)
            return;
        Span<byte> nonce = stackalloc byte[16];
        Options.Environment.Random(nonce);
        if (FilterFile.TryWrite(Path, nonce, _hashSecrets, filter))
            MetaRecords.Put(Batch, key, nonce);
    }

}
