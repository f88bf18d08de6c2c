using Honu.Engines;
using Honu.Format;
using Honu.Writing;

namespace Honu.History;

/// <summary>Older versions of objects, with their values, in a ring of slots per key.</summary>
/// <remarks>
/// Slot = sequence mod the number of kept versions, so the oldest is overwritten and pruning is free. The first overwrite of a key
/// copies the old record into the ring; from then on each new record is written to its slot together with the current record, and
/// no old value is copied. Only the committing thread writes.
/// </remarks>
internal sealed class HistoryStore(StoreCore core)
{
    private readonly byte[] _keyBuffer = new byte[KeySpaces.MaxKeyBytes];

    private ulong Capacity => (ulong)core.Options.Retention.Count;

    public bool IsKept => Capacity > 1;

    /// <summary>Copies the record that is about to be replaced into the ring, if it is not there yet. Returns the sequence that the new record takes.</summary>
    /// <param name="state">The namespace.</param>
    /// <param name="key">The key.</param>
    /// <param name="previous">The record that is current now.</param>
    /// <param name="lostConflict">Whether it goes because it lost a conflict: it is then copied again, with that mark.</param>
    public ulong StagePrevious(NamespaceState state, ReadOnlySpan<byte> key, scoped in RecordReader previous, bool lostConflict)
    {
        // The sequence goes on while nothing is kept, so that slots of an earlier retention do not come back as new ones.
        var sequence = previous.HistorySequence;
        if (!IsKept)
            return sequence;
        if (sequence == 0 || lostConflict)
        {
            sequence++;
            Stage(state, key, sequence, core.Records.Rewrite(previous, new LocalPart(sequence, Losers: null, lostConflict)));
        }

        return sequence + 1;
    }

    /// <summary>Puts a record into the slot of its sequence.</summary>
    public void Stage(NamespaceState state, ReadOnlySpan<byte> key, ulong sequence, ReadOnlySpan<byte> record)
    {
        if (IsKept && sequence != 0)
            core.Batch.Put(KeySpaces.HistoryKey(_keyBuffer, state.Id, key, sequence % Capacity), record);
    }

    /// <summary>The versions of a key, the winner first, then by descending version.</summary>
    public static IReadOnlyList<HistoryEntry> Read(IStorageEngine engine, EngineSnapshot? snapshot, NamespaceState state, ReadOnlySpan<byte> key, int capacity)
    {
        var entries = new List<HistoryEntry>();
        Span<byte> engineKey = stackalloc byte[KeySpaces.MaxKeyBytes];
        ulong newest;
        using (var current = engine.Get(KeySpaces.CurrentKey(engineKey, state.Id, key), snapshot))
        {
            if (!current.Found)
                return entries;
            var record = Verified(current.Span, key);
            newest = record.HistorySequence;
            entries.Add(new HistoryEntry(record.ToObjectVersion(), record.Value.ToArray(), LostConflict: false));
        }

        if (newest == 0)
            return entries;

        using var iterator = engine.CreateIterator(snapshot);
        var prefix = KeySpaces.HistoryPrefix(engineKey, state.Id, key);
        for (iterator.Seek(prefix); iterator.IsValid && iterator.Key.StartsWith(prefix); iterator.Next())
        {
            var record = Verified(iterator.Value, key);

            // A slot may still hold what an earlier, longer retention put there.
            if (record.HistorySequence + (ulong)capacity <= newest)
                continue;
            Merge(entries, record);
        }

        iterator.ThrowIfFailed();
        entries.Sort(1, entries.Count - 1, Comparer<HistoryEntry>.Create(static (a, b) => VersionOrder.Compare(b.Version.Id, a.Version.Id)));
        if (entries.Count > capacity)
            entries.RemoveRange(capacity, entries.Count - capacity);
        return entries;
    }

    private static RecordReader Verified(ReadOnlySpan<byte> bytes, ReadOnlySpan<byte> key)
    {
        var record = StoreCore.Parse(bytes, key);
        return record.Verify(key) ? record : throw StoreCore.Damaged(key);
    }

    // A version that lost a conflict after it had been current is in the ring twice: the marked copy counts.
    private static void Merge(List<HistoryEntry> entries, in RecordReader record)
    {
        var version = record.Version;
        var at = entries.FindIndex(entry => entry.Version.Id == version);
        if (at < 0)
            entries.Add(new HistoryEntry(record.ToObjectVersion(), record.Value.ToArray(), record.LostConflict));
        else if (at > 0 && record.LostConflict)
            entries[at] = entries[at] with { LostConflict = true };
    }
}
