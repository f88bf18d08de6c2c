using System.Buffers.Binary;
using Honu.Engines;
using Honu.Format;
using Honu.Writing;

namespace Honu.Applying;

/// <summary>The rows of unsettled conflicts: <c>X ns key loser → since, the loser's record</c>. Also the to-do list of the resolvers.</summary>
/// <remarks>
/// A row is written in the batch in which the loser met the winner, and goes in the batch in which a version that covers the loser becomes
/// current. So it survives a crash, and says the truth after one. Members that stage are for the committing thread only.
/// </remarks>
internal sealed class ConflictStore(StoreCore core)
{
    // Beyond these, per namespace, the oldest tenth is forgotten. A limit for bytes as well: losers may be large.
    public const int MaxRows = 10_000;
    public const long MaxBytes = 64L << 20;

    private const int SinceBytes = 8;

    private readonly byte[] _keyBuffer = new byte[KeySpaces.MaxConflictKeyBytes];
    private readonly List<(NamespaceState State, ConflictCount Change)> _changes = [];
    private readonly List<byte[]> _touched = [];
    private long _forgotten;
    private long _failures;

    /// <summary>Conflicts that were forgotten because there were too many, since the store was opened.</summary>
    public long Forgotten => Interlocked.Read(ref _forgotten);

    /// <summary>How often a resolver threw or made too large a value, since the store was opened.</summary>
    public long ResolverFailures => Interlocked.Read(ref _failures);

    public void CountFailure() => Interlocked.Increment(ref _failures);

    /// <summary>Whether a losing version is for this store to resolve: it wrote it, in this epoch or an earlier one, under this pid or the one before.</summary>
    /// <remarks>Whoever wrote under an earlier epoch writes no more, so nobody else would resolve what it lost.</remarks>
    public bool IsOwn(VersionId loser) =>
        loser.Replica.Pid == core.Identity.Replica.Pid || core.Replicas.Find(loser.Replica)?.Store == core.Identity.StoreId;

    /// <summary>Adds a loser.</summary>
    public void StageLoser(NamespaceState state, ReadOnlySpan<byte> key, scoped in RecordReader loser)
    {
        var payload = new byte[SinceBytes + loser.PortableLength];
        BinaryPrimitives.WriteInt64LittleEndian(payload, core.Options.Environment.Time.GetUtcNow().ToUnixTimeMilliseconds());
        loser.CopyPortable(payload.AsSpan(SinceBytes));
        var engineKey = KeySpaces.ConflictKey(_keyBuffer, state.Id, key, loser.Version);
        using (var known = core.Engine.Get(engineKey))
        {
            // Its context may have outgrown its limit and told of it no more: noticed once is enough.
            if (known.Found)
                return;
        }

        Touch(key);
        MetaRecords.Put(core.Batch, engineKey, payload);
        _changes.Add((state, new ConflictCount(1, RowBytes(engineKey.Length, payload.Length))));
    }

    /// <summary>Removes the losers of a key that a version covers. Notes the key for the resolver if others are left.</summary>
    public void StageCovered(NamespaceState state, ReadOnlySpan<byte> key, scoped in RecordReader by)
    {
        if (state.Conflicts.Rows == 0)
            return;
        var areLeft = false;
        using var rows = core.Engine.CreateIterator();
        for (var more = Seek(rows, state, key); more; more = Next(rows, state, key))
        {
            var loser = Read(rows).Version;
            if (loser == by.Version || by.HasAncestor(loser))
                StageRemoval(state, rows);
            else
                areLeft = true;
        }

        rows.ThrowIfFailed();
        if (areLeft)
            Touch(key);
    }

    /// <summary>Removes all losers of a key: a local write covers every one that was seen here (R14).</summary>
    public void StageAllCovered(NamespaceState state, ReadOnlySpan<byte> key)
    {
        if (state.Conflicts.Rows == 0)
            return;
        using var rows = core.Engine.CreateIterator();
        for (var more = Seek(rows, state, key); more; more = Next(rows, state, key))
            StageRemoval(state, rows);
        rows.ThrowIfFailed();
    }

    /// <summary>Removes one loser. Returns whether it was there.</summary>
    public bool StageRemoval(NamespaceState state, ReadOnlySpan<byte> key, VersionId loser)
    {
        var engineKey = KeySpaces.ConflictKey(_keyBuffer, state.Id, key, loser);
        using var row = core.Engine.Get(engineKey);
        if (row.Found)
            StageRemoval(state, engineKey, row.Span.Length);
        return row.Found;
    }

