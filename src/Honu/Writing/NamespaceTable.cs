using System.Collections.Concurrent;
using Honu.Engines;
using Honu.Format;
using Honu.History;

namespace Honu.Writing;

/// <summary>The namespaces of a store: names to ids and states. Read from any thread; added to by the committing thread.</summary>
internal sealed class NamespaceTable(Retention retention)
{
    private readonly ConcurrentDictionary<string, NamespaceState> _byName = new(StringComparer.Ordinal);
    private int _nextId;

    private readonly List<NamespaceState> _staged = [];

    public IEnumerable<NamespaceState> All => _byName.Values;

    public NamespaceState? Find(string name) => _byName.GetValueOrDefault(name);

    /// <summary>Like <see cref="Find"/>, also among those that the present batch creates. For the committing thread.</summary>
    public NamespaceState? FindOrStaged(string name) => Find(name) ?? (_staged.Count > 0 ? FindStaged(name) : null);

    // Apart, so that the closure is not made for every write.
    private NamespaceState? FindStaged(string name) => _staged.Find(state => state.Name == name);

    /// <summary>The state of <paramref name="name"/>; a new one's dictionary entry goes into <paramref name="batch"/>, and others see it after <see cref="Publish"/>.</summary>
    public NamespaceState GetOrAdd(string name, EngineBatch batch)
    {
        if (FindOrStaged(name) is { } known)
            return known;
        var next = _nextId + _staged.Count;
        if (next >= StoreLimits.MaxNamespaces)
            throw new HonuException(HonuErrorCode.LimitExceeded, $"The store has {StoreLimits.MaxNamespaces} namespaces already; use keys with a prefix instead of a namespace each.");
        var state = new NamespaceState((ushort)next, name, new VersionVector(), new NamespaceRetention(retention, IsOwn: false, Since: 0, IsSettled: true));

        // There are no data under an id that is given out.
        state.Digest.Publish(found: default, changes: default, scan: 0, out _);
        MetaRecords.Put(batch, MetaRecords.NamespaceKey(state.Id), StoreLimits.StrictUtf8.GetBytes(name));
        state.Retention.Stage(batch, state.Id);
        _staged.Add(state);
        return state;
    }

    /// <summary>Whether the present batch creates a namespace.</summary>
    public bool HasStaged => _staged.Count > 0;

    /// <summary>The batch was written: the namespaces that it creates exist.</summary>
    public void Publish()
    {
        foreach (var state in _staged)
            Add(state);
        _staged.Clear();
    }

    /// <summary>The batch was given up: so are the namespaces that it would have created.</summary>
    public void Discard() => _staged.Clear();

    /// <summary>Reads the dictionary and the vectors of all namespaces, at the opening and again after a failure.</summary>
    public void Load(IStorageEngine engine)
    {
        byte[] prefix = [KeySpaces.Meta, (byte)'n'];
        Span<byte> vectorKey = stackalloc byte[KeySpaces.NamespacePrefixBytes];
        using var entries = engine.CreateIterator(verify: true);
        for (entries.Seek(prefix); entries.IsValid && entries.Key.StartsWith(prefix); entries.Next())
        {
            // "M n id" has four bytes; a longer key is a record whose name begins with n.
            if (entries.Key.Length != 4)
                continue;
            var id = (ushort)((entries.Key[2] << 8) | entries.Key[3]);
            var name = StoreLimits.StrictUtf8.GetString(MetaRecords.Open(entries.Key, entries.Value));
            KeySpaces.Prefix(vectorKey, KeySpaces.Vector, id);
            var vector = ReadVector(engine, vectorKey);
            var known = Find(name);
            if (known is not null)
                known.Publish(vector, default);
            else
                Add(known = new NamespaceState(id, name, vector, NamespaceRetention.Read(engine, id) ?? NamespaceRetention.Lost));
            known.PublishFrontier(ReadFrontier(engine, KeySpaces.Prefix(vectorKey, KeySpaces.Frontier, id)));
        }

        foreach (var id in NamespaceDropper.ReadMarks(engine))
            _nextId = Math.Max(_nextId, id + 1);

        // A name that was passed over would be invisible, and its id given to another namespace.
        entries.ThrowIfFailed();
    }

    public static VersionVector ReadVector(IStorageEngine engine, ReadOnlySpan<byte> engineKey)
    {
        var payload = MetaRecords.Get(engine, engineKey);
        if (payload is null)
            return new VersionVector();
        return VersionVector.TryDecode(payload, out var vector) ? vector : throw MetaRecords.Damaged(engineKey);
    }

    private static FrontierRecord ReadFrontier(IStorageEngine engine, ReadOnlySpan<byte> engineKey) =>
        MetaRecords.Get(engine, engineKey) is { } payload ? FrontierRecord.Decode(payload) ?? throw MetaRecords.Damaged(engineKey) : FrontierRecord.Empty;

    /// <summary>Forgets a namespace that was dropped; its id is not given out again by this table.</summary>
    public void Remove(NamespaceState state)
    {
        _byName.TryRemove(state.Name, out _);
        state.Drop();
    }

    private void Add(NamespaceState state)
    {
        _byName[state.Name] = state;
        _nextId = Math.Max(_nextId, state.Id + 1);
    }
}
