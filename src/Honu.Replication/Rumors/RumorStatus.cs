namespace Honu.Replication;

/// <summary>How rumors travel from a replica, at a moment.</summary>
/// <param name="Region">The own region, as it was given or measured (<c>~PID</c>).</param>
/// <param name="IsGathered">Whether the region's writers have so much to tell that one of them gathers for all.</param>
/// <param name="Regions">The other regions.</param>
public sealed record RumorStatus(string Region, bool IsGathered, IReadOnlyList<RegionStatus> Regions);

/// <summary>Another region as rumors see it.</summary>
/// <param name="Name">Its name, given or measured.</param>
/// <param name="RoundTrip">To its nearest replica and back; <see langword="null"/> before it was measured.</param>
/// <param name="TimeOuts">The share of pushes that were not answered in time, lately; above 5 % each goes to two relays.</param>
/// <param name="Unacknowledged">Rumors that no replica there has acknowledged yet.</param>
/// <param name="Detour">By way of which region it is reached; <see langword="null"/> for the direct way.</param>
/// <param name="Relays">Its replicas as relays.</param>
public sealed record RegionStatus(string Name, TimeSpan? RoundTrip, double TimeOuts, int Unacknowledged, string? Detour, IReadOnlyList<RelayStatus> Relays);

/// <summary>One replica as a relay.</summary>
/// <param name="Address">Where it is.</param>
/// <param name="Reward">Its mean reward, lately: 1 for one that answers as fast as its region can.</param>
/// <param name="Share">Its share of what was learned lately.</param>
/// <param name="Choices">How often it was chosen since the replica was started.</param>
/// <param name="TakesRumors">Whether it speaks rumors, as far as is known.</param>
public sealed record RelayStatus(PeerAddress Address, double Reward, double Share, long Choices, bool TakesRumors);