    /// <summary>The keys with conflicts that have changed since the last call, in order: for the resolver.</summary>
    public byte[][] TakeTouched()
    {
        if (_touched.Count == 0)
            return [];
        var keys = _touched.ToArray();
        _touched.Clear();
        return keys;
    }

    /// <summary>The batch was written: the counts are as it says.</summary>
    public void Publish()
    {
        foreach (var (state, change) in _changes)
            state.Conflicts += change;
        _changes.Clear();
    }

    /// <summary>The batch was given up.</summary>
    public void Discard()
    {
        _changes.Clear();
        _touched.Clear();
    }

    /// <summary>Counts the rows of a store that was just opened, and removes those that a power loss has left without their reason.</summary>
    public void Load()
    {
        Span<byte> prefix = stackalloc byte[KeySpaces.NamespacePrefixBytes];
        using var rows = core.Engine.CreateIterator();
        foreach (var state in core.Namespaces.All)
        {
            KeySpaces.Prefix(prefix, KeySpaces.Conflict, state.Id);
            for (rows.Seek(prefix); rows.IsValid && rows.Key.StartsWith(prefix); rows.Next())
            {
                try
                {
                    var isStillLosing = IsStillLosing(state, KeySpaces.ReadConflictKey(rows.Key), Read(rows).Version);
                    _changes.Add((state, new ConflictCount(1, RowBytes(rows.Key.Length, rows.Value.Length))));
                    if (!isStillLosing)
                        StageRemoval(state, rows);
                }
                catch (HonuCorruptionException)
                {
                    // A list of what is to be settled must not keep the store from opening; the objects themselves are not touched.
                    core.Batch.Delete(rows.Key);
                }
            }
        }

        rows.ThrowIfFailed();
        core.WriteBatch(sync: false);
        Publish();
    }

    /// <summary>Forgets the oldest conflicts of a namespace that has too many.</summary>
    public void StageLimit(NamespaceState state)
    {
        if (state.Conflicts is { Rows: <= MaxRows, Bytes: <= MaxBytes })
            return;
        var all = new List<(DateTimeOffset Since, byte[] EngineKey, int ValueBytes)>(state.Conflicts.Rows);
        Span<byte> prefix = stackalloc byte[KeySpaces.NamespacePrefixBytes];
        KeySpaces.Prefix(prefix, KeySpaces.Conflict, state.Id);
        using var rows = core.Engine.CreateIterator();
        for (rows.Seek(prefix); rows.IsValid && rows.Key.StartsWith(prefix); rows.Next())
            all.Add((ReadSince(rows), rows.Key.ToArray(), rows.Value.Length));
        rows.ThrowIfFailed();

        // A tenth at once, so that the walk is paid once for many. The newest stays, however large it is.
        all.Sort(static (a, b) => a.Since.CompareTo(b.Since));
        var (left, bytes) = (all.Count, state.Conflicts.Bytes);
        for (var i = 0; i < all.Count - 1 && (left > MaxRows / 10 * 9 || bytes > MaxBytes / 10 * 9); i++)
        {
            StageRemoval(state, all[i].EngineKey, all[i].ValueBytes);
            left--;
            bytes -= RowBytes(all[i].EngineKey.Length, all[i].ValueBytes);
            Interlocked.Increment(ref _forgotten);
        }
    }

    /// <summary>The losers of one key, by ascending version, with the record that is current.</summary>
    public ConflictedObject ReadObject(NamespaceState state, ReadOnlySpan<byte> key, EngineSnapshot? snapshot = null)
    {
        Span<byte> engineKey = stackalloc byte[KeySpaces.MaxKeyBytes];
        using var taken = snapshot is null ? core.Engine.CreateSnapshot() : null;
        var moment = snapshot ?? taken;
        var losers = new List<byte[]>();
        using var current = core.Engine.Get(KeySpaces.CurrentKey(engineKey, state.Id, key), moment);
        using var rows = core.Engine.CreateIterator(moment);
        for (var more = Seek(rows, state, key); more; more = Next(rows, state, key))
            losers.Add(Payload(rows)[SinceBytes..].ToArray());
        rows.ThrowIfFailed();
        return new ConflictedObject(current.Found ? Verified(current.Span, key).ToArray() : null, losers);
    }

