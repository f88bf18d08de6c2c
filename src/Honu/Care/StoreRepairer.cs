using Honu.Engines;
using Honu.Format;
using Honu.Writing;

namespace Honu.Care;

/// <summary>Makes a damaged store open again: keeps what passes its checks, rebuilds the index, and lets the store forget what it knows of the others.</summary>
/// <remarks>
/// <code>
/// 1. lock tried; HONU.repair written: nobody opens the store until the end, and a repair that was cut short is begun again
/// 2. engine repaired
/// 3. one synced batch: new epoch, clock at the greatest scalar, no vectors, barriers, cursors, digests     (amnesiac)
/// 4. records that fail their checks dropped, objects without a current record restored from history
/// 5. index rebuilt from the current records
/// 6. barrier; engine closed; HONU.repair removed
/// </code>
/// A store that may have lost records must not claim to cover any: a vector that says more than the records hold would keep a peer from
/// sending them again, for ever. So every record is loose at first, and the peers fill in the rest.
/// </remarks>
internal sealed class StoreRepairer
{
    private const int BatchEntries = 512;
    private const int ReportEvery = 1024;

    // Hybrid scalars carry milliseconds since 1970 above 16 bits; no counter of versions gets that far.
    private const ulong LeastHybridScalar = 1UL << 52;

    private readonly IStorageEngine _engine;
    private readonly RepairOptions _options;
    private readonly EngineBatch _batch;
    private readonly ProblemList _dropped;
    private readonly Dictionary<ushort, string> _names = [];
    private readonly List<string> _renamed = [];
    private readonly RecordWriter _records = new();
    private readonly byte[] _scratch = new byte[IndexEntry.MaxValueBytes];
    private StoreIdentity? _identity;
    private ulong _greatestScalar;
    private long _entries;
    private long _current;
    private long _history;
    private long _restored;

    private StoreRepairer(IStorageEngine engine, RepairOptions options)
    {
        _engine = engine;
        _options = options;
        _batch = engine.CreateBatch();
        _dropped = new ProblemList(options.MaxProblems);
    }

    /// <summary>Repairs the store in a directory.</summary>
    public static RepairReport Repair(string path, RepairOptions options)
    {
        var store = (options.Store ?? new HonuStoreOptions()) with { Integrity = Integrity.Full, ReadOnly = false };
        HonuStoreOptionsValidator.ThrowIfInvalid(store);
        var factory = ClosedStore.FactoryOf(store);
        if (!factory.UsesDirectory)
            return Run(path, factory, store, options);

        StoreDirectory.CheckRepairable(path, store.Formats);
        ThrowIfOpen(path, factory, store);
        StoreDirectory.BeginRepair(path);
        try
        {
            factory.Repair(path, store);
        }
        catch (HonuStoreLockedException)
        {
            // Somebody was faster: the store was not touched.
            StoreDirectory.EndRepair(path);
            throw;
        }

        var report = Run(path, factory, store, options);
        StoreDirectory.EndRepair(path);
        return report;
    }

    private static RepairReport Run(string path, IStorageEngineFactory factory, HonuStoreOptions store, RepairOptions options)
    {
        using var engine = factory.Open(path, store);
        var repairer = new StoreRepairer(engine, options);
        using (repairer._batch)
            return repairer.Run(path, store, factory.Stamp(path));
    }

    // A damaged store does not open either, but not because somebody has it.
    private static void ThrowIfOpen(string path, IStorageEngineFactory factory, HonuStoreOptions options)
    {
        try
        {
            factory.Open(path, options).Dispose();
        }
        catch (HonuException error) when (error is not (HonuStoreLockedException or HonuIOException))
        {
            // What is to be repaired.
        }
    }

    private RepairReport Run(string path, HonuStoreOptions store, long stamp)
    {
        ReadMeta(path, store);
        FindGreatestScalar();
        var isNewIdentity = _identity is null;
        if (isNewIdentity && !_options.NewIdentity)
            throw new HonuException(HonuErrorCode.IdentityLost, $"The records of {path} that say who the store is are lost. Repair it with a new identity (honu repair --new-identity): its objects are kept, and peers take it for a new replica. Or restore a backup.", path);
        Forget(store, stamp);

        Walk(KeySpaces.Current, CheckCurrent);
        Walk(KeySpaces.History, CheckHistory);
        Flush();
        new HistoryRescue(_engine, _records).Run(_dropped, _names, ref _current, ref _history, ref _restored);
        Walk(KeySpaces.Current, AddIndex);
        Flush();
        _engine.Sync();
        return new RepairReport
        {
            Identity = _identity!,
            IsNewIdentity = isNewIdentity,
            CurrentRecords = _current,
            HistoryRecords = _history,
            RestoredFromHistory = _restored,
            Dropped = _dropped.Count,
            Problems = _dropped.Problems,
            RenamedNamespaces = _renamed,
        };
    }

