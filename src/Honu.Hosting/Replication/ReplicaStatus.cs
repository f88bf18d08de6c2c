using Honu.Replication;

namespace Honu.Hosting;

/// <summary>What a replica is, holds and knows of its peers.</summary>
public sealed record ReplicaStatus
{
    /// <summary>Who the store is.</summary>
    public required StoreIdentity Identity { get; init; }

    /// <summary>The selector that chooses peers.</summary>
    public required string Selector { get; init; }

    /// <summary>What its choices are judged by.</summary>
    public required string Reward { get; init; }

    /// <summary>The peers: configured, added and learned ones.</summary>
    public required IReadOnlyList<PeerStatus> Peers { get; init; }

    /// <summary>The members of the cluster that this replica knows, without itself.</summary>
    public required IReadOnlyList<MemberSnapshot> Members { get; init; }

    /// <summary>The namespaces, ordered by name.</summary>
    public required IReadOnlyList<NamespaceStatus> Namespaces { get; init; }

    /// <summary>Sessions that ended well since the start, own and accepted ones.</summary>
    public required long SessionsSucceeded { get; init; }

    /// <summary>Sessions that failed since the start.</summary>
    public required long SessionsFailed { get; init; }

    /// <summary>How fresh writes are pushed; <see langword="null"/> when they go by sessions only.</summary>
    public RumorsStatus? Rumors { get; init; }
}

/// <summary>How one peer fares.</summary>
public sealed record PeerStatus
{
    /// <summary>Its address as configured.</summary>
    public required string Address { get; init; }

    /// <summary>Who answered there last; <see langword="null"/> when nobody did yet.</summary>
    public ReplicaId? Replica { get; init; }

    /// <summary>Where it says that it stands.</summary>
    public string? Region { get; init; }

    /// <summary>How it fares.</summary>
    public required PeerState State { get; init; }

    /// <summary>How long the peer took to answer the last Hello: a round trip of the link and what the answer costs.</summary>
    public TimeSpan? RoundTrip { get; init; }

    /// <summary>When a session last succeeded.</summary>
    public DateTimeOffset? LastSuccess { get; init; }

    /// <summary>Why the last session failed, if it did.</summary>
    public string? LastError { get; init; }

    /// <summary>What the selector knows of it; <see langword="null"/> for the replica itself.</summary>
    public ArmSnapshot? Arm { get; init; }

    /// <summary>Why it is a peer.</summary>
    public PeerOrigin Origin { get; init; }

    /// <summary>What the member who is there counts for; <see langword="null"/> until it is known.</summary>
    public MemberState? Member { get; init; }

    /// <summary>What it holds durably, by namespace, as far as it has told since this replica was started.</summary>
    public IReadOnlyDictionary<string, VersionVector> Acknowledged { get; init; } = new Dictionary<string, VersionVector>(StringComparer.Ordinal);

    /// <summary>Objects here that it has not acknowledged, counted up to 10,000; <see langword="null"/> until it has acknowledged anything.</summary>
    public long? LagObjects { get; init; }
}

/// <summary>What a replica covers of one namespace.</summary>
public sealed record NamespaceStatus
{
    /// <summary>The namespace.</summary>
    public required string Name { get; init; }

    /// <summary>Per replica that wrote here, the scalar up to which all of its writes are covered.</summary>
    public required IReadOnlyDictionary<ReplicaId, ulong> Vector { get; init; }

    /// <summary>The 16-byte summary in hexadecimal: equal on converged replicas.</summary>
    public required string Summary { get; init; }

    /// <summary>Current records that the vector does not cover yet.</summary>
    public required long LooseObjects { get; init; }

    /// <summary>16 bytes over the contents, in hexadecimal; <see langword="null"/> while they are not known.</summary>
    public string? Digest { get; init; }

    /// <summary>Objects that are not deleted; <see langword="null"/> when they were not counted.</summary>
    public long? Objects { get; init; }

    /// <summary>Deleted objects that are remembered; <see langword="null"/> when they were not counted.</summary>
    public long? Tombstones { get; init; }

    /// <summary>Per replica, the greatest scalar of a deletion that is forgotten here: a peer that does not cover it gets everything anew.</summary>
    public IReadOnlyDictionary<ReplicaId, ulong> Frontier { get; init; } = new Dictionary<ReplicaId, ulong>();

    /// <summary>The pids of the members that keep deletions from being forgotten here: they have not told that they durably hold everything that is here.</summary>
    public IReadOnlyList<uint> Blockers { get; init; } = [];

    /// <summary>Conflicts that are listed here.</summary>
    public long Conflicts { get; init; }

    /// <summary>Received records that wait for this machine's clock.</summary>
    public long Deferred { get; init; }

    /// <summary>Received records that the store keeps without being able to hold them as objects.</summary>
    public long Quarantined { get; init; }

    /// <summary>Whether the namespace is exchanged with others.</summary>
    public bool IsSubscribed { get; init; } = true;
}

/// <summary>A session that was asked for did not succeed.</summary>
public sealed class HonuReplicationException(PeerAddress peer, SyncReport report) : Exception(Explain(peer, report))
{
    private static string Explain(PeerAddress peer, SyncReport report)
    {
        var reason = (report.Error ?? "the session ended early").TrimEnd('.');
        return report.Outcome switch
        {
            SyncOutcome.Unreachable => $"The peer {peer} was not reached: {reason}. Check the address and that honu serve runs there.",
            SyncOutcome.Refused => $"The session with {peer} was refused: {reason}.",
            _ => $"The session with {peer} did not complete: {reason}. Try again.",
        };
    }

    /// <summary>How far it came.</summary>
    public SyncReport Report { get; } = report;

    /// <summary>Why it ended: <see cref="SyncOutcome.Unreachable"/> and <see cref="SyncOutcome.Interrupted"/> are worth another try, <see cref="SyncOutcome.Refused"/> is not.</summary>
    public SyncOutcome Outcome => Report.Outcome;
}
