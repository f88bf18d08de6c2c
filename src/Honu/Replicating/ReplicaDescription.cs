namespace Honu;

/// <summary>What a replica says of itself, for people and for the choice of peers.</summary>
/// <param name="Region">Where it stands; <see langword="null"/> when unknown.</param>
/// <param name="Owner">Who writes there; <see langword="null"/> when unknown.</param>
/// <param name="Store">Its store id.</param>
public sealed record ReplicaDescription(string? Region, string? Owner, Guid Store);
