namespace Honu;

/// <summary>What one replica tells another of a namespace before anything is compared, as of one moment.</summary>
/// <param name="Summary">16 bytes over the version vector and the loose records: equal summaries mean nothing to do (R4).</param>
/// <param name="Vector">The vector that the summary is about. Not to be changed.</param>
/// <param name="Digest">The digest of the live records; <see langword="null"/> while nobody can vouch for it.</param>
/// <param name="IsDurable">Whether a power loss would leave that vector true: peers may purge on it.</param>
public sealed record NamespaceDescription(byte[] Summary, VersionVector Vector, UInt128? Digest, bool IsDurable);
