using Honu.Engines;
using Honu.Format;
using Honu.Writing;

namespace Honu.Care;

/// <summary>Reads every entry of a snapshot and checks it by itself and against the others.</summary>
/// <remarks>A failure to read is a problem like any other: the walk goes on with what can be read, then with the next namespace and key space.</remarks>
internal sealed class StoreVerifier
{
    private const int ReportEvery = 1024;
    private static readonly byte[] Spaces =
    [
        KeySpaces.Current, KeySpaces.Index, KeySpaces.History, KeySpaces.Vector, KeySpaces.Barrier, KeySpaces.Cursor, KeySpaces.Conflict,
        KeySpaces.Digest, KeySpaces.Frontier, KeySpaces.Staging, KeySpaces.Deferred, KeySpaces.Quarantine,
    ];

    private readonly IStorageEngine _engine;
    private readonly EngineSnapshot _snapshot;
    private readonly bool _isClosed;
    private readonly VerifyOptions _options;
    private readonly CancellationToken _cancellationToken;
    private readonly ProblemList _problems;
    private readonly Dictionary<ushort, string> _names = [];

    // Namespaces whose data a drop has not removed yet.
    private readonly HashSet<ushort> _dropped = [];
    private readonly byte[] _keyBuffer = new byte[KeySpaces.MaxKeyBytes];
    private readonly DigestVerifier _digests = new();
    private StoreIdentity? _identity;
    private bool _isClosedCleanly;
    private bool _lostPower;
    private long _entries;
    private long _bytes;
    private long _current;
    private long _history;
    private long _index;
    private long _stale;
    private long _unknown;

    // Rows of one object stand together: its current record is read once for all of them.
    private byte[] _historyKey = [];
    private ulong? _newestSequence;

    private StoreVerifier(IStorageEngine engine, EngineSnapshot snapshot, bool isClosed, VerifyOptions options, CancellationToken cancellationToken)
    {
        _isClosed = isClosed;
        _engine = engine;
        _snapshot = snapshot;
        _options = options;
        _cancellationToken = cancellationToken;
        _problems = new ProblemList(options.MaxProblems);
    }

    /// <summary>Verifies a snapshot.</summary>
    /// <param name="engine">The engine.</param>
    /// <param name="snapshot">What of it.</param>
    /// <param name="liveVector">The vector of a namespace of an open store, taken after the snapshot, or <see langword="null"/> from it when the store has taken a new epoch since; <see langword="null"/> for a closed store.</param>
    /// <param name="options">How.</param>
    /// <param name="cancellationToken">Ends it.</param>
    public static VerificationReport Verify(IStorageEngine engine, EngineSnapshot snapshot, Func<string, VersionVector?>? liveVector, VerifyOptions options, CancellationToken cancellationToken)
    {
        var verifier = new StoreVerifier(engine, snapshot, isClosed: liveVector is null, options, cancellationToken);
        verifier.WalkMeta();
        foreach (var space in Spaces)
            verifier.WalkSpace(space);
        verifier.CountUnknown();
        verifier.CheckOwnMarks(liveVector);
        verifier.CheckDigests();
        options.Progress?.Report(verifier._entries);
        return verifier.Report();
    }

    /// <summary>The report on a store whose engine does not even open.</summary>
    public static VerificationReport Unreadable(HonuException error, VerifyOptions options)
    {
        var verifier = new StoreVerifier(null!, null!, isClosed: true, options, CancellationToken.None);
        verifier._problems.Add(null, [], error.Message);
        return verifier.Report();
    }

    private VerificationReport Report() => new()
    {
        ProblemCount = _problems.Count,
        Problems = _problems.Problems,
        Namespaces = _names.Count,
        CurrentRecords = _current,
        HistoryRecords = _history,
        IndexEntries = _index,
        StaleIndexEntries = _stale,
        StoreRecords = _entries - _current - _history - _index - _unknown,
        UnknownEntries = _unknown,
        Bytes = _bytes,
    };

    private void WalkMeta()
    {
        Walk(ns: null, [KeySpaces.Meta], (key, value) =>
        {
            if (EntryCheck.FindFault(key, value) is { } fault)
            {
                _problems.Add(null, key, fault);
                return;
            }

            EntryCheck.TryOpen(key, value, out var payload);
            if (EntryCheck.IsNamespaceName(key, out var ns))
                _names[ns] = System.Text.Encoding.UTF8.GetString(payload);
            else if (key.SequenceEqual(MetaRecords.Key(MetaRecords.Identity)))
                _identity = StoreIdentity.Decode(payload);
            else if (key.SequenceEqual(MetaRecords.Key(MetaRecords.Run)))
                ReadRun(payload);
            else if (key.Length == 4 && key[1] == (byte)'d')
                _dropped.Add(System.Buffers.Binary.BinaryPrimitives.ReadUInt16BigEndian(key[2..]));
        });
        if (_identity is null)
            _problems.Add(null, MetaRecords.Key(MetaRecords.Identity), "the store's identity is missing");
    }

