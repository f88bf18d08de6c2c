namespace Honu;

/// <summary>The end of a stream: what the sender assumed the receiver to cover, and what the receiver covers once it has everything.</summary>
/// <param name="Base">The receiver's vector as the sender knew it; joined only if the receiver covers it at that moment (R2).</param>
/// <param name="Target">The sender's vector in the snapshot that the stream was made from.</param>
public sealed record VectorJoin(VersionVector Base, VersionVector Target);
