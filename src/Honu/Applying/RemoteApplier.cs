using Honu.Format;
using Honu.Reconciling;
using Honu.Writing;

namespace Honu.Applying;

/// <summary>Applies records of peers, each chunk in one engine batch, and joins vectors in the batch of a stream's last chunk.</summary>
/// <remarks>The order of the checks is R1: what the vector covers never changes the store; then the causal context tells fork from successor.</remarks>
internal sealed class RemoteApplier(StoreCore core)
{
    // Everybody who writes waits for a block: a peer's block must end.
    private const int MaxBlockRecords = 65536;

    private readonly HashSet<int> _keysInBatch = [];
    private readonly byte[] _keyBuffer = new byte[KeySpaces.MaxKeyBytes];
    private UpdateCounts _counts;
    private ulong _outsiderMark;

    /// <summary>Applies one chunk. Called by the committing thread.</summary>
    /// <exception cref="HonuException">A record or vector fails its checks, or is too far ahead of the clock: nothing of the present batch was written.</exception>
    public ApplyResult Apply(string ns, ReadOnlySpan<byte> block, StreamCursor? cursor, VectorJoin? join)
    {
        _counts = default;
        _keysInBatch.Clear();
        core.Reissuer.Begin();
        var state = core.Namespaces.GetOrAdd(ns, core.Batch);
        _outsiderMark = state.OutsiderMark;
        CheckAll(block);
        var stream = cursor is { IsFull: true } ? Enter(state, block, cursor) : null;
        var reader = new RecordBlockReader(block);
        while (reader.MoveNext())
        {
            // Two records of one key in one chunk: the second must see what the first has written.
            var hash = default(HashCode);
            hash.AddBytes(reader.Key);
            if (!_keysInBatch.Add(hash.ToHashCode()))
                core.Commit(sync: false);
            var record = StoreCore.Parse(reader.Record, reader.Key);
            if (state.FullStreams.Count > 0)
                core.Streams.StageForeign(state, stream, record);
            ApplyOne(state, reader.Key, record, stream);
        }

        if (stream is not null)
            return EndChunk(state, stream, cursor!, join);
        var joined = join is not null && !core.Dropper.TakeBroken(ns, cursor) && TryStageJoin(state, join);
        if (cursor is not null)
            StageCursor(state, cursor, joined);
        core.Commit(sync: false);
        return new ApplyResult(_counts, joined) { Reissued = _counts[UpdateKind.Reissued] };
    }

    private FullStream Enter(NamespaceState state, ReadOnlySpan<byte> block, StreamCursor cursor)
    {
        CheckVector(cursor.Target);
        var first = new RecordBlockReader(block);
        first.MoveNext();
        var stream = core.Streams.Enter(state, cursor, first.Key);

        // Local writes from now on are later than all that was purged there, so that none of them is taken for a late outsider in the end.
        if (stream.GreatestPurged > 0)
            CheckScalar(stream.GreatestPurged);
        core.Clock.Observe(stream.GreatestPurged);
        return stream;
    }

    // The chunk first, in a batch of its own: the end looks at what is staged, and may be refused, which must not take the chunk with it.
    private ApplyResult EndChunk(NamespaceState state, FullStream stream, StreamCursor cursor, VectorJoin? join)
    {
        stream = stream with { Position = cursor.PositionKey ?? stream.Position };
        core.Streams.StageHeader(state, stream);
        core.Commit(sync: false);
        if (join is null)
            return new ApplyResult(_counts, Joined: false) { Reissued = _counts[UpdateKind.Reissued] };
        var counts = _counts;
        var isBroken = stream.IsBroken || core.Dropper.TakeBroken(state.Name, cursor);
        var outcome = isBroken ? null : TryStageFullJoin(state, stream, join);
        core.Streams.StageEnd(state, stream);
        core.Commit(sync: false);
        if (outcome is { Deleted: > 0 })
            state.IsReconcileAllowed = false;
        return new ApplyResult(counts, Joined: outcome is not null) { Deleted = outcome?.Deleted ?? 0, Reissued = counts[UpdateKind.Reissued] + (outcome?.Reissued ?? 0) };
    }

