using Honu.Engines;
using Honu.Format;
using Honu.Writing;

namespace Honu.Care;

/// <summary>Counts what a store holds, from one snapshot.</summary>
internal static class StatisticsCollector
{
    public static StoreStatistics Collect(StoreCore core)
    {
        using var snapshot = core.Engine.CreateSnapshot();
        var namespaces = HonuStore.NamesOf(core).Select(core.Namespaces.Find).OfType<NamespaceState>().Select(state => Collect(core, snapshot, state)).ToList();
        var updates = Enum.GetValues<UpdateKind>().Where(kind => core.Updates(kind) > 0).ToDictionary(kind => kind, core.Updates);
        return new StoreStatistics
        {
            Namespaces = namespaces,
            DiskBytes = Directory.Exists(core.Path) ? DiskBytes(core.Path) : 0,
            EngineMemoryBytes = core.Engine.GetMemoryBytes(),
            LookupMemoryBytes = core.Heads.Bytes + core.Presence.Bytes,
            Updates = updates,
            ResolverFailures = core.Conflicts.ResolverFailures,
            ConflictsForgotten = core.Conflicts.Forgotten,
        };
    }

    private static NamespaceStatistics Collect(StoreCore core, EngineSnapshot snapshot, NamespaceState state)
    {
        var (current, tombstones, valueBytes) = Count(core, snapshot, state.Id);
        var history = HistoryCount.Of(core, snapshot, state);
        state.CountedTombstones = tombstones;
        var (vector, loose, conflicts) = core.Exclusively(state, static state => (state.Vector.Clone(), state.Loose.Count, state.Conflicts.Rows));
        return new NamespaceStatistics
        {
            Name = state.Name,
            Objects = current - tombstones,
            Tombstones = tombstones,
            ValueBytes = valueBytes,
            HistoryEntries = history.Entries,
            HistoryBytes = history.ValueBytes,
            HistoryBacklog = history.Backlog,
            OldestVersion = history.Oldest,
            Vector = vector.Origins.ToDictionary(replica => replica, vector.HighMark),
            LooseRecords = loose,
            Conflicts = conflicts,
        };
    }

    /// <summary>Current records, how many of them are deleted, and the bytes of their values.</summary>
    public static (long Records, long Tombstones, long ValueBytes) Count(StoreCore core, EngineSnapshot snapshot, ushort ns)
    {
        long records = 0, tombstones = 0, valueBytes = 0;
        Span<byte> prefix = stackalloc byte[KeySpaces.NamespacePrefixBytes];
        KeySpaces.Prefix(prefix, KeySpaces.Current, ns);
        using var iterator = core.Engine.CreateIterator(snapshot);
        for (iterator.Seek(prefix); iterator.IsValid && iterator.Key.StartsWith(prefix); iterator.Next())
        {
            var record = StoreCore.Parse(iterator.Value, iterator.Key[prefix.Length..]);
            records++;
            tombstones += record.IsDeleted(core.Clock) ? 1 : 0;
            valueBytes += record.Value.Length;
        }

        iterator.ThrowIfFailed();
        return (records, tombstones, valueBytes);
    }

    private static long DiskBytes(string path)
    {
        long bytes = 0;
        foreach (var file in new DirectoryInfo(path).EnumerateFiles("*", SearchOption.AllDirectories))
        {
            try
            {
                bytes += file.Length;
            }
            catch (FileNotFoundException)
            {
                // The engine removed it while we were counting.
            }
        }

        return bytes;
    }
}
