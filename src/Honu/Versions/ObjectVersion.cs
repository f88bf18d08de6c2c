namespace Honu;

/// <summary>What is known of one version of an object besides its value.</summary>
/// <param name="Id">The version itself; <see cref="VersionId.IsNone"/> when there is none.</param>
/// <param name="Parent">The version it was derived from; none for an object's first version.</param>
/// <param name="Creator">The replica that created the object, which later writers leave as it is.</param>
/// <param name="IsDeleted">Whether this version is a tombstone: the object was deleted, or its time to live was over when it was read.</param>
/// <param name="ValueLength">Length of the value in bytes; 0 for a tombstone.</param>
public readonly record struct ObjectVersion(VersionId Id, VersionId Parent, ReplicaId Creator, bool IsDeleted, long ValueLength)
{
    /// <summary>From when on the version counts as deleted, to the millisecond; <see langword="null"/> for one that does not expire.</summary>
    public DateTimeOffset? Expires
    {
        get => ExpiryScalar == 0 ? null : DateTimeOffset.FromUnixTimeMilliseconds((long)(ExpiryScalar >> HybridLogicalClock.CounterBits));
        init => ExpiryScalar = value is { } time ? (ulong)time.ToUnixTimeMilliseconds() << HybridLogicalClock.CounterBits : 0;
    }

    internal ulong ExpiryScalar { get; init; }

    /// <summary>Whether there is no version: the key was never written here.</summary>
    public bool IsNone => Id.IsNone;
}
