using Honu.Engines;
using Honu.Format;
using Honu.Writing;

namespace Honu.Purging;

/// <summary>The walk over a namespace that finds its deletions after an opening, some records at a step, outside of the queue.</summary>
internal sealed class DeletionCount : IDisposable
{
    private readonly StoreCore _core;
    private readonly NamespaceState _state;
    private readonly int _generation;
    private readonly EngineIterator _records;
    private readonly byte[] _prefix = new byte[KeySpaces.NamespacePrefixBytes];
    private readonly Dictionary<ReplicaId, (ulong Smallest, ulong Greatest)> _found = [];
    private long _tombstones;

    private DeletionCount(StoreCore core, NamespaceState state)
    {
        _core = core;
        _state = state;
        _generation = state.Deletions.Generation;
        _records = core.Engine.CreateIterator(verify: true);
        KeySpaces.Prefix(_prefix, KeySpaces.Current, state.Id);
        _records.Seek(_prefix);
    }

    /// <summary>Whether it is of no use any more: its namespace was dropped, or the engine opened again.</summary>
    public bool IsOver => _state.IsDropped || _state.Deletions.Generation != _generation;

    /// <summary>Begins. In the queue: what changes from here on is counted when it is committed.</summary>
    public static DeletionCount Begin(StoreCore core, NamespaceState state)
    {
        core.ThrowIfUnusable();
        state.Deletions.BeginCount();
        return new DeletionCount(core, state);
    }

    /// <summary>Looks at some records. Returns whether those were the last.</summary>
    public bool Step(int maxRecords)
    {
        for (; maxRecords > 0 && _records.IsValid && _records.Key.StartsWith(_prefix); maxRecords--, _records.Next())
        {
            var record = StoreCore.Parse(_records.Value, _records.Key[_prefix.Length..]);
            _tombstones += record.IsTombstone ? 1 : 0;
            if (!record.IsDeleted(_core.Clock))
                continue;
            var version = record.Version;
            var known = _found.GetValueOrDefault(version.Replica, (ulong.MaxValue, 0UL));
            _found[version.Replica] = (Math.Min(known.Item1, version.Scalar), Math.Max(known.Item2, version.Scalar));
        }

        _records.ThrowIfFailed();
        return !_records.IsValid || !_records.Key.StartsWith(_prefix);
    }

    /// <summary>Tells what was found. In the queue.</summary>
    public void End()
    {
        if (IsOver)
            return;
        foreach (var (origin, (smallest, greatest)) in _found)
            _state.Deletions.Note(new VersionId(smallest, origin), greatest);
        _state.Deletions.EndCount(_tombstones);
    }

    public void Dispose() => _records.Dispose();
}
