using Honu.Deferring;
using Honu.Digests;
using Honu.Format;
using Honu.Reconciling;
using Honu.Writing;

namespace Honu.Applying;

/// <summary>Applies records of peers, each chunk in one engine batch, and joins vectors in the batch of a stream's last chunk.</summary>
/// <remarks>The order of the checks is R1: what the vector covers never changes the store; then the causal context tells fork from successor.</remarks>
internal sealed partial class RemoteApplier(StoreCore core)
{
    // Everybody who writes waits for a block: a peer's block must end.
    private const int MaxBlockRecords = 65536;

    private readonly HashSet<int> _keysInBatch = [];
    private readonly byte[] _keyBuffer = new byte[KeySpaces.MaxKeyBytes];
    private UpdateCounts _counts;
    private BlockGate _gate = null!;
    private ulong _outsiderMark;

    /// <summary>Applies one chunk. Called by the committing thread.</summary>
    /// <exception cref="HonuException">A record or vector fails its checks, or is too far ahead of the clock: nothing of the present batch was written.</exception>
    public ApplyResult Apply(string ns, ReadOnlySpan<byte> block, StreamCursor? cursor, VectorJoin? join)
    {
        var isFull = cursor is { IsFull: true };
        var state = core.Namespaces.GetOrAdd(ns, core.Batch);
        BeginBlock(state);
        _gate.CheckVectors(state, cursor, join);
        var stream = isFull ? Enter(state, block, cursor!) : null;
        CheckAll(state, block, mayDefer: stream is null or { IsPlain: true });
        _gate.ThrowIfSetBack();
        var reader = new RecordBlockReader(block);
        while (reader.MoveNext())
            ApplyNext(state, reader.Key, StoreCore.Parse(reader.Record, reader.Key), stream is { IsPlain: true } ? null : stream);
        if (stream is { IsPlain: false })
            return EndChunk(state, stream, cursor!, join);

        var wait = join is null ? 0 : core.Held.Deferred.WaitOf(state, cursor, _gate.Until, join.Target);
        var mayJoin = join is not null && !core.Dropper.TakeBroken(ns, cursor) && DominatesFrontier(state, join);
        var joined = mayJoin && wait == 0 && TryStageJoin(state, join!);
        var isPending = mayJoin && !joined && core.Held.Deferred.TryStagePending(state, cursor, join!, wait);
        if (stream is not null)
            StagePlain(state, stream, cursor!, hasEnded: join is not null);
        else if (cursor is not null)
            StageCursor(state, cursor, joined || isPending);
        _gate.StageMark(state, cursor, joined || isPending);
        core.Commit(sync: false);
        return new ApplyResult(_counts, joined) { Reissued = _counts[UpdateKind.Reissued], Deferred = _gate.Deferred, Quarantined = _gate.Quarantined, JoinIsPending = isPending };
    }

    /// <summary>Begins a batch of records.</summary>
    public void BeginBlock(NamespaceState state)
    {
        _counts = default;
        _keysInBatch.Clear();
        core.Reissuer.Begin();
        _outsiderMark = state.OutsiderMark;
        _gate = new BlockGate(core);
    }

    /// <summary>Adds one checked record to the batch: as an object, or as one that waits or cannot be held.</summary>
    public void ApplyNext(NamespaceState state, ReadOnlySpan<byte> key, scoped in RecordReader incoming, FullStream? stream, bool isDue = false)
    {
        // Two records of one key in one chunk: the second must see what the first has written.
        var hash = default(HashCode);
        hash.AddBytes(key);
        if (!_keysInBatch.Add(hash.ToHashCode()))
            core.Commit(sync: false);
        if (state.FullStreams.Count > 0)
            core.Streams.StageForeign(state, stream, incoming);
        if (!_gate.TryHold(state, key, incoming, isDue, out var needless))
        {
            ApplyOne(state, key, incoming, stream);
            return;
        }

        if (stream is not null)
            core.Streams.StageKey(state, stream, key, incoming, withRecord: false);
        if (needless is { } kind)
            Count(kind);
    }

    /// <summary>Makes an object of a record that has been in quarantine: it counts as held, so the vector may cover it.</summary>
    public void ApplyHeld(NamespaceState state, ReadOnlySpan<byte> key, scoped in RecordReader held)
    {
        BeginBlock(state);
        ApplyOne(state, key, held, stream: null, isHeld: true);
    }

    // All of a block before any of it: a record that fails leaves nothing behind.
    private void CheckAll(NamespaceState state, ReadOnlySpan<byte> block, bool mayDefer)
    {
        var reader = new RecordBlockReader(block);
        for (var count = 0; reader.MoveNext(); count++)
        {
            if (count == MaxBlockRecords)
                throw Malformed($"a block has more than {MaxBlockRecords} records");
            Check(state, reader.Key, reader.Record, mayDefer);
        }

        if (reader.IsMalformed)
            throw Malformed("a block of records is cut off");
    }

    private void Check(NamespaceState state, ReadOnlySpan<byte> key, ReadOnlySpan<byte> bytes, bool mayDefer)
    {
        if (key.IsEmpty || key.Length > StoreLimits.MaxKeyBytes)
            throw Malformed($"a key has {key.Length} bytes");
        if (!RecordReader.TryParse(bytes, out var record) || (bytes[0] & RecordLayout.HasLocalPart) != 0)
            throw Malformed("the bytes of a record make no sense");
        if (!record.Verify(key))
            throw Malformed("a record fails its checksum");
        if (record.Version.Replica.Pid == 0)
            throw Malformed("a record names the replica 0, which nobody is");
        if (!mayDefer)
            CheckScalar(record.Version.Scalar);
        _gate.Check(state, key, record);
    }