    // R7, and the second half of R8: frontier and purge mark are joined with the target, in the batch that judges what is absent.
    private ReconcileOutcome? TryStageFullJoin(NamespaceState state, FullStream stream, VectorJoin join)
    {
        var told = join.Frontier ?? join.Target;
        CheckVector(join.Target);
        CheckVector(told);
        if (join.PurgeMark > told.GreatestScalar())
            throw Malformed($"the purge mark {join.PurgeMark} lies above everything that was purged");
        if (!state.Vector.Dominates(join.Base))
            return null;
        var frontier = state.Frontier.Clone();
        frontier.Join(told);
        var purgeMark = Math.Max(state.PurgeMark, join.PurgeMark);
        var joined = Joined(state.Vector, join.Target);
        Observe(join.Target.GreatestScalar());
        Observe(told.GreatestScalar());

        var outcome = core.Reconcile.TryStage(state, stream, join, (ns, key, scoped in record) => ApplyOne(ns, key, record, stream: null));
        if (outcome is null)
            return null;
        joined.Advance(core.Identity.Replica, core.Reissuer.LastScalar);
        core.StageFrontier(state, new FrontierRecord(frontier, purgeMark));
        core.StageJoin(state, joined);
        return outcome;
    }

    // All of a block before any of it: a record that fails leaves nothing behind.
    private void CheckAll(ReadOnlySpan<byte> block)
    {
        var reader = new RecordBlockReader(block);
        for (var count = 0; reader.MoveNext(); count++)
        {
            if (count == MaxBlockRecords)
                throw Malformed($"a block has more than {MaxBlockRecords} records");
            Check(reader.Key, reader.Record);
        }

        if (reader.IsMalformed)
            throw Malformed("a block of records is cut off");
    }

    private void Check(ReadOnlySpan<byte> key, ReadOnlySpan<byte> bytes)
    {
        if (key.IsEmpty || key.Length > StoreLimits.MaxKeyBytes)
            throw Malformed($"a key has {key.Length} bytes");
        if (!RecordReader.TryParse(bytes, out var record) || (bytes[0] & RecordLayout.HasLocalPart) != 0)
            throw Malformed("the bytes of a record make no sense");
        if (record.Value.Length > core.Options.MaxValueBytes)
            throw Malformed($"a value has {record.Value.Length} bytes, more than the {core.Options.MaxValueBytes} allowed here (MaxValueBytes)");
        if (!record.Verify(key))
            throw Malformed("a record fails its checksum");
        CheckScalar(record.Version.Scalar);
        if (record.Version.Replica.Pid == 0)
            throw Malformed("a record names the replica 0, which nobody is");

        // Whose clock says that it has expired must not be further ahead than one that writes.
        if (record.IsDropped)
            CheckScalar(record.Expiry);
        if (record.Expiry != 0 && core.Identity.Clock != VersionClock.Hybrid)
            throw Malformed("a record expires, but the versions of this cluster do not tell their time");
    }

    private void CheckScalar(ulong scalar)
    {
        switch (core.Clock.Check(scalar))
        {
            case ScalarCheck.Malformed:
                throw Malformed($"the scalar {scalar} lies more than a day ahead");
            case ScalarCheck.Ahead:
                throw new HonuException(HonuErrorCode.ClockDrift, $"A peer's scalar {scalar} lies further ahead of this machine's clock than {core.Options.MaxClockDrift} (MaxClockDrift). Set both clocks right; replication goes on by itself.", core.Path);
        }
    }

    private void Observe(ulong scalar)
    {
        if (!core.Faults.HasFlag(PlantedFaults.ClockNotAdvanced))
            core.Clock.Observe(scalar);
    }

    private void ApplyOne(NamespaceState state, ReadOnlySpan<byte> key, scoped in RecordReader incoming, FullStream? stream)
    {
        Observe(incoming.Version.Scalar);
        var currentKey = KeySpaces.CurrentKey(_keyBuffer, state.Id, key);
        var hash = core.Hash.Of(state.Id, key);
        core.Heads.Remove(hash, state.Id, key);
        using var found = core.Presence.MayExist(hash) ? core.Engine.Get(currentKey) : default;
        var isCovered = state.Vector.Covers(incoming.Version);
        if (!found.Found)
        {
            if (stream is not null)
                core.Streams.StageKey(state, stream, key, incoming, withRecord: false);
            Count(isCovered ? UpdateKind.Stale : StageFirst(state, key, currentKey, incoming));
            return;
        }

        var current = StoreCore.Parse(found.Span, key);
        var decided = Classify(current, incoming);
        if (stream is not null && StageSent(state, key, incoming, current, stream, decided))
        {
            Count(decided);
            return;
        }

        if (!isCovered && IsLate(incoming, current, decided))
        {
            core.Reissuer.Stage(state, key, incoming, current, CausalContext.Empty, state.PurgeMark);
            decided = UpdateKind.Reissued;
        }

        Count(decided);
        if (isCovered)
            return;
        switch (decided)
        {
            case UpdateKind.Linear or UpdateKind.Skip:
                Replace(state, key, currentKey, incoming, current, current.Losers, lostConflict: false);
                break;
            case UpdateKind.Stomp:
                Replace(state, key, currentKey, incoming, current, current.Losers.Join(current.Context).With(current.Version), lostConflict: !HaveEqualContent(current, incoming));
                break;
            case UpdateKind.Stomped:
                KeepAndNote(state, key, currentKey, incoming, current);
                break;
            case UpdateKind.Equivocation when incoming.Checksum < current.Checksum:
                StageCurrent(state, key, currentKey, incoming, current.Version, new LocalPart(current.HistorySequence, current.Losers));
                break;
        }
    }

