namespace Honu.Replication;

/// <summary>A peer that can be chosen, with what a selector may know of it. A plain value: whoever asks for a choice fills in what is known.</summary>
/// <param name="Address">Where it is. Statistics are kept by <see cref="PeerAddress.Endpoint"/>.</param>
public sealed record PeerArm(PeerAddress Address)
{
    /// <summary>Where it says that it stands; <see langword="null"/> when unknown.</summary>
    public string? Region { get; init; }

    /// <summary>Who answers there, as far as it is known.</summary>
    public uint? Pid { get; init; }

    /// <summary>The last measured round trip; <see langword="null"/> until there was one.</summary>
    public TimeSpan? RoundTrip { get; init; }

    /// <summary>How long the last session that succeeded took; <see langword="null"/> until there was one.</summary>
    public TimeSpan? LastDuration { get; init; }

    /// <summary>When a session with it last succeeded; <see langword="null"/> until one did.</summary>
    public TimeSpan? LastSuccess { get; init; }

    /// <summary>How many records it probably has by now that this replica lacks, from version vectors and from what its sessions brought before; <see langword="null"/> when nothing is known of it, or when no selector asked (<see cref="IPeerSelector.WantsNews"/>).</summary>
    public double? ExpectedNews { get; init; }

    /// <summary>A session with it is open: it is not to be chosen now.</summary>
    public bool IsBusy { get; init; }

    /// <summary>Until when it is left alone after failures; <see cref="TimeSpan.Zero"/> when the last session with it did not fail.</summary>
    public TimeSpan RestsUntil { get; init; }

    /// <summary>An address that others told and where nobody has answered yet.</summary>
    public bool IsUnproven { get; init; }

    /// <summary>The name of its statistics.</summary>
    public string Key { get; } = Address.Endpoint;
}
