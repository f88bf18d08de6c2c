using Honu.Engines;
using Honu.Replicating;
using Honu.Writing;

namespace Honu.Watching;

/// <summary>Reads what a position does not cover from the index of one moment: the current record of each key, tombstones included.</summary>
/// <remarks>
/// The watcher's buffer is switched on at the very same moment of the commit queue, so nothing falls between walk and buffer, and what the
/// buffer holds is later than what the walk finds. The engine's snapshot lives as long as the walk.
/// </remarks>
internal sealed class CatchUp : IDisposable
{
    private const int PageChanges = 256;
    private const int PageBytes = 256 * 1024;

    private readonly StoreCore _core;
    private readonly Watcher _watcher;
    private readonly EngineSnapshot _snapshot;
    private readonly ReplicaId _own;
    private readonly Guid _storeId;
    private readonly (string Name, ushort Id)[] _namespaces;
    private WatchPosition _from;
    private VersionId _reached;
    private int _namespace;

    private CatchUp(StoreCore core, Watcher watcher, WatchPosition from)
    {
        _core = core;
        _watcher = watcher;
        End = core.Changes.Attach(watcher);
        StartsOver = from.Incarnation != End.Incarnation || core.Namespaces.All.Any(state => watcher.Filter.Matches(state.Name) && MissedPurge(from, state));
        _from = StartsOver ? Nothing(core.Identity) : from;
        _own = core.Identity.Replica;
        _storeId = core.Identity.StoreId;
        _namespaces = [.. core.Namespaces.All.Where(state => watcher.Filter.Matches(state.Name)).Select(static state => (state.Name, state.Id)).OrderBy(static ns => ns.Name, StringComparer.Ordinal)];
        _snapshot = core.Engine.CreateSnapshot();
    }

    /// <summary>What is covered when everything has been read.</summary>
    public WatchPosition End { get; }

    /// <summary>Whether the position was of another incarnation, or from before deletions that were purged since, so that everything is read.</summary>
    public bool StartsOver { get; }

    /// <summary>Switches the watcher's buffer on, and takes the view that leads up to it.</summary>
    public static CatchUp Begin(StoreCore core, Watcher watcher, WatchPosition from) =>
        core.Exclusively((core, watcher, from), static args => new CatchUp(args.core, args.watcher, args.from));

    /// <summary>A position that covers nothing.</summary>
    public static WatchPosition Nothing(StoreIdentity identity) => new(identity.Incarnation, identity.Replica, 0, WatchPosition.NoVectors);

    // A deletion that was purged leaves nothing that could be delivered. Who has seen nothing of the namespace has nothing to forget.
    private static bool MissedPurge(WatchPosition from, NamespaceState state)
    {
        var seen = from.VectorOf(state.Name);
        return seen.GreatestScalar() > 0 && !seen.Dominates(state.Frontier);
    }

    /// <summary>Reads the next changes into <paramref name="page"/>.</summary>
    /// <returns>Whether there may be more.</returns>
    public bool ReadPage(List<HonuChange> page, CancellationToken cancellationToken)
    {
        page.Clear();
        _core.ThrowIfDisposed();
        var room = PageBytes;
        for (; _namespace < _namespaces.Length; _namespace++)
        {
            var (name, id) = _namespaces[_namespace];
            var target = End.VectorOf(name);
            if (!ReadNamespace(name, id, target, page, ref room, cancellationToken))
                return true;
            _from = _from with { Vectors = _from.Vectors.SetItem(name, target) };
            _reached = default;
        }

        if (page.Count > 0)
            page[^1] = page[^1] with { Token = new WatchToken(_storeId, End, _watcher.Filter.Namespaces) };
        return false;
    }

    public void Dispose() => _snapshot.Dispose();

    /// <returns><see langword="false"/> when the page is full.</returns>
    private bool ReadNamespace(string name, ushort id, VersionVector target, List<HonuChange> page, ref int room, CancellationToken cancellationToken)
    {
        using var entries = new UncoveredEntries(_core.Engine, _snapshot, id, _from.VectorOf(name), _core.Faults);
        entries.StartAfter(_reached);
        while (entries.MoveNext())
        {
            cancellationToken.ThrowIfCancellationRequested();
            _reached = entries.Version;
            if (!_watcher.Filter.Matches(entries.Key))
                continue;
            page.Add(Read(entries.Key, entries.Record, name, target));
            room -= entries.Key.Length + entries.Record.Length;
            if (page.Count >= PageChanges || room <= 0)
            {
                entries.ThrowIfFailed();
                return false;
            }
        }

        return true;
    }

    private HonuChange Read(ReadOnlySpan<byte> key, ReadOnlySpan<byte> bytes, string name, VersionVector target)
    {
        var record = StoreCore.Parse(bytes, key);
        if (!record.Verify(key))
            throw StoreCore.Damaged(key);
        var (from, reached) = (_from, record.Version);
        return new HonuChange
        {
            Namespace = name,
            Key = key.ToArray(),
            Value = _watcher.WantsValues ? record.Value.ToArray() : ReadOnlyMemory<byte>.Empty,
            Version = record.ToObjectVersion(_core.Clock),
            IsLocal = record.Version.Replica == _own,
            IsCatchUp = true,
            Token = new WatchToken(_storeId, () => from.WithWalk(name, target, reached), _watcher.Filter.Namespaces),
        };
    }
}
