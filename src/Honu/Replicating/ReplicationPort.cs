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
    private long _barrierWrites = -1;

    internal ReplicationPort(StoreCore core)
    {
        _core = core;
        Description = new ReplicaDescription(core.Options.Region, core.Options.Owner, core.Identity.StoreId);
    }

    /// <summary>Who the store is.</summary>
    public StoreIdentity Identity => _core.Identity;

    /// <summary>What the store says of itself.</summary>
    public ReplicaDescription Description { get; }

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
    /// <exception cref="HonuException"><see cref="HonuErrorCode.MalformedRecord"/>: the vector lies more than a day ahead, or an epoch was begun for such a vector less than an hour ago.</exception>
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
            if (args._core.Clock.Check(args.theirs.HighMark(own)) == ScalarCheck.Malformed)
                throw args._core.Applier.Malformed($"a vector covers {own} up to {args.theirs.HighMark(own)}, more than a day ahead");
            args._core.Held.Claims.BeginNewEpoch();
            return true;
        });
    }

    /// <summary>The store that is known to write under a pid, or <see langword="null"/>: another one must not. Copies of one directory are one store with several epochs.</summary>
    public Guid? FindStore(uint pid) => _core.Replicas.FindStore(pid);

    /// <summary>What replication knows of a namespace, all of it of one moment; nothing of one that the store does not have.</summary>
    public NamespaceReplication State(string ns) => _core.Exclusively((_core, ns), static args =>
    {
        var core = args._core;
        core.ThrowIfDisposed();
        if (core.Namespaces.Find(args.ns) is not { } state)
            return new NamespaceReplication(new VersionVector(), 0) { Frontier = new VersionVector(), PurgeMark = 0, Durable = new VersionVector(), IsEmpty = true, Tombstones = 0 };
        var waiting = core.Held.Deferred.Of(state);
        return new NamespaceReplication(state.Vector.Clone(), state.Loose.Count)
        {
            Frontier = state.Frontier.Clone(),
            PurgeMark = state.PurgeMark,
            Durable = core.DurableVector(state).Clone(),
            IsEmpty = core.Streams.IsEmpty(state),
            Tombstones = state.Deletions.Count,
            Deferred = waiting.Rows,
            Pending = waiting.PendingTargets(state.Vector),
            Quarantined = core.Held.Quarantine.Count(state),
        };
    });

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
            // Not the clock: what a peer sends may be older than it, and has to become durable all the same.
            var (writes, vectors) = _core.Exclusively(_core, static core =>
                (core.Writes, core.Namespaces.All.Select(static state => (state, state.Vector.Clone())).ToArray()));
            if (writes == _barrierWrites)
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

            _barrierWrites = _core.Exclusively((_core, vectors, writes), static args =>
            {
                args._core.ThrowIfUnusable();
                var hasChanged = args._core.Writes != args.writes;
                foreach (var (state, vector) in args.vectors)
                {
                    if (state.IsDropped || vector.Equals(state.BarrierVector))
                        continue;
                    args._core.StageVector(state, vector, KeySpaces.Barrier);
                    state.BarrierVector = vector;
                }

                // Durable themselves: peers are told of these vectors and purge on them.
                args._core.WriteBatch(sync: true);

                // The rows of the barrier itself need no other one.
                return hasChanged ? args.writes : args._core.Writes;
            });
        }
    }

    /// <summary>Applies a chunk of records, with the cursor of its stream and, for the last chunk, the join of the target vector, in one batch.</summary>
    /// <remarks>All of the chunk is checked before any of it is applied. A key that comes twice, which no healthy sender does, begins another batch; cursor and join are always in the last one.</remarks>
    /// <param name="ns">The namespace; created when the store does not have it. Its <see cref="IConflictResolver"/> is called on this thread before the call returns, after the chunk was committed.</param>
    /// <param name="block">Records as <see cref="RecordBlockWriter"/> builds them. Every byte is checked.</param>
    /// <param name="cursor">Where the stream stands; <see langword="null"/> to keep no cursor. Each chunk of a full stream needs one (<see cref="StreamCursor.IsFull"/>).</param>
    /// <param name="join">The end of the stream; <see langword="null"/> before it.</param>
    /// <exception cref="HonuException"><see cref="HonuErrorCode.MalformedRecord"/>: the data is wrong for good. <see cref="HonuErrorCode.ClockDrift"/>: too early, and too much waits already or the stream is a full one.
    /// <see cref="HonuErrorCode.LimitExceeded"/>: the quarantine is full. <see cref="HonuErrorCode.IdentityMismatch"/>: the peer knows writes of this store that it does not know itself; it has taken a new epoch. These three may be tried again.
    /// <see cref="HonuErrorCode.ReconcileLimit"/>: the end of a full stream would delete too much; the chunk is applied, nothing is joined, and the stream may go on after <see cref="AllowReconcile"/>.</exception>
    public ApplyResult Apply(string ns, ReadOnlySpan<byte> block, StreamCursor? cursor, VectorJoin? join)
    {
        StoreLimits.CheckNamespace(ns);
        if (join is not null && join.IsFull != (cursor?.IsFull ?? false))
            throw new ArgumentException("The end of a full stream needs the cursor of a full stream, and no other has one.", nameof(join));
        StoreOpener.ThrowIfReadOnly(_core);
        ApplyResult result;
        byte[][] conflicted;
        EquivocationEventArgs[] equivocations;
        _core.Queue.LeadAlone();
        try
        {
            _core.ThrowIfUnusable();
            result = _core.Applier.Apply(ns, block, cursor, join);
            conflicted = _core.Conflicts.TakeTouched();
            equivocations = _core.Held.TakeEquivocations();
        }
        finally
        {
            _core.Abandon();
            _core.Queue.Leave();
        }

        _core.Settler.Settle(ns, conflicted);
        if (result.Reissued > 0)
            _core.NotifyLocalCommit();
        _core.Held.Tell(equivocations);
        return result;
    }

    /// <summary>Where a broken stream from <paramref name="sender"/> stopped, or <see langword="null"/>. A full stream comes before another one.</summary>
    public StreamCursor? FindCursor(string ns, ReplicaId sender)
    {
        if (_core.Namespaces.Find(ns) is not { } state)
            return null;
        if (_core.Exclusively((state, sender), static args => args.state.FullStreams.GetValueOrDefault(args.sender)) is { IsBroken: false } stream)
            return stream.ToCursor();
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
