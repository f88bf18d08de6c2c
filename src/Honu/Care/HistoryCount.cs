using Honu.Engines;
using Honu.Format;
using Honu.History;
using Honu.Writing;

namespace Honu.Care;

/// <summary>What the history of one namespace holds.</summary>
internal readonly record struct HistoryCount(long Entries, long ValueBytes, long Backlog, DateTimeOffset? Oldest)
{
    /// <summary>Walks the history as of a snapshot.</summary>
    public static HistoryCount Of(StoreCore core, EngineSnapshot snapshot, NamespaceState state)
    {
        long entries = 0, valueBytes = 0, backlog = 0;
        var oldest = ulong.MaxValue;
        Span<byte> prefix = stackalloc byte[KeySpaces.NamespacePrefixBytes];
        KeySpaces.Prefix(prefix, KeySpaces.History, state.Id);
        var versions = new List<HistorySlot>();
        using var history = core.Engine.CreateIterator(snapshot);
        history.Seek(prefix);
        while (history.IsValid && history.Key.StartsWith(prefix))
        {
            versions.Clear();
            var key = KeySpaces.ReadHistoryKey(history.Key, out var slot).ToArray();
            do
            {
                var record = StoreCore.Parse(history.Value, key);
                versions.Add(new HistorySlot(slot, record.HistorySequence, record.Version.Scalar));
                valueBytes += record.Value.Length;
                oldest = Math.Min(oldest, record.Version.Scalar);
                history.Next();
            }
            while (history.IsValid && KeySpaces.IsHistoryKeyOf(history.Key, state.Id, key, out slot));

            entries += versions.Count;
            backlog += HistoryPruner.CountRemovable(core, snapshot, state, key, versions);
        }

        history.ThrowIfFailed();
        return new HistoryCount(entries, valueBytes, backlog, entries == 0 || core.Identity.Clock != VersionClock.Hybrid ? null : HybridLogicalClock.ToTime(oldest));
    }
}