    private void ReadMeta(string path, HonuStoreOptions store)
    {
        Walk(KeySpaces.Meta, (key, value) =>
        {
            if (EntryCheck.FindFault(key, value) is { } fault)
            {
                Drop(null, key, fault);
                return;
            }

            EntryCheck.TryOpen(key, value, out var payload);
            if (EntryCheck.IsNamespaceName(key, out var ns))
                _names[ns] = StoreLimits.StrictUtf8.GetString(payload);
            else if (key.SequenceEqual(MetaRecords.Key(MetaRecords.Identity)))
                _identity = StoreIdentity.Decode(payload);
            else if (key.SequenceEqual(MetaRecords.Key(MetaRecords.Clock)))
                See(System.Buffers.Binary.BinaryPrimitives.ReadUInt64LittleEndian(payload));
            else if (key.SequenceEqual(MetaRecords.Key(MetaRecords.Format)) && (payload.Length != 4 || System.Buffers.Binary.BinaryPrimitives.ReadUInt32LittleEndian(payload) != store.Formats.Current))
                throw StoreDirectory.UnknownFormat(path, payload.Length == 4 ? System.Buffers.Binary.BinaryPrimitives.ReadUInt32LittleEndian(payload) : 0, store.Formats);
        });

        // Nothing has been written yet: with another format the drops must not be either.
        Flush();
    }

    // The clock must not go back below anything that was ever written or seen here, also in what is about to be dropped.
    private void FindGreatestScalar()
    {
        foreach (var space in new[] { KeySpaces.Vector, KeySpaces.Barrier })
        {
            Walk(space, (key, value) =>
            {
                if (EntryCheck.FindFault(key, value) is null && EntryCheck.TryOpen(key, value, out var payload) && VersionVector.TryDecode(payload, out var vector))
                    See(vector.GreatestScalar());
            });
        }

        Walk(KeySpaces.Frontier, (key, value) =>
        {
            if (EntryCheck.TryOpen(key, value, out var payload) && FrontierRecord.Decode(payload) is { } record)
                See(record.Frontier.GreatestScalar());
        });
        Walk(KeySpaces.Index, (key, value) =>
        {
            if (EntryCheck.FindFault(key, value) is null && EntryCheck.TryReadNamespace(key, out var ns) && KeySpaces.TryReadIndexKey(key, ns, out var version))
                See(version.Scalar);
        });
        foreach (var space in new[] { KeySpaces.Current, KeySpaces.History })
        {
            Walk(space, (key, value) =>
            {
                if (EntryCheck.FindFault(key, value) is null)
                    See(RecordReader.ReadVersion(value).Scalar);
            });
        }
    }

    // Who the store is from now on, and nothing of what it knew of the others. One batch: the marks of the old epoch must not be believed without it.
    private void Forget(HonuStoreOptions store, long stamp)
    {
        var clock = _greatestScalar is > 0 and < LeastHybridScalar ? VersionClock.Lamport : VersionClock.Hybrid;
        _identity = StoreOpener.NewEpoch(_identity ?? StoreOpener.Create(store) with { Clock = clock }, store.Environment) with { DirectoryStamp = stamp };
        foreach (var space in new[] { KeySpaces.Vector, KeySpaces.Barrier, KeySpaces.Cursor, KeySpaces.Digest })
            Walk(space, (key, _) => _batch.Delete(key), flush: false);
        Walk(KeySpaces.Deferred, (key, _) => DropTarget(key), flush: false);

        // Frontiers stay: one that says too much costs a peer a full stream, one that says too little brings back what was deleted.
        Walk(KeySpaces.Frontier, DropIfFaulty, flush: false);

        Span<byte> format = stackalloc byte[4];
        System.Buffers.Binary.BinaryPrimitives.WriteInt32LittleEndian(format, store.Formats.Current);
        MetaRecords.Put(_batch, MetaRecords.Key(MetaRecords.Format), format);
        MetaRecords.Put(_batch, MetaRecords.Key(MetaRecords.Identity), _identity.Encode());
        MetaRecords.PutScalar(_batch, MetaRecords.Clock, _greatestScalar);
        RunRecord.Write(_batch, bootId: "", isClean: true);

        // The filter beside the store knows nothing of what a repair brings back.
        _batch.Delete(MetaRecords.Key(MetaRecords.Filter));
        _engine.Sync();
        _engine.Write(_batch, sync: true);
        _batch.Clear();
        Walk(KeySpaces.Index, (key, _) => _batch.Delete(key));
        Walk(KeySpaces.Staging, (key, _) => _batch.Delete(key));
    }

