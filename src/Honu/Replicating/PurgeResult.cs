namespace Honu;

/// <summary>What a <see cref="ReplicationPort.Purge"/> did.</summary>
/// <param name="Purged">Deletions that are forgotten now.</param>
/// <param name="Tombstones">Deletions that are still remembered; <see langword="null"/> while they have not been counted.</param>
/// <param name="HasMore">Whether another call finds more to do at once: this one came to its limit.</param>
public readonly record struct PurgeResult(long Purged, long? Tombstones, bool HasMore);
