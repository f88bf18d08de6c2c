using System.Globalization;

namespace Honu.Replication;

/// <summary>Which peers are neighbours, and which stand together in other regions.</summary>
/// <remarks>
/// Names come from the replicas themselves. One that was given none goes by the lowest pid among those that it measures to be near
/// (<c>~PID</c>), and tells that like a name, so that replicas far away know who stands together without measuring it.
/// </remarks>
internal sealed class Regions(uint ownPid, string? givenRegion)
{
    private const char Measured = '~';
    private static readonly TimeSpan NearRoundTrip = TimeSpan.FromMilliseconds(5);
    private static readonly TimeSpan FarRoundTrip = TimeSpan.FromMilliseconds(10);

    private readonly SortedDictionary<uint, RumorPeer> _peers = [];
    private readonly SortedDictionary<string, Region> _others = new(StringComparer.Ordinal);
    private readonly List<RumorPeer> _neighbours = [];

    /// <summary>The region of this replica: given, or measured.</summary>
    public string Own { get; private set; } = givenRegion ?? MeasuredName(ownPid);

    /// <summary>Whether the own region is known by measuring only.</summary>
    public bool IsMeasuredHere => givenRegion is null;

    /// <summary>The other replicas of the own region, by ascending pid.</summary>
    public IReadOnlyList<RumorPeer> Neighbours => _neighbours;

    /// <summary>The other regions.</summary>
    public IReadOnlyCollection<Region> Others => _others.Values;

    public IReadOnlyCollection<RumorPeer> Peers => _peers.Values;

    /// <summary>Grows with every change of who stands where.</summary>
    public long Version { get; private set; }

    /// <summary>Whether a name was measured rather than given.</summary>
    public static bool IsMeasured(string? name) => name?.StartsWith(Measured) ?? false;

    public RumorPeer? Find(uint pid) => _peers.GetValueOrDefault(pid);

    public bool IsNeighbour(uint pid) => Find(pid)?.Region == Own;

    public Region? FindOther(string name) => _others.GetValueOrDefault(name);

    /// <summary>The region that a replica stands in, if it is another one.</summary>
    public Region? OtherOf(uint pid) => Find(pid) is { } peer ? FindOther(peer.Region) : null;

    /// <summary>Takes over who there is.</summary>
    /// <param name="known">The peers whose pids are known, each with the name of its region, or an empty one.</param>
    /// <returns>Whether anything has changed.</returns>
    public bool Update(IEnumerable<(PeerAddress Address, uint Pid, string Region)> known)
    {
        var seen = new HashSet<uint>();
        var hasChanged = false;
        foreach (var (address, pid, region) in known)
        {
            if (pid == ownPid || !seen.Add(pid))
                continue;
            var named = address.Pid == pid ? address : address with { Pid = pid };
            if (!_peers.TryGetValue(pid, out var peer))
            {
                _peers.Add(pid, new RumorPeer(pid) { Address = named, ToldRegion = region });
                hasChanged = true;
                continue;
            }

            hasChanged |= peer.ToldRegion != region;
            peer.Address = named;
            peer.ToldRegion = region;
        }

        if (seen.Count < _peers.Count)
        {
            hasChanged = true;
            foreach (var gone in _peers.Keys.Where(pid => !seen.Contains(pid)).ToList())
                _peers.Remove(gone);
        }

        if (hasChanged)
            Arrange();
        return hasChanged;
    }

    /// <summary>Notes a measured round trip.</summary>
    /// <returns>Whether it has changed who stands where.</returns>
    public bool Measure(RumorPeer peer, TimeSpan roundTrip)
    {
        peer.RoundTrip.Add(roundTrip);
        var isNear = peer.RoundTrip.Least <= (peer.IsNear ? FarRoundTrip : NearRoundTrip);
        if (isNear == peer.IsNear)
            return false;
        peer.IsNear = isNear;
        if (!IsMeasuredHere)
            return false;
        Arrange();
        return true;
    }

    private static string MeasuredName(uint pid) => string.Create(CultureInfo.InvariantCulture, $"{Measured}{pid}");

    private void Arrange()
    {
        Version++;
        Own = givenRegion ?? NameByMeasure();
        _neighbours.Clear();
        foreach (var region in _others.Values)
            region.Peers.Clear();
        foreach (var peer in _peers.Values)
        {
            peer.Region = RegionOf(peer);
            if (peer.Region == Own)
            {
                _neighbours.Add(peer);
                continue;
            }

            if (!_others.TryGetValue(peer.Region, out var region))
                _others.Add(peer.Region, region = new Region(peer.Region));
            region.Peers.Add(peer);
        }

        foreach (var empty in _others.Values.Where(static region => region.Peers.Count == 0).ToList())
            _others.Remove(empty.Name);
        foreach (var region in _others.Values)
            region.Chooser.Keep(pid => region.Peers.Exists(peer => peer.Pid == pid));
    }

    // A neighbour with a given name knows better.
    private string NameByMeasure()
    {
        var lowest = ownPid;
        foreach (var peer in _peers.Values)
        {
            if (!peer.IsNear)
                continue;
            if (peer.ToldRegion.Length > 0 && !IsMeasured(peer.ToldRegion))
                return peer.ToldRegion;
            lowest = Math.Min(lowest, peer.Pid);
        }

        return MeasuredName(lowest);
    }

    private string RegionOf(RumorPeer peer)
    {
        var isNamed = peer.ToldRegion.Length > 0 && !IsMeasured(peer.ToldRegion);
        if (!isNamed && IsMeasuredHere && peer.IsNear)
            return Own;

        // One that has not told a name may stand anywhere.
        return peer.ToldRegion.Length > 0 ? peer.ToldRegion : MeasuredName(peer.Pid);
    }
}
