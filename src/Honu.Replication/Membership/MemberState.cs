namespace Honu.Replication;

/// <summary>What a replica takes a member of its cluster for.</summary>
public enum MemberState
{
    /// <summary>It takes part: deletions are kept until it has them.</summary>
    Active,

    /// <summary>As active, but this replica has not heard from it for some time.</summary>
    Suspect,

    /// <summary>It has left, or was silent for too long: no deletion is kept for it. When it comes back it is active again.</summary>
    Retired,
}

/// <summary>What is known of a member at a moment.</summary>
/// <param name="Replica">Which replica, in its latest known epoch.</param>
/// <param name="Store">Its store.</param>
/// <param name="Address">Where it is reached, <c>HOST:PORT</c>; <see langword="null"/> when it does not say.</param>
/// <param name="Region">Where it stands; <see langword="null"/> when unknown.</param>
/// <param name="State">What it is taken for.</param>
/// <param name="LastHeard">When this replica last heard from it, since it was started; otherwise the day on which anybody did.</param>
public sealed record MemberSnapshot(ReplicaId Replica, Guid Store, string? Address, string? Region, MemberState State, DateTimeOffset LastHeard);
