using Honu.Engines;
using Honu.Format;
using Honu.Writing;

namespace Honu.Purging;

/// <summary>What one purge looks at: ranges of the index and single keys, as of one snapshot.</summary>
internal sealed class PurgeWork : IDisposable
{
    public static PurgeWork None { get; } = new();

    private readonly StoreCore? _core;
    private readonly ushort _ns;
    private readonly EngineSnapshot? _snapshot;
    private readonly EngineIterator? _index;
    private readonly Queue<(VersionId Smallest, ulong Greatest)> _ranges = [];
    private readonly Queue<ReadOnlyMemory<byte>> _keys = [];
    private readonly byte[] _keyBuffer = new byte[KeySpaces.MaxKeyBytes];

    // What was handed out last: it goes back as well if its removal fails.
    private VersionId _handedFrom;
    private ulong _handedTo;
    private List<ReadOnlyMemory<byte>> _handedKeys = [];

    private PurgeWork()
    {
    }

    public PurgeWork(StoreCore core, ushort ns, List<(VersionId Smallest, ulong Greatest)> ranges, List<ReadOnlyMemory<byte>> keys)
    {
        IsEmpty = ranges.Count == 0 && keys.Count == 0;
        if (IsEmpty)
            return;
        _core = core;
        _ns = ns;
        _ranges = new(ranges);
        _keys = new(keys);
        _snapshot = core.Engine.CreateSnapshot();
        _index = core.Engine.CreateIterator(_snapshot, verify: true);
    }

    /// <summary>Whether there was nothing to look at from the start.</summary>
    public bool IsEmpty { get; } = true;

    /// <summary>Whether everything has been looked at.</summary>
    public bool IsDone => _ranges.Count == 0 && _keys.Count == 0;

    /// <summary>Adds deletions to <paramref name="found"/>.</summary>
    /// <param name="found">Receives their keys.</param>
    /// <param name="maxFound">Stop at this many.</param>
    /// <param name="maxLooked">Look at no more entries.</param>
    public void Find(List<ReadOnlyMemory<byte>> found, int maxFound, int maxLooked)
    {
        _handedKeys = [];
        while (found.Count < maxFound && maxLooked-- > 0 && _keys.TryDequeue(out var key))
        {
            found.Add(key);
            _handedKeys.Add(key);
        }

        _handedFrom = default;
        if (_ranges.Count == 0 || found.Count >= maxFound || maxLooked <= 0)
            return;
        var (next, greatest) = _ranges.Dequeue();
        (_handedFrom, _handedTo) = (next, greatest);
        _index!.Seek(KeySpaces.IndexKey(_keyBuffer, _ns, next.Replica, next.Scalar));
        for (; found.Count < maxFound && maxLooked-- > 0; _index.Next())
        {
            if (!_index.IsValid || !KeySpaces.TryReadIndexKey(_index.Key, _ns, out var version) || version.Replica != next.Replica || version.Scalar > greatest)
            {
                _index.ThrowIfFailed();
                return;
            }

            next = version with { Scalar = version.Scalar + 1 };
            var key = IndexEntry.ReadKey(_index.Key, _index.Value);
            using var record = _core!.Engine.Get(KeySpaces.CurrentKey(_keyBuffer, _ns, key), _snapshot);
            if (record.Found && StoreCore.Parse(record.Span, key) is var current && current.Version == version && current.IsDeleted(_core.Clock))
                found.Add(key.ToArray());
        }

        if (next.Scalar <= greatest)
            _ranges.Enqueue((next, greatest));
    }

    /// <summary>What was handed out is dealt with.</summary>
    public void Done()
    {
        _handedFrom = default;
        _handedKeys = [];
    }

    /// <summary>Notes everything that was not dealt with. In the queue.</summary>
    public void GiveBack(DeletionTracker tracker)
    {
        foreach (var key in _keys.Concat(_handedKeys))
            tracker.NoteAgain(key);
        foreach (var (smallest, greatest) in _ranges)
            tracker.Note(smallest, greatest);
        if (!_handedFrom.IsNone)
            tracker.Note(_handedFrom, _handedTo);
    }

    public void Dispose()
    {
        _index?.Dispose();
        _snapshot?.Dispose();
    }
}
