namespace Honu;

/// <summary>One version in an object's history.</summary>
/// <param name="Version">The version.</param>
/// <param name="Value">Its value; empty for a tombstone.</param>
/// <param name="LostConflict">Whether it was written concurrently with a version that won.</param>
public sealed record HistoryEntry(ObjectVersion Version, ReadOnlyMemory<byte> Value, bool LostConflict);
