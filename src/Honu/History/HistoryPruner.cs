using Honu.Engines;
using Honu.Format;
using Honu.Writing;

namespace Honu.History;

/// <summary>Brings history into line with its namespace's retention: removes what is too old, and moves what a changed retention looks for in another slot.</summary>
/// <remarks>
/// Walks the history of the namespaces that need it, some keys at a step, from where the last step ended. A namespace that keeps a
/// number of versions needs one walk after a change; one that keeps a span of time is walked for ever. Each step is a commit of its own.
/// </remarks>
internal sealed class HistoryPruner(StoreCore core)
{
    private readonly List<HistorySlot> _slots = [];
    private readonly byte[] _keyBuffer = new byte[KeySpaces.MaxKeyBytes];
    private ushort _namespace;
    private byte[]? _position;

    /// <summary>Whether a version has more than the kept number of later ones, or belongs to a sequence that was given up.</summary>
    public static bool IsOutnumbered(Retention retention, ulong sequence, ulong newest) =>
        sequence > newest || (retention.Kind == RetentionKind.Versions && sequence + (ulong)retention.Count <= newest);

    /// <summary>A version that was replaced before this scalar is too old.</summary>
    public static ulong OldestScalar(Retention retention, TimeProvider time)
    {
        var oldest = time.GetUtcNow() - DateTimeOffset.UnixEpoch - retention.Duration;
        return oldest <= TimeSpan.Zero ? 0 : (ulong)oldest.TotalMilliseconds << HybridLogicalClock.CounterBits;
    }

    /// <summary>Whether there is anything to walk at all.</summary>
    public bool HasWork => core.Namespaces.All.Any(NeedsWalk);

    /// <summary>Looks at the history of some keys, and removes and moves what is wrong. Called by the committing thread.</summary>
    /// <param name="maxEntries">How many entries to look at, apart from those of the last key, which is always finished.</param>
    /// <returns>Whether the walk has not come to its end yet.</returns>
    public bool Step(int maxEntries)
    {
        if (FindNamespace() is not { } state)
            return false;
        var seen = 0;
        Span<byte> prefix = stackalloc byte[KeySpaces.NamespacePrefixBytes];
        KeySpaces.Prefix(prefix, KeySpaces.History, state.Id);
        using var history = core.Engine.CreateIterator();
        history.Seek(_position ?? prefix);
        while (history.IsValid && history.Key.StartsWith(prefix) && seen < maxEntries)
            seen += WalkKey(state, history);
        history.ThrowIfFailed();
        var isAtEnd = !history.IsValid || !history.Key.StartsWith(prefix);
        _position = isAtEnd ? null : history.Key.ToArray();
        if (isAtEnd)
            EndNamespace(state);
        core.WriteBatch(sync: false);
        return !isAtEnd || FindNamespace() is not null;
    }

    private static bool NeedsWalk(NamespaceState state) => !state.Retention.IsSettled || state.Retention.Retention.Kind == RetentionKind.Time;

    // The first that needs a walk, from the one where the last step ended; null after the last of them, and the next call begins anew.
    private NamespaceState? FindNamespace()
    {
        var state = core.Namespaces.All.Where(state => state.Id >= _namespace && NeedsWalk(state)).MinBy(static state => state.Id);
        if (state is null)
        {
            _namespace = 0;
            _position = null;
        }
        else if (state.Id != _namespace)
        {
            _namespace = state.Id;
            _position = null;
        }

        return state;
    }

    private void EndNamespace(NamespaceState state)
    {
        if (!state.Retention.IsSettled)
        {
            // Published only when it is written: a walk whose batch failed has settled nothing.
            var settled = state.Retention with { IsSettled = true };
            settled.Stage(core.Batch, state.Id);
            core.WriteBatch(sync: false);
            state.Retention = settled;
        }

        _namespace++;
    }

    /// <summary>A retention was changed: a walk that is under way there would end too early.</summary>
    public void Restart() => (_namespace, _position) = (0, null);

    private int WalkKey(NamespaceState state, EngineIterator history)
    {
        _slots.Clear();
        var key = KeySpaces.ReadHistoryKey(history.Key, out var slot).ToArray();
        do
        {
            var record = StoreCore.Parse(history.Value, key);
            _slots.Add(new HistorySlot(slot, record.HistorySequence, record.Version.Scalar));
            history.Next();
        }
        while (history.IsValid && KeySpaces.IsHistoryKeyOf(history.Key, state.Id, key, out slot));

        var (newest, current) = ReadCurrent(core, snapshot: null, state, key, _keyBuffer);
        Judge(_slots, state.Retention.Retention, core.Options.Environment.Time, newest, current);
        Tidy(state, key);
        return _slots.Count;
    }

    // Newest first: each one is judged by the version that replaced it. The copy of the current version is never too old: the next overwrite relies on it.
    private static void Judge(List<HistorySlot> slots, Retention retention, TimeProvider time, ulong newest, ulong replacedAt)
    {
        slots.Sort(static (a, b) => b.Sequence.CompareTo(a.Sequence));
        var oldest = retention.Kind == RetentionKind.Time ? OldestScalar(retention, time) : 0;
        for (var i = 0; i < slots.Count; i++)
        {
            var entry = slots[i];
            var isKept = retention.KeepsHistory && !IsOutnumbered(retention, entry.Sequence, newest)
                && (entry.Sequence == newest || replacedAt >= oldest)
                && (i == 0 || slots[i - 1].Sequence != entry.Sequence);
            slots[i] = entry with { Expected = isKept ? HistoryStore.Slot(retention, entry.Sequence) : null };
            replacedAt = Math.Min(replacedAt, entry.Scalar);
        }
    }

    /// <summary>How many entries of a key's history the next walk will remove, as of a snapshot.</summary>
    public static long CountRemovable(StoreCore core, EngineSnapshot snapshot, NamespaceState state, byte[] key, List<HistorySlot> slots)
    {
        var (newest, current) = ReadCurrent(core, snapshot, state, key, new byte[KeySpaces.MaxKeyBytes]);
        Judge(slots, state.Retention.Retention, core.Options.Environment.Time, newest, current);
        return slots.Count(static slot => slot.Expected is null);
    }

    // History without a current record is what a removed object leaves behind.
    private static (ulong Sequence, ulong Scalar) ReadCurrent(StoreCore core, EngineSnapshot? snapshot, NamespaceState state, byte[] key, byte[] keyBuffer)
    {
        using var found = core.Engine.Get(KeySpaces.CurrentKey(keyBuffer, state.Id, key), snapshot);
        if (!found.Found)
            return default;
        var record = StoreCore.Parse(found.Span, key);
        return (record.HistorySequence, record.Version.Scalar);
    }

    // First everything that leaves its slot, then everything that takes one: a slot may change hands within the batch.
    private void Tidy(NamespaceState state, byte[] key)
    {
        foreach (var entry in _slots)
        {
            if (entry.Expected != entry.Slot)
                core.Batch.Delete(KeySpaces.HistoryKey(_keyBuffer, state.Id, key, entry.Slot));
        }

        foreach (var entry in _slots)
        {
            if (entry.Expected is not { } expected || expected == entry.Slot)
                continue;
            using var record = core.Engine.Get(KeySpaces.HistoryKey(_keyBuffer, state.Id, key, entry.Slot));
            core.Batch.Put(KeySpaces.HistoryKey(_keyBuffer, state.Id, key, expected), record.Span);
        }
    }

}