    private void ReadRun(ReadOnlySpan<byte> payload)
    {
        _isClosedCleanly = !payload.IsEmpty && payload[0] != 0;
        var boot = (_options.Store?.Environment ?? StoreEnvironment.Machine).BootId;
        _lostPower = !_isClosedCleanly && (boot.Length == 0 || payload.IsEmpty || System.Text.Encoding.UTF8.GetString(payload[1..]) != boot);
    }

    // From one namespace to the next, also to those that have no name.
    private void WalkSpace(byte space)
    {
        var from = new byte[KeySpaces.NamespacePrefixBytes];
        from[0] = space;
        for (var start = from.AsSpan(0, 1); ;)
        {
            if (!TrySeek(start, space, out var ns))
                return;
            WalkNamespace(space, ns);
            if (ns == ushort.MaxValue)
                return;
            start = KeySpaces.Prefix(from, space, (ushort)(ns + 1));
        }
    }

    private bool TrySeek(ReadOnlySpan<byte> start, byte space, out ushort ns)
    {
        ns = 0;
        try
        {
            using var entries = _engine.CreateIterator(_snapshot, verify: true);
            for (entries.Seek(start); entries.IsValid && entries.Key.Length > 0 && entries.Key[0] == space; entries.Next())
            {
                if (EntryCheck.TryReadNamespace(entries.Key, out ns))
                    return true;
                Count(entries);
                _problems.Add(null, entries.Key, "the key is cut off");
            }

            entries.ThrowIfFailed();
        }
        catch (HonuException error)
        {
            _problems.Add(null, [], error.Message);
        }

        return false;
    }

    private void WalkNamespace(byte space, ushort ns)
    {
        Span<byte> prefix = stackalloc byte[KeySpaces.NamespacePrefixBytes];
        var name = _names.GetValueOrDefault(ns);
        if (name is null && _dropped.Contains(ns))
            return;
        if (name is null)
            _problems.Add(null, KeySpaces.Prefix(prefix, space, ns), $"namespace {ns} has no name");
        Walk(name, KeySpaces.Prefix(prefix, space, ns), (key, value) =>
        {
            if (EntryCheck.FindFault(key, value) is { } fault)
                AddFault(ns, name, key, fault);
            else if (space == KeySpaces.Current)
                CheckCurrent(ns, name, key, value);
            else if (space == KeySpaces.Digest)
                _digests.AddCheckpoint(ns, value[..^4]);
            else if (space == KeySpaces.Index)
                CheckIndex(ns, key, value);
            else if (space == KeySpaces.History)
                CheckHistory(ns, name, key, value);
            _current += space == KeySpaces.Current ? 1 : 0;
            _index += space == KeySpaces.Index ? 1 : 0;
            _history += space == KeySpaces.History ? 1 : 0;
        });
    }

    private void AddFault(ushort ns, string? name, ReadOnlySpan<byte> key, string fault)
    {
        _digests.AddDamaged(ns);
        _problems.Add(name, ObjectKeyOf(key), fault);
    }

    // Every current record has its index entry, or no peer would be sent it. What a power loss took of them the next opening puts back.
    private void CheckCurrent(ushort ns, string? name, ReadOnlySpan<byte> key, ReadOnlySpan<byte> value)
    {
        _digests.Add(ns, value);
        var version = RecordReader.ReadVersion(value);
        using var entry = _engine.Get(KeySpaces.IndexKey(_keyBuffer, ns, version.Replica, version.Scalar), _snapshot);
        var objectKey = key[KeySpaces.NamespacePrefixBytes..];
        if (entry.Found ? !entry.Span[..^Math.Min(entry.Span.Length, 4)].SequenceEqual(objectKey) : !(_isClosed && _lostPower))
            _problems.Add(name, objectKey, $"the index has no entry of the current version {version}");
    }

    private void CheckIndex(ushort ns, ReadOnlySpan<byte> key, ReadOnlySpan<byte> value)
    {
        KeySpaces.TryReadIndexKey(key, ns, out var version);
        using var record = _engine.Get(KeySpaces.CurrentKey(_keyBuffer, ns, value[..^4]), _snapshot);
        if (record.Found && record.Span.Length >= RecordLayout.HeaderBytes && RecordReader.ReadVersion(record.Span) == version)
            return;
        if (Deferring.QuarantineStore.Find(_engine, ns, value[..^4], _snapshot) is not { } held || RecordReader.ReadVersion(held) != version)
            _stale++;
    }

