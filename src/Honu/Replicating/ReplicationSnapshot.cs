using Honu.Engines;
using Honu.Format;
using Honu.Writing;

namespace Honu;

/// <summary>A consistent view for replication: index, records and vectors of one moment. Dispose it when its streams have ended.</summary>
public sealed class ReplicationSnapshot : IDisposable
{
    private readonly StoreCore _core;
    private readonly EngineSnapshot _engineSnapshot;
    private readonly Dictionary<string, (ushort Id, VersionVector Vector, bool HasQuarantine)> _namespaces;

    internal ReplicationSnapshot(StoreCore core)
    {
        _core = core;
        _engineSnapshot = core.Engine.CreateSnapshot();
        _namespaces = core.Namespaces.All.ToDictionary(state => state.Name, state => (state.Id, state.Vector.Clone(), core.Held.Quarantine.Count(state) > 0), StringComparer.Ordinal);
    }

    /// <summary>The vector of a namespace at the moment of the snapshot; empty for an unknown one. Not to be changed.</summary>
    public VersionVector Vector(string ns) => _namespaces.TryGetValue(ns, out var found) ? found.Vector : new VersionVector();

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

    private static bool IsAfter(VersionId entry, VersionId position) =>
        entry.Replica == position.Replica ? entry.Scalar > position.Scalar : entry.Replica.CompareTo(position.Replica) > 0;
}
