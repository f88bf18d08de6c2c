using System.Text;
using Honu.Format;
using Honu.Replicating;
using Honu.Writing;

namespace Honu;

/// <content>What the replication layer keeps in the store beside the data: small rows by name. And what membership and subscriptions ask of it.</content>
public sealed partial class ReplicationPort
{
    /// <summary>Longest row that <see cref="SaveState"/> takes.</summary>
    public const int MaxStateBytes = 64 * 1024;

    // Names stand in engine keys, which are short.
    private const int MaxStateNameBytes = 128;

    /// <summary>The time of day, as the store's clock of versions reads it.</summary>
    public DateTimeOffset UtcNow => _core.Options.Environment.Time.GetUtcNow();

    /// <summary>How far a peer's clock may be ahead of this machine's.</summary>
    public TimeSpan MaxClockDrift => _core.Options.MaxClockDrift;

    /// <summary>The namespaces that the store holds, in the order of their names' UTF-8 bytes.</summary>
    public IReadOnlyList<string> Namespaces => HonuStore.NamesOf(_core);

    /// <summary>Keeps a small row under a name, in place of the one before.</summary>
    /// <param name="name">1 to 128 printable ASCII characters; a common beginning makes rows that <see cref="LoadStates"/> finds together.</param>
    /// <param name="state">The row, up to <see cref="MaxStateBytes"/>.</param>
    /// <param name="sync">Whether it must survive a power loss from now on; otherwise it survives a kill.</param>
    /// <exception cref="ArgumentException">The name or the row is too long.</exception>
    /// <exception cref="HonuException">The store is read-only or has failed.</exception>
    public void SaveState(string name, ReadOnlySpan<byte> state, bool sync = false)
    {
        if (state.Length > MaxStateBytes)
            throw new ArgumentException($"A row has at most {MaxStateBytes} bytes; this one has {state.Length}.", nameof(state));
        WriteState(name, state.ToArray(), sync);
    }

    /// <summary>Removes the row of a name, if there is one.</summary>
    /// <exception cref="HonuException">The store is read-only or has failed.</exception>
    public void RemoveState(string name) => WriteState(name, row: null, sync: false);

    /// <summary>The row of a name, or <see langword="null"/> when there is none.</summary>
    /// <exception cref="HonuCorruptionException">The row fails its checksum.</exception>
    public byte[]? LoadState(string name) => _core.Exclusively((_core, Key: StateKey(name)), static args =>
    {
        args._core.ThrowIfDisposed();
        return MetaRecords.Get(args._core.Engine, args.Key);
    });

    /// <summary>All rows whose names begin with <paramref name="prefix"/>, by name.</summary>
    /// <exception cref="HonuCorruptionException">A row fails its checksum.</exception>
    public IReadOnlyDictionary<string, byte[]> LoadStates(string prefix) => _core.Exclusively((_core, Key: StateKey(prefix)), static args =>
    {
        args._core.ThrowIfDisposed();
        var rows = new Dictionary<string, byte[]>(StringComparer.Ordinal);
        using var entries = args._core.Engine.CreateIterator(verify: true);
        for (entries.Seek(args.Key); entries.IsValid && entries.Key.StartsWith(args.Key); entries.Next())
            rows.Add(Encoding.ASCII.GetString(entries.Key[3..]), MetaRecords.Open(entries.Key, entries.Value).ToArray());
        entries.ThrowIfFailed();
        return rows;
    });

    /// <summary>Takes a namespace away, durably: its name, vectors and cursors; the store takes a new epoch (R10). The data go in the background, or by <see cref="FinishDrops"/>.</summary>
    /// <param name="ns">The namespace. Every stream into it must have ended: what such a stream brought is gone, and its end must not be applied afterwards.</param>
    /// <returns><see langword="false"/> when there is no such namespace.</returns>
    /// <exception cref="HonuException">The store is read-only or has failed.</exception>
    public bool DropNamespace(string ns)
    {
        StoreLimits.CheckNamespace(ns);
        return _core.Exclusively((_core, ns), static args =>
        {
            args._core.ThrowIfUnusable();
            var existed = args._core.Dropper.Begin(args.ns);
            args._core.Dropper.ForgetBroken(args.ns);
            return existed;
        });
    }

    /// <summary>Removes the data of dropped namespaces now, in bounded steps between which others write.</summary>
    public void FinishDrops() => _core.Background.FinishDrops();

    /// <summary>Counts current records that a vector does not cover. Its cost is that of the difference.</summary>
    /// <param name="ns">The namespace.</param>
    /// <param name="vector">What somebody holds.</param>
    /// <param name="limit">Counting ends here.</param>
    public long CountUncovered(string ns, VersionVector vector, long limit)
    {
        ArgumentNullException.ThrowIfNull(vector);
        if (_core.Namespaces.Find(ns) is not { } state)
            return 0;
        using var snapshot = CreateEngineSnapshot();
        using var entries = new UncoveredEntries(_core.Engine, snapshot, state.Id, vector, _core.Faults);
        long count = 0;
        while (count < limit && entries.MoveNext())
            count++;
        return count;
    }

    /// <summary>Counts a namespace's objects and its deleted ones that are remembered. Reads every current record: the cost grows with the namespace.</summary>
    public (long Objects, long Tombstones) CountObjects(string ns)
    {
        if (_core.Namespaces.Find(ns) is not { } state)
            return default;
        using var snapshot = CreateEngineSnapshot();
        var (records, tombstones, _) = Care.StatisticsCollector.Count(_core, snapshot, state.Id);
        return (records - tombstones, tombstones);
    }

    /// <summary>How many conflicts of a namespace are listed here.</summary>
    public long CountConflicts(string ns) => _core.Exclusively((_core, ns), static args => args._core.Namespaces.Find(args.ns)?.Conflicts.Rows ?? 0);

    private Engines.EngineSnapshot CreateEngineSnapshot() => _core.Exclusively(_core, static core =>
    {
        core.ThrowIfDisposed();
        return core.Engine.CreateSnapshot();
    });

    private static byte[] StateKey(string name)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        if (name.Length > MaxStateNameBytes || name.AsSpan().ContainsAnyExceptInRange(' ', '~'))
            throw new ArgumentException($"A row's name has up to {MaxStateNameBytes} printable ASCII characters.", nameof(name));
        return MetaRecords.StateKey(name);
    }

    private void WriteState(string name, byte[]? row, bool sync) => _core.Exclusively((_core, Key: StateKey(name), row, sync), static args =>
    {
        StoreOpener.ThrowIfReadOnly(args._core);
        args._core.ThrowIfUnusable();
        if (args.row is null)
            args._core.Batch.Delete(args.Key);
        else
            MetaRecords.Put(args._core.Batch, args.Key, args.row);
        args._core.WriteBatch(args.sync);
        return true;
    });
}