    private UpdateKind StageFirst(NamespaceState state, ReadOnlySpan<byte> key, ReadOnlySpan<byte> currentKey, scoped in RecordReader incoming)
    {
        if (IsLate(incoming))
        {
            core.Reissuer.Stage(state, key, incoming, state.PurgeMark);
            return UpdateKind.Reissued;
        }

        core.Presence.Add(core.Hash.Of(state.Id, key));
        StageCurrent(state, key, currentKey, incoming, previous: default, new LocalPart(0));
        return incoming.Parent.IsNone ? UpdateKind.Linear : UpdateKind.Skip;
    }

    // R8: over a deletion, unless that was made knowing of the late write.
    private bool IsLate(scoped in RecordReader incoming, scoped in RecordReader current, UpdateKind decided) =>
        decided is UpdateKind.Linear or UpdateKind.Skip or UpdateKind.Stomp or UpdateKind.Stomped
        && current.IsDeleted(core.Clock) && IsLate(incoming);

    private bool IsLate(scoped in RecordReader incoming) => incoming.Version.Scalar <= _outsiderMark && !incoming.IsDeleted(core.Clock);

    /// <summary>Notes what a full stream has brought for a key that is here, with the record where the end of the stream may need it.</summary>
    /// <returns>Whether it must not be applied before: a deletion that would beat a write which may have to be written again instead (R8).</returns>
    private bool StageSent(NamespaceState state, ReadOnlySpan<byte> key, scoped in RecordReader incoming, scoped in RecordReader current, FullStream stream, UpdateKind decided)
    {
        var isOurs = !stream.Target.Covers(current.Version);
        var waits = isOurs && !stream.WasEmpty && decided == UpdateKind.Stomp && incoming.IsDeleted(core.Clock) && !current.IsDeleted(core.Clock)
            && current.Version.Scalar <= stream.GreatestPurged && !state.Vector.Covers(incoming.Version);
        core.Streams.StageKey(state, stream, key, incoming, withRecord: waits || (!isOurs && VersionOrder.Wins(current.Version, incoming.Version)));
        return waits;
    }

    /// <summary>What an incoming version is to the one that is current, told by the causal contexts alone.</summary>
    internal UpdateKind Classify(scoped in RecordReader current, scoped in RecordReader incoming)
    {
        if (incoming.Version == current.Version)
            return incoming.Checksum == current.Checksum ? UpdateKind.Duplicate : UpdateKind.Equivocation;
        if (core.Faults.HasFlag(PlantedFaults.TombstoneTreatedAsMissing) && current.IsTombstone)
            return UpdateKind.Linear;
        if (current.Supersedes(incoming, core.Clock) || current.Losers.Covers(incoming.Version))
            return UpdateKind.Stale;
        if (incoming.Supersedes(current, core.Clock))
            return incoming.Parent == current.Version ? UpdateKind.Linear : UpdateKind.Skip;
        return Wins(incoming.Version, current.Version) ? UpdateKind.Stomp : UpdateKind.Stomped;
    }

    // Equal bytes are no conflict (R15): both writers wanted the same.
    private static bool HaveEqualContent(scoped in RecordReader one, scoped in RecordReader other) =>
        one.Expiry == other.Expiry && (one.IsDropped || other.IsDropped
            ? one.ValueState == other.ValueState
            : one.IsTombstone == other.IsTombstone && one.Value.SequenceEqual(other.Value));

    private bool Wins(VersionId incoming, VersionId current) =>
        core.Faults.HasFlag(PlantedFaults.TieReversed) && incoming.Scalar == current.Scalar
            ? incoming.Replica.CompareTo(current.Replica) > 0
            : VersionOrder.Wins(incoming, current);

    private void Replace(NamespaceState state, ReadOnlySpan<byte> key, ReadOnlySpan<byte> currentKey, scoped in RecordReader incoming, scoped in RecordReader current, CausalContext losers, bool lostConflict)
    {
        if (current.HasLosers)
            core.Conflicts.StageCovered(state, key, incoming);
        if (lostConflict)
            core.Conflicts.StageLoser(state, key, current);
        var sequence = core.History.StagePrevious(state, key, current, lostConflict);
        StageCurrent(state, key, currentKey, incoming, current.Version, new LocalPart(sequence, losers.Except(incoming.Context, incoming.Version)), current.IsTombstone);
    }

