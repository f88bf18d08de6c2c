using System.Buffers.Binary;
using Honu.Engines;
using Honu.Format;
using Honu.Writing;

namespace Honu.Deferring;

/// <summary>Records whose versions lie too far ahead of this machine's clock, and the targets of the streams that brought them (R9).</summary>
/// <remarks>
/// A deferred record is on disk before its chunk is acknowledged, and touches nothing else: no object, no vector, no clock. What it is to
/// the objects is decided when it is due. A stream's target must not count before its records do, so it becomes a pending one, which
/// waits until every row that is due up to its own limit has gone. That is told by scalars alone: a record of another stream that is due earlier may
/// make it wait as well, never longer than its own records do. All members are for the committing thread, apart from <see cref="HasDue"/>.
/// </remarks>
internal sealed class DeferredStore(StoreCore core)
{
    // Beyond these, per namespace, a record is refused until time has come, as if it could not be deferred.
    public const int MaxRows = 10_000;
    public const long MaxBytes = 64L << 20;
    public const int MaxPending = 64;

    private static readonly DeferredState Nothing = new();

    private readonly Dictionary<NamespaceState, DeferredState> _states = [];
    private readonly byte[] _keyBuffer = new byte[DeferredRows.MaxKeyBytes];
    private ulong _earliest = ulong.MaxValue;

    /// <summary>Whether something may be due. For any thread.</summary>
    public bool HasDue => Volatile.Read(ref _earliest) is var earliest && earliest != ulong.MaxValue && IsDue(earliest);

    /// <summary>The scalar that is due next; <see cref="ulong.MaxValue"/> when nothing waits.</summary>
    public ulong Earliest => Volatile.Read(ref _earliest);

    /// <summary>What waits in a namespace. Not to be kept.</summary>
    public DeferredState Of(NamespaceState state) => _states.GetValueOrDefault(state) ?? Nothing;

    /// <summary>The namespaces in which something waits.</summary>
    public IEnumerable<KeyValuePair<NamespaceState, DeferredState>> All => _states;

    /// <summary>Which scalar the clock must accept before a record may be applied; 0 when nothing keeps it.</summary>
    /// <remarks>Whose clock says that a record has expired must not be further ahead than one that writes.</remarks>
    public ulong DueOf(scoped in RecordReader record)
    {
        var due = core.Clock.Check(record.Version.Scalar) == ScalarCheck.Ok ? 0 : record.Version.Scalar;
        return record.IsDropped && core.Clock.Check(record.Expiry) != ScalarCheck.Ok ? Math.Max(due, record.Expiry) : due;
    }

    /// <summary>Whether the clock accepts a scalar by now.</summary>
    public bool IsDue(ulong scalar) => core.Clock.Check(scalar) == ScalarCheck.Ok;

    /// <summary>Adds a record to the batch. One that waits already is not added again; of two contents the smaller checksum stays.</summary>
    public void StageRecord(NamespaceState state, ReadOnlySpan<byte> key, scoped in RecordReader record, ulong due)
    {
        var engineKey = DeferredRows.RecordKey(_keyBuffer, state.Id, due, record.Version, key);
        var before = 0;
        using (var known = core.Engine.Get(engineKey))
        {
            if (known.Found)
            {
                before = known.Span.Length;
                if (StoreCore.Parse(MetaRecords.Open(engineKey, known.Span), key).Checksum <= record.Checksum)
                    return;
            }
        }

        var payload = new byte[record.PortableLength];
        record.CopyPortable(payload);
        MetaRecords.Put(core.Batch, engineKey, payload);
        var (rows, bytes) = before == 0 ? (1, engineKey.Length + payload.Length) : (0, payload.Length + 4 - before);
        core.Held.OnCommit(() => Change(state, waiting =>
        {
            waiting.Rows += rows;
            waiting.Bytes += bytes;
            waiting.NextDue = Math.Min(waiting.NextDue, due);
        }));
    }

    /// <summary>The scalar that a stream's target has to wait for; 0 when nothing keeps it from being joined at once.</summary>
    /// <param name="state">The namespace.</param>
    /// <param name="cursor">Whose stream; <see langword="null"/> for one without a cursor.</param>
    /// <param name="until">The latest due scalar of the chunk at hand.</param>
    /// <param name="target">The target, whose scalars must not move the clock beyond the bound either.</param>
    public ulong WaitOf(NamespaceState state, StreamCursor? cursor, ulong until, VersionVector target)
    {
        var waiting = Of(state);
        var mark = Math.Max(waiting.MarkOf(default), cursor is null ? 0 : waiting.MarkOf(cursor.Sender));

        // All that was due up to an old mark may have been applied long ago.
        if (mark >= waiting.NextDue)
            until = Math.Max(until, mark);
        var greatest = target.GreatestScalar();
        return greatest == 0 || IsDue(greatest) ? until : Math.Max(until, greatest);
    }

