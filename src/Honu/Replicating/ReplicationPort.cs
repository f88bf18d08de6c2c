using System.Buffers.Binary;
using System.Security.Cryptography;
using Honu.Format;
using Honu.Writing;

namespace Honu;

/// <summary>What replication needs from a store. Applications do not need it; <c>Honu.Replication</c> builds on it, and so may another protocol.</summary>
/// <remarks>Thread-safe. Calls that change the store wait in the same queue as local writes.</remarks>
public sealed partial class ReplicationPort
{
    private readonly StoreCore _core;
    private readonly Lock _barrierGate = new();
    private ulong _barrierClock;

    internal ReplicationPort(StoreCore core) => _core = core;

    /// <summary>Who the store is.</summary>
    public StoreIdentity Identity => _core.Identity;

    /// <summary>What the store says of itself.</summary>
    public ReplicaDescription Description => new(_core.Options.Region, _core.Options.Owner, _core.Identity.StoreId);

    /// <summary>Longest value that the store takes from a peer.</summary>
    public int MaxValueBytes => _core.Options.MaxValueBytes;

    /// <summary>The greatest scalar that the store has made or seen.</summary>
    public ulong ClockScalar => _core.Exclusively(_core, static core => core.Clock.Last);

    /// <summary>Raised after local writes have been committed, on the writing thread: keep it short. Also within <see cref="Apply"/>, when a conflict was resolved by a new version.</summary>
    public event EventHandler LocalCommitted
    {
        add => _core.LocalCommitted += value;
        remove => _core.LocalCommitted -= value;
    }

    internal PlantedFaults Faults => _core.Faults;

    /// <summary>The 16-byte summaries of all namespaces that hold or held something: equal summaries mean equal vectors and equal loose records (R4).</summary>
    public IReadOnlyDictionary<string, byte[]> Summaries() => _core.Exclusively(_core, static core =>
        core.Namespaces.All.Where(static state => !IsEmpty(state)).ToDictionary(static state => state.Name, Summarize, StringComparer.Ordinal));

    /// <summary>Takes a new epoch if a peer covers writes of ours that we do not know: this store was set back to an earlier state.</summary>
    /// <param name="ns">The namespace.</param>
    /// <param name="theirs">The peer's vector.</param>
    /// <returns>Whether a new epoch was begun. Everything of the old one then comes back from the peers.</returns>
    public bool BeginNewEpochIfSetBack(string ns, VersionVector theirs)
    {
        ArgumentNullException.ThrowIfNull(theirs);
        return _core.Exclusively((_core, ns, theirs), static args =>
        {
            StoreOpener.ThrowIfReadOnly(args._core);
            args._core.ThrowIfUnusable();
            var own = args._core.Identity.Replica;
            if (args.theirs.HighMark(own) <= (args._core.Namespaces.Find(args.ns)?.Vector.HighMark(own) ?? 0))
                return false;
            args._core.BeginNewEpoch();
            return true;
        });
    }

    /// <summary>The store that is known to write under a pid, or <see langword="null"/>: a second one must not.</summary>
    public Guid? FindStore(uint pid) => _core.Replicas.FindStore(pid);

    /// <summary>A copy of a namespace's vector, and how many current records it does not cover.</summary>
    public (VersionVector Vector, long LooseRecords) State(string ns) => _core.Exclusively((_core, ns), static args =>
        args._core.Namespaces.Find(args.ns) is { } state ? (state.Vector.Clone(), state.Loose.Count) : (new VersionVector(), 0));

    /// <summary>A consistent view to stream from.</summary>
    public ReplicationSnapshot CreateSnapshot() => _core.Exclusively(_core, static core =>
    {
        core.ThrowIfDisposed();
        if (!core.Options.ReadOnly)
            core.ThrowIfUnusable();
        return new ReplicationSnapshot(core);
    });