    private void CheckHistory(ushort ns, string? name, ReadOnlySpan<byte> key, ReadOnlySpan<byte> value)
    {
        EntryCheck.TryReadHistoryKey(key, out var objectKey, out _);
        if (!objectKey.SequenceEqual(_historyKey) || _historyKey.Length == 0)
        {
            _historyKey = objectKey.ToArray();
            using var current = _engine.Get(KeySpaces.CurrentKey(_keyBuffer, ns, objectKey), _snapshot);
            _newestSequence = current.Found && RecordReader.TryParse(current.Span, out var newest) ? newest.HistorySequence : null;
        }

        if (_newestSequence is null)
            _problems.Add(name, objectKey, "there is history of an object that has no current record");
        else if (!RecordReader.TryParse(value, out var row) || row.HistorySequence == 0 || row.HistorySequence > _newestSequence)
            _problems.Add(name, objectKey, $"a row of history has a sequence that its current record ({_newestSequence}) does not know");
    }

    // Calls check for every entry that begins with the prefix; whatever cannot be read becomes a problem.
    private void Walk(string? ns, ReadOnlySpan<byte> prefix, EntryAction check)
    {
        _historyKey = [];
        try
        {
            using var entries = _engine.CreateIterator(_snapshot, verify: true);
            for (entries.Seek(prefix); entries.IsValid && entries.Key.StartsWith(prefix); entries.Next())
            {
                Count(entries);
                try
                {
                    check(entries.Key, entries.Value);
                }
                catch (HonuException error)
                {
                    _problems.Add(ns, ObjectKeyOf(entries.Key), error.Message);
                }
            }

            entries.ThrowIfFailed();
        }
        catch (HonuException error)
        {
            _problems.Add(ns, [], error.Message);
        }
    }

    private void Count(EngineIterator entries)
    {
        _cancellationToken.ThrowIfCancellationRequested();
        _bytes += entries.Key.Length + entries.Value.Length;
        if (++_entries % ReportEvery == 0)
            _options.Progress?.Report(_entries);
    }

    private void CountUnknown()
    {
        byte[] known = [.. Spaces, KeySpaces.Expiry, KeySpaces.Meta];
        var next = new byte[1];
        for (var space = 0; space <= byte.MaxValue; space++)
        {
            next[0] = (byte)space;
            if (!known.Contains(next[0]))
                Walk(ns: null, next, (_, _) => _unknown++);
        }
    }

    // The own mark must not be below the last own write: peers would be told less than they were sent.
    private void CheckOwnMarks(Func<string, VersionVector?>? liveVector)
    {
        // A put writes no vector: that of a closed store counts only when it was closed cleanly.
        if (_identity is null || (_isClosed && !_isClosedCleanly))
            return;
        foreach (var (ns, name) in _names)
        {
            try
            {
                var last = StoreOpener.LastIndexed(_engine, ns, _identity.Replica, _snapshot);
                var vector = liveVector is null ? StoredVector(ns) : liveVector(name);
                if (liveVector is not null && vector is null)
                    return;
                var mark = vector?.HighMark(_identity.Replica) ?? 0;
                if (mark < last)
                    _problems.Add(name, [], $"the vector covers own writes up to {mark}, but the index has one at {last}");
            }
            catch (HonuException error)
            {
                _problems.Add(name, [], error.Message);
            }
        }
    }

    // An open store has no such rows, and those of one that was not closed cleanly vouch for nothing.
    private void CheckDigests()
    {
        if (!_isClosedCleanly)
            return;
        try
        {
            var payload = MetaRecords.Get(_engine, MetaRecords.Key(MetaRecords.Clock), _snapshot);
            var clock = payload is { Length: 8 } ? System.Buffers.Binary.BinaryPrimitives.ReadUInt64LittleEndian(payload) : 0;
            foreach (var (ns, fault) in _digests.Compare(clock))
                _problems.Add(_names.GetValueOrDefault(ns), [], fault);
        }
        catch (HonuException)
        {
            // A damaged record of the clock has been told already.
        }
    }

    private VersionVector? StoredVector(ushort ns)
    {
        var payload = MetaRecords.Get(_engine, KeySpaces.Prefix(_keyBuffer, KeySpaces.Vector, ns), _snapshot);
        return payload is not null && VersionVector.TryDecode(payload, out var vector) ? vector : null;
    }

    // People know the object's key, not the engine's.
    private static ReadOnlySpan<byte> ObjectKeyOf(ReadOnlySpan<byte> key) =>
        key[0] == KeySpaces.Current && key.Length > KeySpaces.NamespacePrefixBytes ? key[KeySpaces.NamespacePrefixBytes..]
        : key[0] == KeySpaces.History && EntryCheck.TryReadHistoryKey(key, out var objectKey, out _) ? objectKey
        : key;

    private delegate void EntryAction(ReadOnlySpan<byte> key, ReadOnlySpan<byte> value);
}
