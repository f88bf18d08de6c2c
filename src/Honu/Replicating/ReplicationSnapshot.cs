using Honu.Engines;
using Honu.Format;
using Honu.Replicating;
using Honu.Writing;

namespace Honu;

/// <summary>A consistent view for replication: index, records and vectors of one moment. Dispose it when its streams have ended.</summary>
public sealed partial class ReplicationSnapshot : IDisposable
{
    private readonly StoreCore _core;
    private readonly EngineSnapshot _engineSnapshot;
    private readonly Dictionary<string, Moment> _namespaces;

    internal ReplicationSnapshot(StoreCore core)
    {
        _core = core;
        _engineSnapshot = core.Engine.CreateSnapshot();
        _namespaces = core.Namespaces.All.ToDictionary(
            state => state.Name,
            state => new Moment(state.Id, state.Vector.Clone(), state.Frontier, state.OutsiderMark, core.Held.Quarantine.Count(state) > 0),
            StringComparer.Ordinal);
    }

    /// <summary>A view of the records of one namespace, without its vectors.</summary>
    internal ReplicationSnapshot(StoreCore core, NamespaceState state)
    {
        _core = core;
        _engineSnapshot = core.Engine.CreateSnapshot();
        _namespaces = new(StringComparer.Ordinal) { [state.Name] = new Moment(state.Id, new VersionVector(), state.Frontier, PurgeMark: 0, HasQuarantine: false) };
    }

    /// <summary>The vector of a namespace at the moment of the snapshot; empty for an unknown one. Not to be changed.</summary>
    public VersionVector Vector(string ns) => _namespaces.TryGetValue(ns, out var found) ? found.Vector : new VersionVector();

    /// <summary>The frontier of a namespace at the moment of the snapshot: a receiver that does not dominate it must be sent everything (R7). Not to be changed.</summary>
    public VersionVector Frontier(string ns) => _namespaces.TryGetValue(ns, out var found) ? found.Frontier : new VersionVector();

    /// <summary>The purge mark of a namespace at the moment of the snapshot; 0 while the vector does not cover all that was purged.</summary>
    public ulong PurgeMark(string ns) => _namespaces.TryGetValue(ns, out var found) ? found.PurgeMark : 0;

    /// <summary>Adds all current records, those of deletions too, to <paramref name="block"/>, in the order of their keys, until it is full.</summary>
    /// <param name="ns">The namespace.</param>
    /// <param name="afterKey">Where the last call stopped; empty at the beginning.</param>
    /// <param name="block">Receives the records.</param>
    /// <param name="maxRecords">Stop at this many records in the block.</param>
    /// <param name="maxBytes">Stop at this many bytes; one record always fits.</param>
    /// <param name="covered">For a resumed stream: records that this vector does not cover are passed over, since <see cref="ReadUncovered"/> has brought them before.</param>
    /// <returns>The key to go on after, or <see langword="null"/> when everything has been added.</returns>
    public byte[]? ReadAll(string ns, ReadOnlySpan<byte> afterKey, RecordBlockWriter block, int maxRecords, int maxBytes, VersionVector? covered = null)
    {
        ArgumentNullException.ThrowIfNull(block);
        if (!_namespaces.TryGetValue(ns, out var found))
            return null;
        Span<byte> prefix = stackalloc byte[KeySpaces.NamespacePrefixBytes];
        KeySpaces.Prefix(prefix, KeySpaces.Current, found.Id);
        using var quarantine = found.HasQuarantine ? new QuarantinedRecords(_core.Engine, _engineSnapshot, found.Id, afterKey) : null;
        using var records = _core.Engine.CreateIterator(_engineSnapshot, verify: true);
        records.Seek([.. prefix, .. afterKey]);
        if (!afterKey.IsEmpty && records.IsValid && records.Key.StartsWith(prefix) && records.Key[prefix.Length..].SequenceEqual(afterKey))
            records.Next();
        for (; records.IsValid && records.Key.StartsWith(prefix); records.Next())
        {
            var key = records.Key[prefix.Length..];
            var record = StoreCore.Parse(records.Value, key);

            // What is damaged here must not spread: the checksum is checked before a record leaves.
            if (!record.Verify(key))
                throw StoreCore.Damaged(key);
            quarantine?.AddUpTo(key, block);
            if (covered?.Covers(record.Version) == false)
                continue;
            block.Add(key, record);
            if (block.Count < maxRecords && block.Length < maxBytes)
                continue;
            var last = key.ToArray();
            records.ThrowIfFailed();
            return last;
        }

        // A receiver takes what does not come for deleted.
        records.ThrowIfFailed();
        quarantine?.AddUpTo(key: [], block);
        return null;
    }

    /// <summary>Adds what a rumor of own writes must carry (R3): the current record of every key that was written, whoever wrote that record.</summary>
    /// <param name="ns">The namespace.</param>
    /// <param name="from">The rumor covers own writes after this scalar.</param>
    /// <param name="written">The own writes after it, by ascending scalar, with their keys.</param>
    /// <param name="block">Receives the records.</param>
    /// <returns>
    /// What the rumor covers the writes after: a key that has no record any more was deleted, and the deletion purged, so <paramref name="from"/> moves past its write.
    /// Who does not cover that learns of it by a session.
    /// </returns>
    public ulong ReadWritten(string ns, ulong from, IReadOnlyList<(ulong Scalar, ReadOnlyMemory<byte> Key)> written, RecordBlockWriter block) =>
        ReadWritten(ns, from, written, block, int.MaxValue);

