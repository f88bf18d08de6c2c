namespace Honu;

/// <summary>What one replica tells another of a namespace before anything is compared.</summary>
/// <param name="Summary">16 bytes over the version vector and the loose records: equal summaries mean nothing to do (R4).</param>
/// <param name="Digest">The digest of the live records; <see langword="null"/> while nobody can vouch for it.</param>
/// <param name="IsDurable">Whether the vector that the summary is about was made durable.</param>
public sealed record NamespaceDescription(byte[] Summary, UInt128? Digest, bool IsDurable);