    private void CheckScalar(ulong scalar)
    {
        switch (core.Clock.Check(scalar))
        {
            case ScalarCheck.Malformed:
                throw Malformed($"the scalar {scalar} lies more than a day, or 2^40 of a counter, ahead");
            case ScalarCheck.Ahead:
                throw new HonuException(HonuErrorCode.ClockDrift, $"A peer's scalar {scalar} lies further ahead of this machine's clock than {core.Options.MaxClockDrift} (MaxClockDrift). Set both clocks right; replication goes on by itself.", core.Path);
        }
    }

    private void Observe(ulong scalar)
    {
        if (!core.Faults.HasFlag(PlantedFaults.ClockNotAdvanced))
            core.Clock.Observe(scalar);
    }

    private void ApplyOne(NamespaceState state, ReadOnlySpan<byte> key, scoped in RecordReader incoming, FullStream? stream, bool isHeld = false)
    {
        Observe(incoming.Version.Scalar);
        var currentKey = KeySpaces.CurrentKey(_keyBuffer, state.Id, key);
        var hash = core.Hash.Of(state.Id, key);
        core.Heads.Remove(hash, state.Id, key);
        using var found = core.Presence.MayExist(hash) ? core.Engine.Get(currentKey) : default;
        var isCovered = !isHeld && state.Vector.Covers(incoming.Version);
        if (!isCovered)
            core.Held.Quarantine.StageReplaced(state, key, incoming);
        if (!found.Found)
        {
            _gate.LookForOtherKey(state, key, incoming.Version, isCovered);
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
        if (decided == UpdateKind.Equivocation)
            core.Held.NoteEquivocation(state, key, incoming.Version, key);

        // Of two contents of one version the same must stay everywhere, also where both vectors cover it: it is current, so nothing can come back by it (R1).
        if (isCovered && decided != UpdateKind.Equivocation)
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
                StageCurrent(state, key, currentKey, incoming, CurrentRecord.Of(current), new LocalPart(current.HistorySequence, current.Losers));
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
        StageCurrent(state, key, currentKey, incoming, before: default, new LocalPart(0));
        return incoming.Parent.IsNone ? UpdateKind.Linear : UpdateKind.Skip;
    }

    // R8: over a deletion, unless that was made knowing of the late write.
    private bool IsLate(scoped in RecordReader incoming, scoped in RecordReader current, UpdateKind decided) =>
        decided is UpdateKind.Linear or UpdateKind.Skip or UpdateKind.Stomp or UpdateKind.Stomped
        && current.IsDeleted(core.Clock) && IsLate(incoming);

    private bool IsLate(scoped in RecordReader incoming) => incoming.Version.Scalar <= _outsiderMark && !incoming.IsDeleted(core.Clock) && !core.Faults.HasFlag(PlantedFaults.LateOutsiderApplied);

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
        StageCurrent(state, key, currentKey, incoming, CurrentRecord.Of(current), new LocalPart(sequence, losers.Except(incoming.Context, incoming.Version)));
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

    private void StageCurrent(NamespaceState state, ReadOnlySpan<byte> key, ReadOnlySpan<byte> currentKey, scoped in RecordReader incoming, in CurrentRecord before, in LocalPart local)
    {
        var record = core.Records.Rewrite(incoming, local);
        core.Batch.Put(currentKey, record);
        core.History.Stage(state, key, local.HistorySequence, record);
        if (core.Changes.IsWatched)
            core.Changes.Stage(state, key, record, isLocal: false);
        core.Expiry.Stage(state, key, incoming);
        if (core.KeepsReplacedWrites && before.Version.Replica == core.Identity.Replica && incoming.Version.Replica != before.Version.Replica)
            state.Replaced.Add(before.Version.Scalar, key);
        if (incoming.Version != before.Version)
            IndexEntry.Put(core.Batch, state.Id, incoming.Version, key, core.IndexScratch);
        core.StageReplacement(state, CurrentRecord.Of(incoming), before, isLocal: false);
    }

    // R2: the target may only be joined if our own vector, now, covers the base that the sender assumed.
    private bool TryStageJoin(NamespaceState state, VectorJoin join)
    {
        if (!state.Vector.Dominates(join.Base))
            return false;
        var vector = Joined(state.Vector, join.Target);
        vector.Advance(core.Identity.Replica, core.Reissuer.LastScalar);
        core.StageJoin(state, vector);
        Observe(join.Target.GreatestScalar());

        // An interval too many was refused, and its records stay loose (R18).
        return vector.Dominates(join.Target);
    }

    // A sender that has purged what we do not cover must send everything (R7): its target would have us cover deletions that we never saw.
    private static bool DominatesFrontier(NamespaceState state, VectorJoin join) => join.Frontier is null || state.Vector.Dominates(join.Frontier);

    private VersionVector Joined(VersionVector ours, VersionVector target)
    {
        var vector = ours.Clone();
        vector.Join(target);
        if (vector.Count >= VersionVector.MaxOrigins)
            throw Malformed($"the joined vector would name {vector.Count} replicas, more than a vector holds");
        return vector;
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

    internal HonuException Malformed(string what) =>
        new(HonuErrorCode.MalformedRecord, $"A peer sent data that fails its checks: {what}. Nothing of it was applied.", core.Path);
}
