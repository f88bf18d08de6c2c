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
}
