namespace Honu;

/// <summary>An object that was written or deleted, here or at another replica: its current record after that.</summary>
public sealed record HonuChange
{
    /// <summary>The namespace.</summary>
    public required string Namespace { get; init; }

    /// <summary>The key.</summary>
    public required ReadOnlyMemory<byte> Key { get; init; }

    /// <summary>The value; empty for a deletion, and when <see cref="WatchOptions.IncludeValues"/> is off.</summary>
    public required ReadOnlyMemory<byte> Value { get; init; }

    /// <summary>The version; its <see cref="ObjectVersion.IsDeleted"/> tells a deletion, and its length is that of the value, also when that was left out.</summary>
    public required ObjectVersion Version { get; init; }

    /// <summary>Whether this store wrote the version, under its present pid and epoch; otherwise it came by replication.</summary>
    public required bool IsLocal { get; init; }

    /// <summary>Whether the change was read from the store, after a start from a token or from the beginning, or after the buffer was full: versions before it may have been passed over.</summary>
    public bool IsCatchUp { get; init; }

    /// <summary>
    /// Whether the watch had to begin again with everything that the store holds: the store has taken a new epoch since the token was made (it was restored,
    /// copied, or lost power) and may have lost changes that the token covers, or deletions that it does not cover were forgotten by all replicas since. What was derived from earlier changes may hold keys that are gone; build it anew.
    /// </summary>
    public bool StartsOver { get; init; }

    /// <summary>A watch that begins with it delivers everything after this change. Keep it once the change has been dealt with.</summary>
    public required WatchToken Token { get; init; }
}
