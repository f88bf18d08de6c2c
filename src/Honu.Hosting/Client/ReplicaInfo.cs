using Honu.Replication;

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

    /// <summary>What choices of peers are judged by; empty when the server does not replicate.</summary>
    public string Reward { get; init; } = "";

    /// <summary>The peers.</summary>
    public required IReadOnlyList<PeerInfo> Peers { get; init; }

    /// <summary>The namespaces with their version vectors.</summary>
    public required IReadOnlyList<ReplicaNamespaceInfo> Namespaces { get; init; }

    /// <summary>Version of the server's software.</summary>
    public required string ServerVersion { get; init; }

    /// <summary>How fresh writes are pushed; <see langword="null"/> when they go by sessions only.</summary>
    public RumorsStatus? Rumors { get; init; }
}

/// <summary>One peer of a replica.</summary>
/// <param name="Address">Where it is.</param>
/// <param name="Replica">Who it is; <see langword="null"/> until it has answered once.</param>
/// <param name="Region">Its region; empty when unknown.</param>
/// <param name="State">As the replica names it.</param>
/// <param name="RoundTrip">How long it took to answer the last Hello; <see langword="null"/> until it did.</param>
/// <param name="LastSuccess">When a session last succeeded.</param>
/// <param name="LastError">Why the last session failed; <see langword="null"/> when it did not.</param>
public sealed record PeerInfo(
    string Address,
    ReplicaId? Replica,
    string Region,
    string State,
    TimeSpan? RoundTrip,
    DateTimeOffset? LastSuccess,
    string? LastError)
{
    /// <summary>Why it is a peer: "configured", "added" or "learned".</summary>
    public string Origin { get; init; } = "configured";

    /// <summary>What the member who is there counts for: "active", "suspect" or "retired"; empty until it is known.</summary>
    public string Member { get; init; } = "";

    /// <summary>What it holds durably, by namespace, as far as it has told since the server was started.</summary>
    public IReadOnlyDictionary<string, IReadOnlyDictionary<ReplicaId, ulong>> Acknowledged { get; init; } =
        new Dictionary<string, IReadOnlyDictionary<ReplicaId, ulong>>(StringComparer.Ordinal);

    /// <summary>Objects of the server that it has not acknowledged, counted up to 10,000; <see langword="null"/> until it has acknowledged anything.</summary>
    public long? LagObjects { get; init; }

    /// <summary>What the server's selector knows of it; <see langword="null"/> for the server's own address.</summary>
    public ArmSnapshot? Arm { get; init; }
}

/// <summary>Where one namespace of a replica stands.</summary>
/// <param name="Name">The namespace.</param>
/// <param name="Vector">Per replica the highest scalar covered.</param>
/// <param name="Summary">Equal on two replicas when they hold the same versions.</param>
/// <param name="LooseObjects">Objects held but not yet covered by the vector.</param>
public sealed record ReplicaNamespaceInfo(string Name, IReadOnlyDictionary<ReplicaId, ulong> Vector, string Summary, long LooseObjects)
{
    /// <summary>16 bytes over the contents, in hexadecimal; <see langword="null"/> while they are not known.</summary>
    public string? Digest { get; init; }

    /// <summary>Objects that are not deleted; <see langword="null"/> when they were not counted.</summary>
    public long? Objects { get; init; }

    /// <summary>Deleted objects that are remembered; <see langword="null"/> when they were not counted.</summary>
    public long? Tombstones { get; init; }

    /// <summary>Per replica, the greatest scalar of a deletion that is forgotten.</summary>
    public IReadOnlyDictionary<ReplicaId, ulong> Frontier { get; init; } = new Dictionary<ReplicaId, ulong>();

    /// <summary>The pids of the members that keep deletions from being forgotten.</summary>
    public IReadOnlyList<uint> Blockers { get; init; } = [];

    /// <summary>Conflicts that are listed.</summary>
    public long Conflicts { get; init; }

    /// <summary>Received records that wait for this machine's clock.</summary>
    public long Deferred { get; init; }

    /// <summary>Received records that the store keeps without being able to hold them as objects.</summary>
    public long Quarantined { get; init; }

    /// <summary>Whether the namespace is exchanged with others.</summary>
    public bool IsSubscribed { get; init; } = true;
}

/// <summary>A peer or member that a replica knows.</summary>
public sealed record KnownPeer
{
    /// <summary>Where it is reached; <see langword="null"/> when it does not say.</summary>
    public string? Address { get; init; }

    /// <summary>Who it is; <see langword="null"/> until it is known.</summary>
    public ReplicaId? Replica { get; init; }

    /// <summary>Its store; <see langword="null"/> until it is known.</summary>
    public Guid? Store { get; init; }

    /// <summary>Its region; empty when unknown.</summary>
    public string Region { get; init; } = "";

    /// <summary>Why it is known: "configured", "added" or "learned".</summary>
    public string Origin { get; init; } = "";

    /// <summary>"active", "suspect" or "retired"; empty until it is known who it is.</summary>
    public string State { get; init; } = "";

    /// <summary>How the last session that the server opened with it went, for example "active" or "unreachable"; empty when it opens none.</summary>
    public string Connection { get; init; } = "";

    /// <summary>When it was last heard from.</summary>
    public DateTimeOffset? LastHeard { get; init; }

    /// <summary>When a session that the server opened last succeeded.</summary>
    public DateTimeOffset? LastSuccess { get; init; }

    /// <summary>Why the last session failed; <see langword="null"/> when it did not.</summary>
    public string? LastError { get; init; }
}
