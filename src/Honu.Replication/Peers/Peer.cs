namespace Honu.Replication;

/// <summary>How a peer fares.</summary>
public enum PeerState
{
    /// <summary>Not tried yet.</summary>
    Unknown,

    /// <summary>The last session succeeded.</summary>
    Active,

    /// <summary>The peer was not reached; another session will be tried.</summary>
    Unreachable,

    /// <summary>The last session began and did not complete; another one will be tried.</summary>
    Interrupted,

    /// <summary>The peer, or we, refused for good: somebody has to act. Tried again from time to time.</summary>
    Refused,

    /// <summary>The address is this replica's own: it is left alone.</summary>
    Self,
}

/// <summary>Why an address is a peer.</summary>
public enum PeerOrigin
{
    /// <summary>The options name it.</summary>
    Configured,

    /// <summary>An operator added it while the replica ran.</summary>
    Added,

    /// <summary>A member of the cluster is there, as it or others told.</summary>
    Learned,
}

/// <summary>One peer of this replica.</summary>
internal sealed class Peer(PeerAddress address, PeerBackoff backoff)
{
    private readonly Dictionary<string, VersionVector> _covered = new(StringComparer.Ordinal);

    public PeerAddress Address { get; } = address;

    public PeerBackoff Backoff { get; } = backoff;

    public ReplicaId? Replica { get; set; }

    public string? Region { get; set; }

    public PeerState State { get; set; }

    public TimeSpan? LastSuccess { get; set; }

    public TimeSpan? LastDuration { get; set; }

    public TimeSpan? RoundTrip { get; set; }

    /// <summary>Namespaces of this store that may have lost something: the next sessions compare them with the peer's.</summary>
    public HashSet<string> Suspects { get; } = new(StringComparer.Ordinal);

    /// <summary>Sessions that could not compare what was to be compared.</summary>
    public int FailedComparisons { get; set; }

    public string? LastError { get; set; }

    public bool HasSession { get; set; }

    public PeerOrigin Origin { get; init; }

    /// <summary>Who is there, as far as it is known: who answered last, or who must answer.</summary>
    public uint? Pid => Replica?.Pid ?? Address.Pid;

    /// <summary>What the peer covered when last heard of; it may have lost something since.</summary>
    public VersionVector? FindCovered(string ns) => _covered.GetValueOrDefault(ns);

    /// <summary>Notes what the peer covers. The vector must not be changed afterwards.</summary>
    public void NoteCovered(string ns, VersionVector vector) => _covered[ns] = vector;

    public PeerSnapshot ToSnapshot() => new(Address, Replica, Region, State, LastSuccess, LastDuration, LastError) { Origin = Origin, RoundTrip = RoundTrip };
}

/// <summary>What is known of a peer at a moment.</summary>
/// <param name="Address">Where it is reached.</param>
/// <param name="Replica">Who answered there last.</param>
/// <param name="Region">Where it says that it stands.</param>
/// <param name="State">How it fares.</param>
/// <param name="LastSuccess">When the last session with it succeeded, on the replica's clock.</param>
/// <param name="LastDuration">How long that took, from its first message to its last.</param>
/// <param name="LastError">Why the last session failed, if it did.</param>
public sealed record PeerSnapshot(PeerAddress Address, ReplicaId? Replica, string? Region, PeerState State, TimeSpan? LastSuccess, TimeSpan? LastDuration, string? LastError)
{
    /// <summary>Why the address is a peer.</summary>
    public PeerOrigin Origin { get; init; }

    /// <summary>The last time from a Hello to its answer; <see langword="null"/> until there was one.</summary>
    public TimeSpan? RoundTrip { get; init; }

    /// <summary>What the selector knows of it; <see langword="null"/> for this replica itself.</summary>
    public ArmSnapshot? Arm { get; init; }
}