    /// <summary>The conflicts of a namespace in the order of their keys, as of a snapshot.</summary>
    public List<Conflict> List(NamespaceState state, EngineSnapshot snapshot)
    {
        var conflicts = new List<Conflict>();
        var engineKey = new byte[KeySpaces.MaxKeyBytes];
        Span<byte> prefix = stackalloc byte[KeySpaces.NamespacePrefixBytes];
        KeySpaces.Prefix(prefix, KeySpaces.Conflict, state.Id);
        using var rows = core.Engine.CreateIterator(snapshot);
        for (rows.Seek(prefix); rows.IsValid && rows.Key.StartsWith(prefix); rows.Next())
        {
            var key = KeySpaces.ReadConflictKey(rows.Key);
            var loser = Read(rows);
            using var current = core.Engine.Get(KeySpaces.CurrentKey(engineKey, state.Id, key), snapshot);
            var winner = current.Found ? StoreCore.Parse(current.Span, key).ToObjectVersion(core.Clock) : default;
            conflicts.Add(new Conflict(state.Name, key.ToArray(), winner, loser.ToObjectVersion(core.Clock), loser.Value.ToArray(), ReadSince(rows)));
        }

        rows.ThrowIfFailed();

        // The engine's order has the keys by length first.
        conflicts.Sort(static (a, b) => a.Key.Span.SequenceCompareTo(b.Key.Span) is var byKey && byKey != 0 ? byKey : VersionOrder.Compare(b.Loser.Id, a.Loser.Id));
        return conflicts;
    }

    /// <summary>The keys of a namespace that have conflicts.</summary>
    public List<byte[]> Keys(NamespaceState state)
    {
        var keys = new List<byte[]>();
        Span<byte> prefix = stackalloc byte[KeySpaces.NamespacePrefixBytes];
        KeySpaces.Prefix(prefix, KeySpaces.Conflict, state.Id);
        using var rows = core.Engine.CreateIterator();
        for (rows.Seek(prefix); rows.IsValid && rows.Key.StartsWith(prefix); rows.Next())
        {
            var key = KeySpaces.ReadConflictKey(rows.Key);
            if (keys.Count == 0 || !key.SequenceEqual(keys[^1]))
                keys.Add(key.ToArray());
        }

        rows.ThrowIfFailed();
        return keys;
    }

    private void Touch(ReadOnlySpan<byte> key) => _touched.Add(key.ToArray());

    private bool IsStillLosing(NamespaceState state, ReadOnlySpan<byte> key, VersionId loser)
    {
        using var current = core.Engine.Get(KeySpaces.CurrentKey(_keyBuffer, state.Id, key));
        if (!current.Found)
            return false;
        var winner = StoreCore.Parse(current.Span, key);
        return winner.Version != loser && !winner.HasAncestor(loser);
    }

    private void StageRemoval(NamespaceState state, EngineIterator row) => StageRemoval(state, row.Key, row.Value.Length);

    private void StageRemoval(NamespaceState state, ReadOnlySpan<byte> engineKey, int valueBytes)
    {
        core.Batch.Delete(engineKey);
        _changes.Add((state, new ConflictCount(-1, -RowBytes(engineKey.Length, valueBytes))));
    }

    private static long RowBytes(int keyBytes, int valueBytes) => keyBytes + valueBytes;

    private static bool Seek(EngineIterator rows, NamespaceState state, ReadOnlySpan<byte> key)
    {
        Span<byte> prefix = stackalloc byte[KeySpaces.MaxConflictKeyBytes];
        prefix = KeySpaces.ConflictPrefix(prefix, state.Id, key);
        rows.Seek(prefix);
        return rows.IsValid && rows.Key.StartsWith(prefix);
    }

    private static bool Next(EngineIterator rows, NamespaceState state, ReadOnlySpan<byte> key)
    {
        Span<byte> prefix = stackalloc byte[KeySpaces.MaxConflictKeyBytes];
        prefix = KeySpaces.ConflictPrefix(prefix, state.Id, key);
        rows.Next();
        return rows.IsValid && rows.Key.StartsWith(prefix);
    }

    private static ReadOnlySpan<byte> Payload(EngineIterator row)
    {
        var payload = MetaRecords.Open(row.Key, row.Value);
        return payload.Length > SinceBytes ? payload : throw MetaRecords.Damaged(row.Key);
    }

    private static RecordReader Read(EngineIterator row) => StoreCore.Parse(Payload(row)[SinceBytes..], KeySpaces.ReadConflictKey(row.Key));

    private static DateTimeOffset ReadSince(EngineIterator row)
    {
        var milliseconds = BinaryPrimitives.ReadInt64LittleEndian(Payload(row));
        return DateTimeOffset.FromUnixTimeMilliseconds(milliseconds);
    }

    private static ReadOnlySpan<byte> Verified(ReadOnlySpan<byte> bytes, ReadOnlySpan<byte> key) =>
        StoreCore.Parse(bytes, key).Verify(key) ? bytes : throw StoreCore.Damaged(key);
}
