namespace Honu;

/// <summary>What a store holds, and what it costs.</summary>
public sealed record StoreStatistics
{
    /// <summary>Per namespace, in the order of their names' UTF-8 bytes.</summary>
    public required IReadOnlyList<NamespaceStatistics> Namespaces { get; init; }

    /// <summary>Size of the store's files in bytes; 0 in memory.</summary>
    public required long DiskBytes { get; init; }

    /// <summary>Memory of the engine outside of the managed heap, in bytes.</summary>
    public required long EngineMemoryBytes { get; init; }

    /// <summary>Memory of the head cache and of the presence filter, in bytes, also outside of the managed heap or beside its usual objects.</summary>
    public required long LookupMemoryBytes { get; init; }

    /// <summary>Updates from peers since the store was opened, by kind; kinds that did not occur are left out.</summary>
    public required IReadOnlyDictionary<UpdateKind, long> Updates { get; init; }

    /// <summary>How often an <see cref="IConflictResolver"/> threw or made too large a value since the store was opened. Such a conflict stays listed, and the winner stays.</summary>
    public required long ResolverFailures { get; init; }

    /// <summary>Conflicts that were forgotten since the store was opened, because their namespace had more than 10,000 or more than 64 MiB of them: the oldest go.</summary>
    public required long ConflictsForgotten { get; init; }
}

/// <summary>What one namespace holds.</summary>
public sealed record NamespaceStatistics
{
    /// <summary>The namespace.</summary>
    public required string Name { get; init; }

    /// <summary>Objects that are not deleted.</summary>
    public required long Objects { get; init; }

    /// <summary>Deleted objects that are still remembered.</summary>
    public required long Tombstones { get; init; }

    /// <summary>Bytes of the current values.</summary>
    public required long ValueBytes { get; init; }

    /// <summary>Records in history, the copies of current ones included.</summary>
    public required long HistoryEntries { get; init; }

    /// <summary>Entries of <see cref="HistoryEntries"/> that the retention keeps no longer and the background has not removed yet.</summary>
    public required long HistoryBacklog { get; init; }

    /// <summary>When the oldest version in history was written; <see langword="null"/> without history, or when the clock does not tell time.</summary>
    public required DateTimeOffset? OldestVersion { get; init; }

    /// <summary>Bytes of the values in history.</summary>
    public required long HistoryBytes { get; init; }

    /// <summary>Per replica that wrote here, the scalar up to which all of its writes are covered.</summary>
    public required IReadOnlyDictionary<ReplicaId, ulong> Vector { get; init; }

    /// <summary>Current records that the vector does not cover yet.</summary>
    public required long LooseRecords { get; init; }

    /// <summary>Conflicts that are listed here (<see cref="HonuStore.Conflicts"/>).</summary>
    public required long Conflicts { get; init; }
}