    /// <summary>Makes everything written so far durable, and remembers the vectors that it vouches for. Free when nothing was written since the last call.</summary>
    /// <remarks>Own writes are shipped only after a barrier: a peer must never hold what a power loss takes from its writer (R11).</remarks>
    public void Barrier()
    {
        StoreOpener.ThrowIfReadOnly(_core);
        lock (_barrierGate)
        {
            var (clock, vectors) = _core.Exclusively(_core, static core =>
                (core.Clock.Last, core.Namespaces.All.Select(static state => (state, state.Vector.Clone())).ToArray()));
            if (clock == _barrierClock)
                return;
            try
            {
                _core.Engine.Sync();
            }
            catch (Exception error)
            {
                // What a failed flush has lost is unknown, and a later one that succeeds would vouch for it.
                _core.Fail(error);
                throw;
            }

            _core.Exclusively((_core, vectors), static args =>
            {
                args._core.ThrowIfUnusable();
                foreach (var (state, vector) in args.vectors)
                {
                    if (state.IsDropped || vector.Equals(state.BarrierVector))
                        continue;
                    args._core.StageVector(state, vector, KeySpaces.Barrier);
                    state.BarrierVector = vector;
                }

                args._core.WriteBatch(sync: false);
                return true;
            });
            _barrierClock = clock;
        }
    }

    /// <summary>Applies a chunk of records, with the cursor of its stream and, for the last chunk, the join of the target vector, in one batch.</summary>
    /// <remarks>All of the chunk is checked before any of it is applied. A key that comes twice, which no healthy sender does, begins another batch; cursor and join are always in the last one.</remarks>
    /// <param name="ns">The namespace; created when the store does not have it. Its <see cref="IConflictResolver"/> is called on this thread before the call returns, after the chunk was committed.</param>
    /// <param name="block">Records as <see cref="RecordBlockWriter"/> builds them. Every byte is checked.</param>
    /// <param name="cursor">Where the stream stands; <see langword="null"/> to keep no cursor.</param>
    /// <param name="join">The end of the stream; <see langword="null"/> before it.</param>
    /// <exception cref="HonuException"><see cref="HonuErrorCode.MalformedRecord"/>: the data is wrong for good. <see cref="HonuErrorCode.ClockDrift"/>: too early, may be tried again.</exception>
    public ApplyResult Apply(string ns, ReadOnlySpan<byte> block, StreamCursor? cursor, VectorJoin? join)
    {
        StoreLimits.CheckNamespace(ns);
        StoreOpener.ThrowIfReadOnly(_core);
        ApplyResult result;
        byte[][] conflicted;
        _core.Queue.LeadAlone();
        try
        {
            _core.ThrowIfUnusable();
            result = _core.Applier.Apply(ns, block, cursor, join);
            conflicted = _core.Conflicts.TakeTouched();
        }
        finally
        {
            _core.Abandon();
            _core.Queue.Leave();
        }

        _core.Settler.Settle(ns, conflicted);
        return result;
    }

    /// <summary>Where a broken stream from <paramref name="sender"/> stopped, or <see langword="null"/>.</summary>
    public StreamCursor? FindCursor(string ns, ReplicaId sender)
    {
        if (_core.Namespaces.Find(ns) is not { } state)
            return null;
        Span<byte> key = stackalloc byte[KeySpaces.CursorKeyBytes];
        var payload = MetaRecords.Get(_core.Engine, KeySpaces.CursorKey(key, state.Id, sender));
        return payload is null ? null : StreamCursor.Decode(sender, payload);
    }

    /// <summary>Remembers what a replica says of itself.</summary>
    public void Describe(ReplicaId replica, ReplicaDescription description)
    {
        ArgumentNullException.ThrowIfNull(description);
        _core.Exclusively((_core, replica, description), static args =>
        {
            StoreOpener.ThrowIfReadOnly(args._core);
            args._core.ThrowIfUnusable();
            args._core.Replicas.Set(args.replica, args.description, args._core.Batch);
            args._core.WriteBatch(sync: false);
            return true;
        });
    }

    private static bool IsEmpty(NamespaceState state) => state.Vector.Count == 0 && state.Loose.Count == 0;

    private static byte[] Summarize(NamespaceState state)
    {
        var vector = state.Vector.ToArray();
        var bytes = new byte[vector.Length + 24];
        vector.CopyTo(bytes, 0);
        BinaryPrimitives.WriteUInt64LittleEndian(bytes.AsSpan(vector.Length), state.Loose.First);
        BinaryPrimitives.WriteUInt64LittleEndian(bytes.AsSpan(vector.Length + 8), state.Loose.Second);
        BinaryPrimitives.WriteInt64LittleEndian(bytes.AsSpan(vector.Length + 16), state.Loose.Count);
        return SHA256.HashData(bytes)[..16];
    }
}