    /// <summary>The same, up to the record that passes a number of bytes: then the block is not whole.</summary>
    internal ulong ReadWritten(string ns, ulong from, IReadOnlyList<(ulong Scalar, ReadOnlyMemory<byte> Key)> written, RecordBlockWriter block, int maxBytes)
    {
        ArgumentNullException.ThrowIfNull(written);
        ArgumentNullException.ThrowIfNull(block);
        if (!_namespaces.TryGetValue(ns, out var found))
            return written.Count > 0 ? Math.Max(from, written[^1].Scalar) : from;
        var keyBuffer = new byte[KeySpaces.MaxKeyBytes];
        foreach (var (scalar, key) in written)
        {
            using var record = _core.Engine.Get(KeySpaces.CurrentKey(keyBuffer, found.Id, key.Span), _engineSnapshot);
            if (!record.Found)
                from = Math.Max(from, scalar);
        }

        var added = new HashSet<ReadOnlyMemory<byte>>(KeyComparer.Instance);
        foreach (var (scalar, key) in written)
        {
            if (scalar <= from || !added.Add(key))
                continue;
            if (block.Length > maxBytes)
                break;
            using var bytes = _core.Engine.Get(KeySpaces.CurrentKey(keyBuffer, found.Id, key.Span), _engineSnapshot);
            var record = StoreCore.Parse(bytes.Span, key.Span);
            if (!record.Verify(key.Span))
                throw StoreCore.Damaged(key.Span);
            block.Add(key.Span, record);
        }

        return from;
    }

    /// <summary>Adds the writes of a replica in <c>(from, to]</c> that the index has, with their keys.</summary>
    /// <returns><see langword="false"/> when there would be more than <paramref name="limit"/>.</returns>
    internal bool TryAddWritten(ushort id, ReplicaId origin, ulong from, ulong to, List<(ulong Scalar, ReadOnlyMemory<byte> Key)> written, int limit)
    {
        using var index = _core.Engine.CreateIterator(_engineSnapshot, verify: true);
        index.Seek(KeySpaces.IndexKey(stackalloc byte[KeySpaces.IndexKeyBytes], id, origin, from + 1));
        for (; index.IsValid && KeySpaces.TryReadIndexKey(index.Key, id, out var version) && version.Replica == origin && version.Scalar <= to; index.Next())
        {
            if (written.Count >= limit)
                return false;
            written.Add((version.Scalar, IndexEntry.ReadKey(index.Key, index.Value).ToArray()));
        }

        index.ThrowIfFailed();
        return true;
    }

    /// <summary>Adds current records that <paramref name="base"/> does not cover to <paramref name="block"/>, in index order, until it is full.</summary>
    /// <param name="ns">The namespace.</param>
    /// <param name="base">What the receiver covers.</param>
    /// <param name="position">Where the last call stopped; none at the beginning.</param>
    /// <param name="block">Receives the records.</param>
    /// <param name="maxRecords">Stop at this many records in the block.</param>
    /// <param name="maxBytes">Stop at this many bytes; one record always fits.</param>
    /// <param name="resumedAfter">
    /// For a resumed stream (R5): entries up to this position were received before and are passed over, unless
    /// <paramref name="resumedTarget"/> does not cover them.
    /// </param>
    /// <param name="resumedTarget">The target of the stream that broke.</param>
    /// <returns>The position to go on from, or none when everything has been added.</returns>
    public VersionId ReadUncovered(string ns, VersionVector @base, VersionId position, RecordBlockWriter block, int maxRecords, int maxBytes, VersionId resumedAfter = default, VersionVector? resumedTarget = null)
    {
        ArgumentNullException.ThrowIfNull(@base);
        ArgumentNullException.ThrowIfNull(block);
        if (!_namespaces.TryGetValue(ns, out var found))
            return default;
        using var entries = new Replicating.UncoveredEntries(_core.Engine, _engineSnapshot, found.Id, @base, _core.Faults, found.HasQuarantine);
        entries.StartAfter(position);
        while (entries.MoveNext())
        {
            if (resumedTarget is not null && !IsAfter(entries.Version, resumedAfter) && resumedTarget.Covers(entries.Version))
                continue;
            var record = StoreCore.Parse(entries.Record, entries.Key);

            // What is damaged here must not spread: the checksum is checked before a record leaves.
            if (!record.Verify(entries.Key))
                throw StoreCore.Damaged(entries.Key);
            block.Add(entries.Key, record);
            if (block.Count >= maxRecords || block.Length >= maxBytes)
            {
                entries.ThrowIfFailed();
                return entries.Version;
            }
        }

        return default;
    }

    /// <summary>Lets go of the view.</summary>
    public void Dispose() => _engineSnapshot.Dispose();

    private sealed record Moment(ushort Id, VersionVector Vector, VersionVector Frontier, ulong PurgeMark, bool HasQuarantine);

    private static bool IsAfter(VersionId entry, VersionId position) =>
        entry.Replica == position.Replica ? entry.Scalar > position.Scalar : entry.Replica.CompareTo(position.Replica) > 0;
}
