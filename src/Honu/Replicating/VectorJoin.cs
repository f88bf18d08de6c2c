namespace Honu;

/// <summary>The end of a stream: what the sender assumed the receiver to cover, and what the receiver covers once it has everything.</summary>
/// <param name="Base">The receiver's vector as the sender knew it; joined only if the receiver covers it at that moment (R2). Empty for a full stream.</param>
/// <param name="Target">The sender's vector in the snapshot that the stream was made from.</param>
public sealed record VectorJoin(VersionVector Base, VersionVector Target)
{
    /// <summary>Whether the stream brought everything that the sender holds: what the target covers and the stream did not bring was deleted (R7).</summary>
    public bool IsFull { get; init; }

    /// <summary>The sender's frontier in that snapshot.</summary>
    /// <value>
    /// <see langword="null"/> when it was not told: a full stream then counts as if everything that its target covers had been purged. With another stream it is
    /// compared: one whose frontier the receiver does not dominate is not joined.
    /// </value>
    public VersionVector? Frontier { get; init; }

    /// <summary>The sender's purge mark in that snapshot: the greatest scalar of a purged deletion.</summary>
    public ulong PurgeMark { get; init; }
}
