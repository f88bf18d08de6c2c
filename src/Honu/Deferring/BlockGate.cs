using Honu.Format;
using Honu.Writing;

namespace Honu.Deferring;

/// <summary>Judges the records of one block before any is applied: which become objects, which have to wait, which cannot be held; and whether the block says that this store was set back.</summary>
internal sealed class BlockGate(StoreCore core)
{
    // Looking for one version under two keys costs a read for each record: only while that is nothing beside the rest.
    private const int FewLoose = 64;

    private int _ahead;
    private long _aheadBytes;
    private int _poison;
    private long _poisonBytes;
    private bool _isSetBack;

    /// <summary>How many records were deferred.</summary>
    public int Deferred { get; private set; }

    /// <summary>How many records are in quarantine.</summary>
    public int Quarantined { get; private set; }

    /// <summary>The latest scalar that a deferred record waits for; 0 when none was deferred.</summary>
    public ulong Until { get; private set; }

    /// <summary>Checks the vectors that come with a block. A poisoned scalar is refused before anything changes.</summary>
    public void CheckVectors(NamespaceState state, StreamCursor? cursor, VectorJoin? join)
    {
        if (cursor is not null)
            CheckVector(cursor.Target);
        if (join is null)
            return;
        CheckVector(join.Base);
        CheckVector(join.Target);

        // Who covers more of what this store writes than it does itself knows it from a time that it has forgotten.
        var own = new VersionVector();
        own.JoinOf(core.Identity.Replica, join.Target);
        _isSetBack |= !state.Vector.Dominates(own);
    }

    /// <summary>Checks a record whose checksum is right.</summary>
    /// <exception cref="HonuException">It is malformed, or too much waits or is in quarantine already.</exception>
    public void Check(NamespaceState state, ReadOnlySpan<byte> key, scoped in RecordReader record)
    {
        CheckScalar(record.Version.Scalar);
        if (record.IsDropped)
            CheckScalar(record.Expiry);
        _isSetBack |= record.Version.Replica == core.Identity.Replica && !state.Vector.Covers(record.Version);
        var bytes = key.Length + record.PortableLength;
        if (core.Held.Deferred.DueOf(record) is > 0 and var due)
        {
            var waiting = core.Held.Deferred.Of(state);
            (_ahead, _aheadBytes) = (_ahead + 1, _aheadBytes + bytes);
            if (waiting.Rows + _ahead > DeferredStore.MaxRows || waiting.Bytes + _aheadBytes > DeferredStore.MaxBytes)
                throw TooFarAhead(due);
        }
        else if (core.Held.Quarantine.ReasonOf(record) is { } reason)
        {
            (_poison, _poisonBytes) = (_poison + 1, _poisonBytes + bytes);
            if (core.Held.Quarantine.Count(state) + _poison > QuarantineStore.MaxRows || core.Held.Quarantine.Bytes(state) + _poisonBytes > QuarantineStore.MaxBytes)
                throw new HonuException(HonuErrorCode.LimitExceeded, $"A peer sent a record that this store cannot hold ({reason}), and the quarantine of namespace \"{state.Name}\" is full. Look at it (honu quarantine list), then retry or discard.", core.Path);
        }
    }

    /// <summary>Begins a new epoch if the block names writes of this store that it does not know. Nothing of the block was applied.</summary>
    public void ThrowIfSetBack()
    {
        if (!_isSetBack)
            return;
        core.Abandon();
        core.Held.Claims.BeginNewEpoch();
        throw new HonuException(HonuErrorCode.IdentityMismatch, "A peer knows writes of this store that it does not know itself: it was set back to an earlier state. It has taken a new epoch and asks for its own writes again.", core.Path);
    }

    /// <summary>Keeps a record that cannot be an object now.</summary>
    /// <param name="state">The namespace.</param>
    /// <param name="key">Its key.</param>
    /// <param name="record">The record.</param>
    /// <param name="isDue">Whether it has waited already, and does so no more, whatever the time of day does now.</param>
    /// <param name="needless">What it is to what is here, when it need not be kept either.</param>
    /// <returns>Whether it was dealt with.</returns>
    public bool TryHold(NamespaceState state, ReadOnlySpan<byte> key, scoped in RecordReader record, bool isDue, out UpdateKind? needless)
    {
        needless = null;
        if (!isDue && core.Held.Deferred.DueOf(record) is > 0 and var due)
        {
            core.Held.Deferred.StageRecord(state, key, record, due);
            Deferred++;
            Until = Math.Max(Until, due);
            return true;
        }

        if (core.Held.Quarantine.ReasonOf(record) is null)
            return false;
        needless = core.Held.Quarantine.Stage(state, key, record);
        Quarantined += needless is null ? 1 : 0;
        return true;
    }

    /// <summary>Remembers for the end of the stream that it has brought deferred records; at its end that is its target's matter.</summary>
    public void StageMark(NamespaceState state, StreamCursor? cursor, bool hasEnded)
    {
        if (hasEnded && cursor is not null)
            core.Held.Deferred.StageMarkRemoval(state, cursor.Sender);
        else if (!hasEnded && Until > 0)
            core.Held.Deferred.StageMark(state, cursor, Until);
    }

    /// <summary>Looks whether a version stands under another key as well, where that is cheap: verify finds it everywhere.</summary>
    public void LookForOtherKey(NamespaceState state, ReadOnlySpan<byte> key, VersionId version, bool isCovered)
    {
        if (!isCovered && state.Loose.Count is 0 or > FewLoose)
            return;
        Span<byte> indexKey = stackalloc byte[KeySpaces.IndexKeyBytes];
        KeySpaces.IndexKey(indexKey, state.Id, version.Replica, version.Scalar);
        using var entry = core.Engine.Get(indexKey);
        if (!entry.Found)
            return;
        var otherKey = IndexEntry.ReadKey(indexKey, entry.Span);
        using var other = core.Engine.Get(KeySpaces.CurrentKey(new byte[KeySpaces.MaxKeyBytes], state.Id, otherKey));
        if (otherKey.SequenceEqual(key) || !other.Found || RecordReader.ReadVersion(other.Span) != version)
            return;
        core.Count(UpdateKind.Equivocation);
        core.Held.NoteEquivocation(state, key, version, otherKey);
    }

    private void CheckVector(VersionVector vector) => CheckScalar(Math.Max(1, vector.GreatestScalar()));

    private void CheckScalar(ulong scalar)
    {
        if (core.Clock.Check(scalar) == ScalarCheck.Malformed)
            throw core.Applier.Malformed($"the scalar {scalar} lies more than a day, or 2^40 of a counter, ahead");
    }

    private HonuException TooFarAhead(ulong scalar) => new(HonuErrorCode.ClockDrift, $"A peer's scalar {scalar} lies further ahead of this machine's clock than {core.Options.MaxClockDrift} (MaxClockDrift), and too many such records wait already. Set both clocks right; replication goes on by itself.", core.Path);
}
