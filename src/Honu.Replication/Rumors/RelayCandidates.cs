namespace Honu.Replication;

/// <summary>Which replicas of a region a sender considers as relays: a few, so that all of them are soon known and connected.</summary>
/// <remarks>
/// <para>
/// Every sender has an order of its own, a rendezvous by the pids of both. So the senders spread over a region's replicas, and one that comes or goes changes one
/// candidate of those whom it concerns. Who rests, takes no rumors or was just tried in vain is passed over, and who answers badly comes after the others: the next in the order takes the place.
/// </para>
/// Trying a new candidate costs nobody time: its first push has to wait for a connection, so a connected one gets the same.
/// </remarks>
internal static class RelayCandidates
{
    // A first push that was not answered by then was lost, or nobody is there.
    private static readonly TimeSpan FirstContactTime = TimeSpan.FromSeconds(15);

    /// <summary>The candidates.</summary>
    /// <param name="usable">The replicas of the region that may be asked, by ascending pid.</param>
    /// <param name="chooser">What is learned of them.</param>
    /// <param name="ownPid">Who sends.</param>
    /// <param name="most">How many candidates there are where the region has more replicas.</param>
    /// <returns>By ascending pid.</returns>
    public static List<RumorPeer> Of(IReadOnlyList<RumorPeer> usable, RelayChooser chooser, uint ownPid, int most)
    {
        if (usable.Count <= most)
            return [.. usable];
        return [.. usable
            .OrderBy(peer => chooser.IsPoor(peer.Pid))
            .ThenBy(peer => Rank(ownPid, peer.Pid))
            .Take(most)
            .OrderBy(static peer => peer.Pid)];
    }

    /// <summary>Chooses a relay, and a second one where the first may fail or has to connect.</summary>
    /// <param name="region">The region.</param>
    /// <param name="usable">Its replicas that may be asked, by ascending pid; not empty.</param>
    /// <param name="prefersLowest">Whether all senders should choose the same one, as long as it is hardly worse than the best.</param>
    /// <param name="ownPid">Who sends.</param>
    /// <param name="most">How many candidates there are where the region has more replicas.</param>
    /// <param name="now">The time.</param>
    public static (RumorPeer Relay, RumorPeer? Second) Choose(Region region, IReadOnlyList<RumorPeer> usable, bool prefersLowest, uint ownPid, int most, TimeSpan now)
    {
        var candidates = Of(usable, region.Chooser, ownPid, most);
        var preferred = prefersLowest ? usable[0] : null;
        if (preferred is not null && !candidates.Contains(preferred))
            candidates.Insert(0, preferred);
        var relay = region.Chooser.Choose(Ready(candidates, now), preferred);
        if (!relay.IsConnected && Connected(candidates, usable) is { Count: > 0 } connected)
            return (relay, region.Chooser.Choose(connected));
        candidates.Remove(relay);
        return (relay, region.Chooser.Hedges && candidates.Count > 0 ? region.Chooser.Choose(Ready(candidates, now)) : null);
    }

    // One after the other, and beside one that has answered before. The very first push goes by a session's connection, if there is one.
    private static List<RumorPeer> Ready(List<RumorPeer> candidates, TimeSpan now)
    {
        if (candidates.Exists(static peer => peer.HasAnswered))
            return candidates.FindAll(peer => peer.IsConnected || !(now - peer.FirstContact < FirstContactTime));
        var connected = candidates.FindAll(static peer => peer.IsConnected);
        return connected.Count > 0 ? connected : candidates;
    }

    private static List<RumorPeer> Connected(List<RumorPeer> candidates, IReadOnlyList<RumorPeer> usable)
    {
        var connected = candidates.FindAll(static peer => peer.IsConnected);
        return connected.Count > 0 ? connected : [.. usable.Where(static peer => peer.IsConnected)];
    }

    // The finalizer of SplitMix64: each bit of the pids changes half of the bits.
    private static ulong Rank(uint ownPid, uint pid)
    {
        var mixed = ((ulong)ownPid << 32) | pid;
        mixed = (mixed ^ (mixed >> 30)) * 0xBF58476D1CE4E5B9;
        mixed = (mixed ^ (mixed >> 27)) * 0x94D049BB133111EB;
        return mixed ^ (mixed >> 31);
    }
}
