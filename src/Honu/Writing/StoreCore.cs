using Honu.Engines;
using Honu.Format;
using Honu.History;
using Honu.Lookup;

namespace Honu.Writing;

/// <summary>What everything inside one open store shares. The members that change are for the committing thread only.</summary>
internal sealed class StoreCore
{
    private readonly List<StagedWrite> _staged = [];
    private readonly List<(NamespaceState State, VersionVector Vector)> _joins = [];
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

    public PlantedFaults Faults => Options.Faults;

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

    /// <summary>Notes a replaced or new current record, to be published when its batch is written.</summary>
    /// <param name="state">The namespace.</param>
    /// <param name="version">The version that is current now.</param>
    /// <param name="previous">The one that was, or none.</param>
    /// <param name="isLocal">Whether it is a write of this process: only such a one says that everything of ours before it is here.</param>
    public void StageReplacement(NamespaceState state, VersionId version, VersionId previous, bool isLocal) => _staged.Add(new StagedWrite(state, version, previous, isLocal));

    public void StageVector(NamespaceState state) => StageVector(state, state.Vector, KeySpaces.Vector);

    public void StageVector(NamespaceState state, VersionVector vector, byte space)
    {
        Span<byte> key = stackalloc byte[KeySpaces.NamespacePrefixBytes];
        MetaRecords.Put(Batch, KeySpaces.Prefix(key, space, state.Id), vector.ToArray());
    }

    /// <summary>Adds a grown vector to the batch, to be published when it is written.</summary>
    public void StageJoin(NamespaceState state, VersionVector vector)
    {
        StageVector(state, vector, KeySpaces.Vector);
        _joins.Add((state, vector));
    }

    /// <summary>Writes the batch with the clock's lease, then publishes what it holds: from here on readers of the index may see it.</summary>
    public void Commit(bool sync)
    {
        Lease.Extend(Batch);

        // A new namespace's name must not be lost before data that stand under its id: another namespace would take the id.
        WriteBatch(sync || Namespaces.HasStaged);
        foreach (var (state, version, previous, isLocal) in _staged)
        {
            state.WasReplaced(previous);
            if (isLocal)
                state.AdvanceOwn(version);
            else
                state.BecameCurrent(version);
            if (!previous.IsNone)
                Trimmer.Add(state, previous);
        }

        _staged.Clear();
        Namespaces.Publish();
        Conflicts.Publish();
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
                state.Publish(vector, CountLoose(state, vector));
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

    /// <summary>Writes what the batch holds and empties it. After a failure nothing more is accepted: the engine may lose what it acknowledges then.</summary>
    public void WriteBatch(bool sync)
    {
        if (Batch.Count == 0)
            return;
        try
        {
            Engine.Write(Batch, sync);
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
        Changes.Discard();
        Conflicts.Discard();
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

    /// <summary>Counts from the index which current records of a namespace a vector does not cover; the clock takes over what it sees.</summary>
    public LooseDigest CountLoose(NamespaceState state, VersionVector vector)
    {
        var loose = default(LooseDigest);
        using var entries = new Replicating.UncoveredEntries(Engine, snapshot: null, state.Id, vector, Faults);
        while (entries.MoveNext())
        {
            loose.Add(entries.Version);
            if (!Faults.HasFlag(PlantedFaults.ClockNotAdvanced))
                Clock.Observe(entries.Version.Scalar);
        }

        return loose;
    }

    /// <summary>Takes a new epoch because a peer knows writes of ours that we do not: this store was set back to an earlier state.</summary>
    /// <remarks>What the vectors said of the old epoch counts no more: the lost writes come back from the peers like anybody else's.</remarks>
    /// <param name="alsoForget">Another epoch of this store that the vectors must forget.</param>
    public void BeginNewEpoch(ReplicaId? alsoForget = null)
    {
        var old = Identity.Replica;
        Identity = StoreOpener.NewEpoch(Identity, Options.Environment);
        MetaRecords.Put(Batch, MetaRecords.Key(MetaRecords.Identity), Identity.Encode());
        foreach (var state in Namespaces.All)
        {
            var vector = state.Vector.Clone();
            vector.Remove(old);
            if (alsoForget is { } other)
                vector.Remove(other);
            StageJoin(state, vector);
        }

        WriteBatch(sync: true);
        PublishJoins();
        Changes.Publish();
    }

    /// <summary>Adds a new epoch to the batch because a namespace goes; the closed one stays in the vectors of the others, which nobody could restore from the index under the new name.</summary>
    public void StageNewEpoch(NamespaceState dropped)
    {
        _nextIdentity = StoreOpener.NewEpoch(Identity, Options.Environment);
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
            if (_failure is null)
            {
                Trimmer.Trim();

                // Syncing the last batch alone would not do: after a switch of the memtable an older log may not be durable, and a clean mark would vouch for it.
                Engine.Sync();
                foreach (var state in Namespaces.All)
                    StageVector(state);
                Lease.Settle(Batch);
                KeepFilter();
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

    /// <summary>Reads a record that the store itself wrote under <paramref name="key"/>.</summary>
    public static RecordReader Parse(ReadOnlySpan<byte> bytes, ReadOnlySpan<byte> key) =>
        RecordReader.TryParse(bytes, out var record) ? record : throw Damaged(key);

    public static HonuCorruptionException Damaged(ReadOnlySpan<byte> key) =>
        new(path: null, $"The record of key {Describe(key)} failed its checks. Restore the directory from a backup, or begin an empty replica and let its peers fill it.");

    private static string Describe(ReadOnlySpan<byte> key) => Convert.ToHexString(key[..Math.Min(key.Length, 32)]) + (key.Length > 32 ? "… (hex)" : " (hex)");

    private readonly record struct StagedWrite(NamespaceState State, VersionId Version, VersionId Previous, bool IsLocal);
}
