#pragma warning disable MA0048 // What a server tells about its replication is read together.
namespace Honu.Hosting;

/// <summary>How a replica is doing, as its server tells.</summary>
public sealed record ReplicaInfo
{
    /// <summary>The store's identity.</summary>
    public required StoreInfoIdentity Identity { get; init; }

    /// <summary>Whether the server replicates at all, or only serves its store to clients.</summary>
    public required bool Replicating { get; init; }

    /// <summary>How session peers are chosen; empty when the server does not replicate.</summary>
    public required string Selector { get; init; }

    /// <summary>The peers.</summary>
    public required IReadOnlyList<PeerInfo> Peers { get; init; }

    /// <summary>The namespaces with their version vectors.</summary>
    public required IReadOnlyList<ReplicaNamespaceInfo> Namespaces { get; init; }

    /// <summary>Version of the server's software.</summary>
    public required string ServerVersion { get; init; }
}

/// <summary>One peer of a replica.</summary>
/// <param name="Address">Where it is.</param>
/// <param name="Replica">Who it is; <see langword="null"/> until it has answered once.</param>
/// <param name="Region">Its region; empty when unknown.</param>
/// <param name="State">As the replica names it.</param>
/// <param name="RoundTrip">Measured; <see langword="null"/> until then.</param>
/// <param name="LastSuccess">When a session last succeeded.</param>
/// <param name="LastError">Why the last session failed; <see langword="null"/> when it did not.</param>
public sealed record PeerInfo(
    string Address,
    ReplicaId? Replica,
    string Region,
    string State,
    TimeSpan? RoundTrip,
    DateTimeOffset? LastSuccess,
    string? LastError);

/// <summary>Where one namespace of a replica stands.</summary>
/// <param name="Name">The namespace.</param>
/// <param name="Vector">Per replica the highest scalar covered.</param>
/// <param name="Summary">Equal on two replicas when they hold the same versions.</param>
/// <param name="LooseObjects">Objects held but not yet covered by the vector.</param>
public sealed record ReplicaNamespaceInfo(string Name, IReadOnlyDictionary<ReplicaId, ulong> Vector, string Summary, long LooseObjects);
