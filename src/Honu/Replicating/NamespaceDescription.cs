namespace Honu;

/// <summary>What a replica tells of a namespace at the beginning of a session.</summary>
/// <param name="Summary">16 bytes over the vector and the loose records: equal summaries mean that neither side lacks anything (R4).</param>
/// <param name="Vector">The vector that the summary is about. Not to be changed.</param>
/// <param name="IsDurable">Whether a power loss would leave that vector true: peers may purge on it.</param>
public sealed record NamespaceDescription(byte[] Summary, VersionVector Vector, bool IsDurable);
