namespace Honu.Replication;

/// <summary>Who of a region is pushed to directly, and who hands on to whom.</summary>
internal static class LocalFanOut
{
    /// <summary>Divides neighbours among a few heads.</summary>
    /// <param name="neighbours">By ascending pid.</param>
    /// <param name="ownPid">Who divides: others begin elsewhere, so that not all lean on the same heads.</param>
    /// <param name="fanOut">Most heads.</param>
    /// <returns>Each head with the pids that it hands on to: none where the region is small.</returns>
    public static List<(RumorPeer Head, List<uint> HandsOnTo)> Divide(IReadOnlyList<RumorPeer> neighbours, uint ownPid, int fanOut)
    {
        var heads = new List<(RumorPeer Head, List<uint> HandsOnTo)>(Math.Min(neighbours.Count, fanOut));
        var start = neighbours.Count == 0 ? 0 : (int)(ownPid % (uint)neighbours.Count);
        for (var i = 0; i < neighbours.Count; i++)
        {
            var peer = neighbours[(start + i) % neighbours.Count];
            if (heads.Count < fanOut)
                heads.Add((peer, []));
            else
                heads[i % fanOut].HandsOnTo.Add(peer.Pid);
        }

        return heads;
    }
}