    private void DropIfFaulty(ReadOnlySpan<byte> key, ReadOnlySpan<byte> value)
    {
        EntryCheck.TryReadNamespace(key, out var ns);
        if (EntryCheck.FindFault(key, value) is { } fault)
            Drop(_names.GetValueOrDefault(ns), key, fault);
    }

    // What waits for deferred records vouches for others that may be lost; the records themselves do no harm.
    private void DropTarget(ReadOnlySpan<byte> key)
    {
        if (key.Length <= KeySpaces.NamespacePrefixBytes || key[KeySpaces.NamespacePrefixBytes] != Deferring.DeferredRows.Record)
            _batch.Delete(key);
    }

    private void CheckCurrent(ReadOnlySpan<byte> key, ReadOnlySpan<byte> value) => _current += Check(key, value) ? 1 : 0;

    private void CheckHistory(ReadOnlySpan<byte> key, ReadOnlySpan<byte> value) => _history += Check(key, value) ? 1 : 0;

    private bool Check(ReadOnlySpan<byte> key, ReadOnlySpan<byte> value)
    {
        EntryCheck.TryReadNamespace(key, out var ns);
        if (EntryCheck.FindFault(key, value) is { } fault)
        {
            Drop(_names.GetValueOrDefault(ns), key, fault);
            return false;
        }

        EnsureNamed(ns);
        return true;
    }

    private void AddIndex(ReadOnlySpan<byte> key, ReadOnlySpan<byte> value)
    {
        EntryCheck.TryReadNamespace(key, out var ns);
        IndexEntry.Put(_batch, ns, RecordReader.ReadVersion(value), key[KeySpaces.NamespacePrefixBytes..], _scratch);
    }

    // A namespace whose name was lost keeps its objects under another one: dropping them would lose more than the damage did.
    private void EnsureNamed(ushort ns)
    {
        if (_names.ContainsKey(ns))
            return;
        var name = string.Create(System.Globalization.CultureInfo.InvariantCulture, $"recovered-{ns}");
        while (_names.ContainsValue(name))
            name += "-";
        _names.Add(ns, name);
        _renamed.Add(name);
        MetaRecords.Put(_batch, MetaRecords.NamespaceKey(ns), StoreLimits.StrictUtf8.GetBytes(name));
    }

    private void Drop(string? ns, ReadOnlySpan<byte> key, string why)
    {
        _dropped.Add(ns, key, why);
        _batch.Delete(key);
    }

    private void See(ulong scalar)
    {
        if (scalar <= StoreLimits.MaxScalar)
            _greatestScalar = Math.Max(_greatestScalar, scalar);
    }

    private void Walk(byte space, EntryAction action, bool flush = true)
    {
        using var entries = _engine.CreateIterator(verify: true);
        for (entries.Seek([space]); entries.IsValid && entries.Key.Length > 0 && entries.Key[0] == space; entries.Next())
        {
            action(entries.Key, entries.Value);
            if (++_entries % ReportEvery == 0)
                _options.Progress?.Report(_entries);
            if (flush && _batch.Count >= BatchEntries)
                Flush();
        }

        entries.ThrowIfFailed();
    }

    private void Flush()
    {
        if (_batch.Count == 0)
            return;
        _engine.Write(_batch, sync: false);
        _batch.Clear();
    }

    private delegate void EntryAction(ReadOnlySpan<byte> key, ReadOnlySpan<byte> value);
}
