namespace Honu;

/// <summary>What replication knows of a namespace at one moment. The vectors are copies.</summary>
/// <param name="Vector">Which writes are held here, superseded, or known to be deleted.</param>
/// <param name="LooseRecords">How many current records it does not cover.</param>
public sealed record NamespaceReplication(VersionVector Vector, long LooseRecords)
{
    /// <summary>The purged deletions: a peer that does not dominate it gets a full stream (R7).</summary>
    public required VersionVector Frontier { get; init; }

    /// <summary>The greatest scalar of a deletion that was ever purged; 0 when none was.</summary>
    public required ulong PurgeMark { get; init; }

    /// <summary>What of the vector survives a power loss: what may be acknowledged to peers.</summary>
    public required VersionVector Durable { get; init; }

    /// <summary>Whether there is no current record at all, not even of a deletion.</summary>
    public required bool IsEmpty { get; init; }

    /// <summary>Deletions that are still remembered; <see langword="null"/> until the first <see cref="ReplicationPort.Purge"/> has counted them.</summary>
    public required long? Tombstones { get; init; }

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
