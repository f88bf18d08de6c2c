using Honu.Engines;
using Honu.Format;
using Honu.Writing;

namespace Honu.History;

/// <summary>Older versions of objects, with their values, in slots per key.</summary>
/// <remarks>
/// Each version of a key has a sequence. Where a number of versions is kept, slot = sequence mod that number, so the oldest is
/// overwritten and pruning is free; otherwise the slot is the sequence, and <see cref="HistoryPruner"/> removes what is too old. The
/// first overwrite of a key copies the old record into its slot; from then on each new record is written to its slot together with the
/// current record, and no old value is copied. Only the committing thread writes.
/// </remarks>
internal sealed class HistoryStore(StoreCore core)
{
    private readonly byte[] _keyBuffer = new byte[KeySpaces.MaxKeyBytes];

    /// <summary>Whether the record that is current now must be copied before it is replaced: it is in no slot of the present retention.</summary>
    public static bool MustCopy(NamespaceState state, VersionId current, ulong sequence) =>
        state.Retention.Retention.KeepsHistory && (sequence == 0 || current.Scalar <= state.Retention.Since);

    /// <summary>The sequence of the record that follows one whose own place is certain (<see cref="MustCopy"/> is false).</summary>
    public static ulong Next(NamespaceState state, ulong sequence) => state.Retention.Retention.KeepsHistory ? sequence + 1 : sequence;

    /// <summary>Copies the record that is about to be replaced into its slot, if it is not there yet. Returns the sequence that the new record takes.</summary>
    /// <param name="state">The namespace.</param>
    /// <param name="key">The key.</param>
    /// <param name="previous">The record that is current now.</param>
    /// <param name="lostConflict">Whether it goes because it lost a conflict: it is then copied again, with that mark.</param>
    public ulong StagePrevious(NamespaceState state, ReadOnlySpan<byte> key, scoped in RecordReader previous, bool lostConflict)
    {
        // The sequence goes on while nothing is kept, so that slots of an earlier retention do not come back as new ones.
        var sequence = previous.HistorySequence;
        if (state.Retention.Retention.KeepsHistory && (lostConflict || (MustCopy(state, previous.Version, sequence) && !IsInSlot(state, key, previous))))
        {
            sequence++;
            Stage(state, key, sequence, core.Records.Rewrite(previous, new LocalPart(sequence, Losers: null, lostConflict)));
        }

        return Next(state, sequence);
    }

    // After a change of the retention, the pruner may have moved the copy to where it is looked for now; a second one would take another version's place.
    private bool IsInSlot(NamespaceState state, ReadOnlySpan<byte> key, scoped in RecordReader current)
    {
        if (current.HistorySequence == 0)
            return false;
        using var copy = core.Engine.Get(KeySpaces.HistoryKey(_keyBuffer, state.Id, key, Slot(state.Retention.Retention, current.HistorySequence)));
        return copy.Found && StoreCore.Parse(copy.Span, key).Version == current.Version;
    }

    /// <summary>Puts a record into the slot of its sequence.</summary>
    public void Stage(NamespaceState state, ReadOnlySpan<byte> key, ulong sequence, ReadOnlySpan<byte> record)
    {
        if (state.Retention.Retention.KeepsHistory && sequence != 0)
            core.Batch.Put(KeySpaces.HistoryKey(_keyBuffer, state.Id, key, Slot(state.Retention.Retention, sequence)), record);
    }

    /// <summary>Where the record with a sequence stands.</summary>
    public static ulong Slot(Retention retention, ulong sequence) =>
        retention.Kind == RetentionKind.Versions ? sequence % (ulong)retention.Count : sequence;

    /// <summary>The versions of a key, the winner first, then by descending version.</summary>
    public static IReadOnlyList<HistoryEntry> Read(StoreCore core, EngineSnapshot? snapshot, NamespaceState state, ReadOnlySpan<byte> key)
    {
        var engine = core.Engine;
        var retention = state.Retention.Retention;
        var entries = new List<HistoryEntry>();
        Span<byte> engineKey = stackalloc byte[KeySpaces.MaxKeyBytes];
        ulong newest;
        using (var current = engine.Get(KeySpaces.CurrentKey(engineKey, state.Id, key), snapshot))
        {
            if (!current.Found)
                return entries;
            var record = Verified(current.Span, key);
            newest = record.HistorySequence;
            entries.Add(Entry(record, core, lostConflict: false));
        }

        if (newest == 0)
            return entries;

        using var iterator = engine.CreateIterator(snapshot, verify: true);
        var prefix = KeySpaces.HistoryPrefix(engineKey, state.Id, key);
        for (iterator.Seek(prefix); iterator.IsValid && iterator.Key.StartsWith(prefix); iterator.Next())
        {
            var record = Verified(iterator.Value, key);

            // A slot may still hold what an earlier, longer retention put there.
            if (!HistoryPruner.IsOutnumbered(retention, record.HistorySequence, newest))
                Merge(entries, record, core);
        }

        iterator.ThrowIfFailed();
        entries.Sort(1, entries.Count - 1, Comparer<HistoryEntry>.Create(static (a, b) => VersionOrder.Compare(b.Version.Id, a.Version.Id)));
        if (entries.Count > retention.Count)
            entries.RemoveRange(retention.Count, entries.Count - retention.Count);
        RemoveOutdated(entries, retention, core);
        return entries;
    }

    // What was replaced too long ago is gone for a reader, whether the pruner has come by or not.
    private static void RemoveOutdated(List<HistoryEntry> entries, Retention retention, StoreCore core)
    {
        if (retention.Kind != RetentionKind.Time)
            return;
        var oldest = HistoryPruner.OldestScalar(retention, core.Options.Environment.Time);
        var first = entries.FindIndex(entry => entry.Version.Id.Scalar < oldest);
        if (first >= 0 && first + 1 < entries.Count)
            entries.RemoveRange(first + 1, entries.Count - first - 1);
    }

    private static RecordReader Verified(ReadOnlySpan<byte> bytes, ReadOnlySpan<byte> key)
    {
        var record = StoreCore.Parse(bytes, key);
        return record.Verify(key) ? record : throw StoreCore.Damaged(key);
    }

    private static HistoryEntry Entry(in RecordReader record, StoreCore core, bool lostConflict)
    {
        var version = record.ToObjectVersion(core.Clock);
        return new HistoryEntry(version, version.IsDeleted ? default : record.Value.ToArray(), lostConflict);
    }

    // A version that lost a conflict after it had been current is there twice: the marked copy counts.
    private static void Merge(List<HistoryEntry> entries, in RecordReader record, StoreCore core)
    {
        var version = record.Version;
        var at = entries.FindIndex(entry => entry.Version.Id == version);
        if (at < 0)
            entries.Add(Entry(record, core, record.LostConflict));
        else if (at > 0 && record.LostConflict)
            entries[at] = entries[at] with { LostConflict = true };
    }
}
