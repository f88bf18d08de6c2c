namespace Honu;

/// <summary>A conflict that nothing has settled yet, as this store knows it.</summary>
/// <param name="Namespace">The namespace.</param>
/// <param name="Key">The object's key.</param>
/// <param name="Winner">The version that readers see.</param>
/// <param name="Loser">The version that lost: neither saw the other.</param>
/// <param name="LoserValue">The loser's value, kept here whatever the namespace's retention; empty for a deletion.</param>
/// <param name="Since">When this store noticed it, by its own clock.</param>
public sealed record Conflict(string Namespace, ReadOnlyMemory<byte> Key, ObjectVersion Winner, ObjectVersion Loser, ReadOnlyMemory<byte> LoserValue, DateTimeOffset Since);
