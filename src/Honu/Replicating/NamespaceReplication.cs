namespace Honu;

/// <summary>What replication has to know of one namespace of a store, all of one moment.</summary>
public sealed record NamespaceReplication
{
    /// <summary>Which writes are held here or superseded. A copy.</summary>
    public required VersionVector Vector { get; init; }

    /// <summary>How many current records the vector does not cover.</summary>
    public long LooseRecords { get; init; }

    /// <summary>How many received records wait because their version lies too far ahead of this machine's clock.</summary>
    public long Deferred { get; init; }

    /// <summary>How many received records this store keeps without being able to hold them as objects. While there are any, equal vectors do not mean equal objects.</summary>
    public long Quarantined { get; init; }

    /// <summary>What the vector will cover once the deferred records are applied; <see langword="null"/> when nothing waits. Never told as covered, never acknowledged.</summary>
    public VersionVector? PendingTarget
    {
        get
        {
            if (Pending.Count == 0)
                return null;
            var all = new VersionVector();
            foreach (var target in Pending.Values)
                all.Join(target);
            return all;
        }
    }

    internal IReadOnlyDictionary<ReplicaId, VersionVector> Pending { get; init; } = System.Collections.Frozen.FrozenDictionary<ReplicaId, VersionVector>.Empty;

    /// <summary>What a peer need not send again: what the vector covers, and what is pending of its own streams.</summary>
    /// <remarks>Not of those of others: a stream that builds on what is pending must wait for it, and a peer with a right clock must not have to wait for one with a wrong one.</remarks>
    public VersionVector ReceivedFrom(ReplicaId sender)
    {
        if (!Pending.TryGetValue(sender, out var target))
            return Vector;
        var received = Vector.Clone();
        received.Join(target);
        return received;
    }
}
