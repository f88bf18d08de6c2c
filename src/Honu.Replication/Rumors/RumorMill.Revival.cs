namespace Honu.Replication;

/// <content>The end of a cut. Tries are up to a second apart by then; the first sign of life from a region is worth more than the next try.</content>
internal sealed partial class RumorMill
{
    // A replica far away has told something, or a neighbour what comes from there.
    private void NoteAlive(uint pid)
    {
        if (_regions.OtherOf(pid) is { } region && _farLanes.TryGetValue(region.Name, out var lane))
            lane.Revive(_now);
    }

    // Who was answered after several failures may have been cut off itself, from all.
    private void NoteReached(RegionLane reached)
    {
        if (reached.Failures < RumorRetry.FailuresBeforeDetour)
            return;
        foreach (var lane in _farLanes.Values)
        {
            if (lane != reached)
                lane.Revive(_now);
        }
    }
}
