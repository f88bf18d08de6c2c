using Honu.Engines;
using Honu.Format;

namespace Honu.Replicating;

/// <summary>Walks the index of a namespace over the current records that a vector does not cover, by replica and scalar.</summary>
/// <remarks>Covered ranges are jumped over, so the cost is that of the difference. An entry whose version is not current is passed over.</remarks>
internal ref struct UncoveredEntries
{
    private readonly IStorageEngine _engine;
    private readonly EngineSnapshot? _snapshot;
    private readonly EngineIterator _index;
    private readonly ushort _ns;
    private readonly VersionVector _base;
    private readonly PlantedFaults _faults;
    private readonly bool _hasQuarantine;
    private readonly byte[] _keyBuffer;
    private EngineValue _record;
    private byte[]? _quarantined;
    private bool _started;
    private VersionId _after;
    private ReplicaId? _only;

    public UncoveredEntries(IStorageEngine engine, EngineSnapshot? snapshot, ushort ns, VersionVector @base, PlantedFaults faults, bool hasQuarantine = false)
    {
        _engine = engine;
        _snapshot = snapshot;
        _index = engine.CreateIterator(snapshot, verify: true);
        _ns = ns;
        _base = @base;
        _faults = faults;
        _hasQuarantine = hasQuarantine;
        _keyBuffer = new byte[KeySpaces.MaxKeyBytes];
    }

    /// <summary>Where the walk stands; a later walk goes on after it by <see cref="StartAfter"/>.</summary>
    public VersionId Version { get; private set; }

    /// <summary>The object's key, valid until the next move.</summary>
    public ReadOnlySpan<byte> Key { get; private set; }

    /// <summary>The current record, valid until the next move.</summary>
    public readonly ReadOnlySpan<byte> Record => _quarantined ?? _record.Span;

    /// <summary>Begins after an entry instead of at the first one.</summary>
    public void StartAfter(VersionId position) => _after = position;

    /// <summary>Walks over the entries of one replica only, from a scalar on.</summary>
    public void StartAt(ReplicaId origin, ulong scalar)
    {
        _only = origin;
        _after = new VersionId(scalar - 1, origin);
    }

    public bool MoveNext()
    {
        Span<byte> seekKey = stackalloc byte[KeySpaces.IndexKeyBytes];
        if (_started)
        {
            _index.Next();
        }
        else
        {
            _started = true;
            _index.Seek(KeySpaces.IndexKey(seekKey, _ns, _after.Replica, _after.IsNone && _only is null ? 0 : _after.Scalar + 1));
        }

        while (_index.IsValid && KeySpaces.TryReadIndexKey(_index.Key, _ns, out var version) && (_only is null || version.Replica == _only))
        {
            var next = _base.NextUncovered(version.Replica, version.Scalar);
            if (next != version.Scalar)
            {
                _index.Seek(KeySpaces.IndexKey(seekKey, _ns, version.Replica, next));
                continue;
            }

            if (IsCurrent(version))
            {
                Version = version;
                return true;
            }

            _index.Next();
        }

        Key = default;
        ThrowIfFailed();
        return false;
    }

    /// <summary>To be called when a walk ends before its last entry: what was passed over must not be taken for absent.</summary>
    public readonly void ThrowIfFailed() => _index.ThrowIfFailed();

    public void Dispose()
    {
        _record.Dispose();
        _record = default;
        _index.Dispose();
    }

    private bool IsCurrent(VersionId version)
    {
        Key = IndexEntry.ReadKey(_index.Key, _index.Value);
        _record.Dispose();
        _record = _engine.Get(KeySpaces.CurrentKey(_keyBuffer, _ns, Key), _snapshot);
        _quarantined = null;
        if (_record.Found && (_faults.HasFlag(PlantedFaults.StaleIndexEntryBelieved)
            || (_record.Span.Length >= RecordLayout.HeaderBytes && RecordReader.ReadVersion(_record.Span) == version)))
            return true;

        // What this store cannot hold as an object it passes on all the same.
        if (_hasQuarantine && Deferring.QuarantineStore.Find(_engine, _ns, Key, _snapshot) is { } held && RecordReader.ReadVersion(held) == version)
            _quarantined = held;
        return _quarantined is not null;
    }
}
