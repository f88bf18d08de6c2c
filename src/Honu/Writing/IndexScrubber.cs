using Honu.Format;

namespace Honu.Writing;

/// <summary>Makes the index agree with the current records again. Called by the committing thread, or before there is any.</summary>
internal static class IndexScrubber
{
    /// <summary>Removes every entry whose version is not current: what an unclean stop kept from being trimmed.</summary>
    /// <returns>How many were removed.</returns>
    public static long RemoveStale(StoreCore core)
    {
        core.Trimmer.Trim();
        long removed = 0;
        using var index = core.Engine.CreateIterator(verify: true);
        Span<byte> start = stackalloc byte[KeySpaces.NamespacePrefixBytes];
        Span<byte> currentKey = stackalloc byte[KeySpaces.MaxKeyBytes];
        foreach (var state in core.Namespaces.All)
        {
            for (index.Seek(KeySpaces.Prefix(start, KeySpaces.Index, state.Id)); index.IsValid && KeySpaces.TryReadIndexKey(index.Key, state.Id, out var version); index.Next())
            {
                var key = IndexEntry.ReadKey(index.Key, index.Value);
                using (var record = core.Engine.Get(KeySpaces.CurrentKey(currentKey, state.Id, key)))
                {
                    if (record.Found && record.Span.Length >= RecordLayout.HeaderBytes && RecordReader.ReadVersion(record.Span) == version)
                        continue;
                }

                if (core.Held.Quarantine.Holds(state, key, version))
                    continue;
                core.Trimmer.Add(state, version);
                removed++;
                if (core.Trimmer.IsDue)
                    core.Trimmer.Trim();
            }
        }

        index.ThrowIfFailed();
        core.Trimmer.Trim();
        return removed;
    }

    /// <summary>Adds the entry of every current record that has none.</summary>
    /// <remarks>
    /// A power loss may take an older log and keep a newer one: the overwrite of a record is gone, but the removal of its index entry
    /// stayed. The record is current again, and nobody would ever be sent it although our vector covers it.
    /// </remarks>
    /// <returns>How many were added.</returns>
    public static long AddMissing(StoreCore core)
    {
        long added = 0;
        Span<byte> prefix = stackalloc byte[KeySpaces.NamespacePrefixBytes];
        Span<byte> indexKey = stackalloc byte[KeySpaces.IndexKeyBytes];
        using var current = core.Engine.CreateIterator(verify: true);
        foreach (var state in core.Namespaces.All)
        {
            KeySpaces.Prefix(prefix, KeySpaces.Current, state.Id);
            for (current.Seek(prefix); current.IsValid && current.Key.StartsWith(prefix); current.Next())
            {
                var key = current.Key[prefix.Length..];
                var record = StoreCore.Parse(current.Value, key);
                var version = record.Version;

                // Dropping a value removes its entry; a power loss that takes the one may keep the other.
                core.Expiry.Stage(state, key, record);
                if (core.Batch.Count >= IndexTrimmer.BatchSize)
                    core.WriteBatch(sync: false);
                using (var entry = core.Engine.Get(KeySpaces.IndexKey(indexKey, state.Id, version.Replica, version.Scalar)))
                {
                    if (entry.Found)
                        continue;
                }

                IndexEntry.Put(core.Batch, state.Id, version, key, core.IndexScratch);
                added++;
            }
        }

        current.ThrowIfFailed();
        core.WriteBatch(sync: false);
        return added;
    }
}
