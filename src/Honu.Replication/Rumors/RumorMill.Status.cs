namespace Honu.Replication;

internal sealed partial class RumorMill
{
    /// <summary>How rumors travel, for people to look at.</summary>
    public RumorStatus Describe() => new(_regions.Own, _load.IsHigh, [.. _farLanes.Values.Select(Describe)]);

    private RegionStatus Describe(RegionLane lane)
    {
        var arms = lane.Region.Chooser.Arms.ToDictionary(static arm => arm.Pid);
        var plays = arms.Values.Sum(static arm => arm.Weight);
        return new RegionStatus(
            lane.Region.Name,
            lane.Region.RoundTrip,
            lane.Region.Chooser.TimeOutAverage,
            lane.Outstanding.Sum(static sent => sent.Rumors.Count),
            lane.Detour?.Name,
            [.. lane.Region.Peers.Select(peer => arms.TryGetValue(peer.Pid, out var arm)
                ? new RelayStatus(peer.Address, arm.Mean, plays > 0 ? arm.Weight / plays : 0, arm.Choices, peer.UnsupportedUntil <= _now)
                : new RelayStatus(peer.Address, 0, 0, 0, peer.UnsupportedUntil <= _now))]);
    }
}