    // The loser goes to history; the winner stays and remembers the loser, so that the next local write covers both (R14).
    private void KeepAndNote(NamespaceState state, ReadOnlySpan<byte> key, ReadOnlySpan<byte> currentKey, scoped in RecordReader incoming, scoped in RecordReader current)
    {
        if (current.HasLosers)
            core.Conflicts.StageCovered(state, key, incoming);
        var isConflict = !HaveEqualContent(current, incoming);
        if (isConflict)
            core.Conflicts.StageLoser(state, key, incoming);
        var losers = current.Losers.Join(incoming.Context).With(incoming.Version).Except(current.Context, current.Version);
        var sequence = current.HistorySequence;
        if (state.Retention.Retention.KeepsHistory)
        {
            sequence++;
            core.History.Stage(state, key, sequence, core.Records.Rewrite(incoming, new LocalPart(sequence, Losers: null, LostConflict: isConflict)));

            core.Expiry.Stage(state, key, incoming);

            // The winner takes the newest place of the ring again: losers must not push it out before it is replaced.
            sequence++;
            core.History.Stage(state, key, sequence, core.Records.Rewrite(current, new LocalPart(sequence)));
        }

        core.Batch.Put(currentKey, core.Records.Rewrite(current, new LocalPart(sequence, losers)));
    }

    private void StageCurrent(NamespaceState state, ReadOnlySpan<byte> key, ReadOnlySpan<byte> currentKey, scoped in RecordReader incoming, VersionId previous, in LocalPart local, bool wasTombstone = false)
    {
        var record = core.Records.Rewrite(incoming, local);
        core.Batch.Put(currentKey, record);
        core.History.Stage(state, key, local.HistorySequence, record);
        if (core.Changes.IsWatched)
            core.Changes.Stage(state, key, record, isLocal: false);
        core.Expiry.Stage(state, key, incoming);
        if (incoming.Version == previous)
            return;
        IndexEntry.Put(core.Batch, state.Id, incoming.Version, key, core.IndexScratch);
        core.StageReplacement(state, incoming.Version, previous, isLocal: false, incoming.IsTombstone, wasTombstone);
    }

    // R2: the target may only be joined if our own vector, now, covers the base that the sender assumed.
    private bool TryStageJoin(NamespaceState state, VectorJoin join)
    {
        CheckVector(join.Target);
        if (!state.Vector.Dominates(join.Base))
            return false;

        // A sender that has purged what we do not cover must send everything (R7): its target would have us cover deletions that we never saw.
        if (join.Frontier is { } frontier && !state.Vector.Dominates(frontier))
            return false;
        var vector = Joined(state.Vector, join.Target);
        vector.Advance(core.Identity.Replica, core.Reissuer.LastScalar);
        core.StageJoin(state, vector);
        Observe(join.Target.GreatestScalar());
        return true;
    }

    private VersionVector Joined(VersionVector ours, VersionVector target)
    {
        var vector = ours.Clone();
        vector.Join(target);
        if (vector.Count >= VersionVector.MaxOrigins)
            throw Malformed($"the joined vector would name {vector.Count} replicas, more than a vector holds");
        return vector;
    }

    private void CheckVector(VersionVector vector)
    {
        foreach (var replica in vector.Origins)
        {
            CheckScalar(Math.Max(1, vector.HighMark(replica)));
            if (replica.Pid == 0)
                throw Malformed("a vector names the replica 0, which nobody is");
        }

        CheckScalar(Math.Max(1, vector.GreatestScalar()));
    }

    // A finished stream leaves no cursor; a joined target makes it pointless.
    private void StageCursor(NamespaceState state, StreamCursor cursor, bool joined)
    {
        Span<byte> key = stackalloc byte[KeySpaces.CursorKeyBytes];
        KeySpaces.CursorKey(key, state.Id, cursor.Sender);
        if (joined || cursor.Position.IsNone)
            core.Batch.Delete(key);
        else
            MetaRecords.Put(core.Batch, key, cursor.Encode());
    }

    private void Count(UpdateKind kind)
    {
        _counts.Add(kind);
        core.Count(kind);
    }

    private HonuException Malformed(string what) =>
        new(HonuErrorCode.MalformedRecord, $"A peer sent data that fails its checks: {what}. Nothing of it was applied.", core.Path);
}
