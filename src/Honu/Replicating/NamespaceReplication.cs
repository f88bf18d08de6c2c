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

    /// <summary>What the vector will cover once the deferred records are applied; <see langword="null"/> when nothing waits. Tells peers what not to send again; never acknowledged.</summary>
    public VersionVector? PendingTarget { get; init; }

    /// <summary>What need not be sent here again: the vector, and what is pending.</summary>
    public VersionVector Received
    {
        get
        {
            if (PendingTarget is null)
                return Vector;
            var received = Vector.Clone();
            received.Join(PendingTarget);
            return received;
        }
    }
}