    /// <summary>Remembers with a stream's cursor that it has brought records that are due up to a scalar.</summary>
    public void StageMark(NamespaceState state, StreamCursor? cursor, ulong until)
    {
        // Without a cursor nobody knows whose stream it is: then all have to wait.
        var sender = cursor?.Sender ?? default;
        if (until <= Of(state).MarkOf(sender))
            return;
        Span<byte> payload = stackalloc byte[8];
        BinaryPrimitives.WriteUInt64LittleEndian(payload, until);
        MetaRecords.Put(core.Batch, DeferredRows.MarkKey(_keyBuffer, state.Id, sender), payload);
        core.Held.OnCommit(() => Change(state, waiting => waiting.Marks[sender] = until));
    }

    /// <summary>The stream has ended: what it brought is its target's matter now.</summary>
    public void StageMarkRemoval(NamespaceState state, ReplicaId sender)
    {
        if (Of(state).MarkOf(sender) == 0)
            return;
        core.Batch.Delete(DeferredRows.MarkKey(_keyBuffer, state.Id, sender));
        core.Held.OnCommit(() => Change(state, waiting => waiting.Marks.Remove(sender)));
    }

    /// <summary>Adds a target that waits.</summary>
    /// <returns><see langword="false"/>, with nothing staged, when its base will not be covered by what is covered and pending now, or too much is pending.</returns>
    public bool TryStagePending(NamespaceState state, StreamCursor? cursor, VectorJoin join, ulong until)
    {
        var waiting = Of(state);

        // A rumor comes from several replicas, and again: its copies must not take the room of the targets of streams.
        if (cursor is null && waiting.Pending.Exists(pending => pending.Base.Count == 0 && pending.Target.Dominates(join.Target)))
            return true;
        if (!waiting.Expected(state.Vector).Dominates(join.Base))
            return false;

        // What builds on others that are pending waits for them as well.
        if (!state.Vector.Dominates(join.Base))
            until = Math.Max(until, waiting.Pending.Max(static pending => pending.Until));
        var sender = cursor?.Sender ?? default;
        var pending = waiting.Pending.Count < MaxPending
            ? new PendingTarget(waiting.Pending.Count == 0 ? 1 : waiting.Pending[^1].Sequence + 1, sender, until, join.Base.Clone(), join.Target.Clone())
            : waiting.Pending[^1].Sender == sender ? waiting.Pending[^1].Merge(join, until) : null;
        if (pending is null)
            return false;
        MetaRecords.Put(core.Batch, DeferredRows.PendingKey(_keyBuffer, state.Id, pending.Sequence), pending.Encode());
        core.Held.OnCommit(() => Change(state, waiting =>
        {
            waiting.Pending.RemoveAll(other => other.Sequence == pending.Sequence);
            waiting.Pending.Add(pending);
        }));
        return true;
    }

    /// <summary>Takes the row of a record out, which is being applied by the same batch.</summary>
    public void StageRemoval(NamespaceState state, ReadOnlySpan<byte> engineKey, int valueBytes)
    {
        core.Batch.Delete(engineKey);
        var bytes = engineKey.Length + valueBytes - 4;
        core.Held.OnCommit(() => Change(state, waiting =>
        {
            waiting.Rows--;
            waiting.Bytes -= bytes;
        }));
    }

    /// <summary>Joins the pending targets that wait for nothing any more, and drops those whose base is covered no more; with them go marks that say nothing.</summary>
    /// <param name="state">The namespace.</param>
    /// <param name="nextDue">The first row that is left; <see cref="ulong.MaxValue"/> for none.</param>
    /// <returns>The vector that counts from the batch on; <see langword="null"/> when nothing was joined.</returns>
    public VersionVector? StagePending(NamespaceState state, ulong nextDue)
    {
        var waiting = Of(state);
        var vector = state.Vector.Clone();
        var expected = state.Vector.Clone();
        var hasJoined = false;
        var gone = new List<PendingTarget>();
        foreach (var pending in waiting.Pending)
        {
            var isReady = nextDue > pending.Until && IsDue(pending.Until);
            if (isReady && vector.Dominates(pending.Base))
            {
                vector.Join(pending.Target);
                expected.Join(pending.Target);
                hasJoined = true;
                gone.Add(pending);
            }
            else if (!isReady && expected.Dominates(pending.Base))
            {
                expected.Join(pending.Target);
            }
            else
            {
                gone.Add(pending);
            }
        }

        foreach (var pending in gone)
            core.Batch.Delete(DeferredRows.PendingKey(_keyBuffer, state.Id, pending.Sequence));
        var marks = waiting.Marks.Where(mark => mark.Value < nextDue).Select(static mark => mark.Key).ToList();
        foreach (var sender in marks)
            core.Batch.Delete(DeferredRows.MarkKey(_keyBuffer, state.Id, sender));
        core.Held.OnCommit(() => Change(state, waiting =>
        {
            waiting.Pending.RemoveAll(gone.Contains);
            marks.ForEach(sender => waiting.Marks.Remove(sender));
            waiting.NextDue = nextDue;
        }));
        if (!hasJoined || vector.Count >= VersionVector.MaxOrigins)
            return null;

        // The batch may also have written late outsiders again (R8): the vector that replaces ours must cover them.
        vector.Advance(core.Identity.Replica, core.Reissuer.LastScalar);
        core.StageJoin(state, vector);
        return vector;
    }

    /// <summary>Reads what is on disk, in place of what is known.</summary>
    /// <param name="lostPower">Whether a power loss may have taken rows and kept what vouches for them: then no target and no mark counts.</param>
    public void Load(bool lostPower)
    {
        _states.Clear();
        Span<byte> prefix = stackalloc byte[KeySpaces.NamespacePrefixBytes];
        using var rows = core.Engine.CreateIterator(verify: true);
        foreach (var state in core.Namespaces.All)
        {
            KeySpaces.Prefix(prefix, KeySpaces.Deferred, state.Id);
            var waiting = new DeferredState();
            var keepsTargets = !lostPower;
            for (rows.Seek(prefix); rows.IsValid && rows.Key.StartsWith(prefix); rows.Next())
                Load(state, waiting, rows, ref keepsTargets);
            if (!waiting.IsEmpty)
                _states[state] = waiting;
        }

        rows.ThrowIfFailed();
        UpdateEarliest();
        if (!core.Options.ReadOnly)
            core.WriteBatch(sync: false);
    }

    /// <summary>A namespace was dropped.</summary>
    public void Forget(NamespaceState state)
    {
        _states.Remove(state);
        UpdateEarliest();
    }

    // Records come first. One that fails its checks was never received: its sender has it, and no target that needs it may count.
    private void Load(NamespaceState state, DeferredState waiting, EngineIterator row, ref bool keepsTargets)
    {
        var isWhole = Care.EntryCheck.TryOpen(row.Key, row.Value, out var payload) && DeferredRows.FindFault(row.Key, payload) is null;
        var kind = row.Key.Length > KeySpaces.NamespacePrefixBytes ? row.Key[KeySpaces.NamespacePrefixBytes] : (byte)0;
        if (isWhole && kind == DeferredRows.Record)
        {
            DeferredRows.ReadRecordKey(row.Key, out var due);
            waiting.Rows++;
            waiting.Bytes += row.Key.Length + payload.Length;
            waiting.NextDue = Math.Min(waiting.NextDue, due);
        }
        else if (isWhole && keepsTargets && kind == DeferredRows.Pending)
        {
            PendingTarget.TryDecode(DeferredRows.ReadNumber(row.Key), payload, out var pending);
            waiting.Pending.Add(pending);
        }
        else if (isWhole && keepsTargets && kind == DeferredRows.Mark)
        {
            waiting.Marks[ReplicaId.FromUInt64(DeferredRows.ReadNumber(row.Key))] = BinaryPrimitives.ReadUInt64LittleEndian(payload);
        }
        else
        {
            core.Batch.Delete(row.Key);
            keepsTargets &= kind != DeferredRows.Record;
            if (keepsTargets && kind == DeferredRows.Mark && waiting.Rows > 0)
                StageMark(state, cursor: null, StoreLimits.MaxScalar);
        }
    }

    private void Change(NamespaceState state, Action<DeferredState> change)
    {
        if (state.IsDropped)
            return;
        if (!_states.TryGetValue(state, out var waiting))
            _states.Add(state, waiting = new DeferredState());
        change(waiting);
        if (waiting.IsEmpty)
            _states.Remove(state);
        UpdateEarliest();
    }

    private void UpdateEarliest()
    {
        var earliest = ulong.MaxValue;
        foreach (var waiting in _states.Values)
            earliest = Math.Min(earliest, waiting.Earliest);
        Volatile.Write(ref _earliest, earliest);
    }
}
