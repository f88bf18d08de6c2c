namespace Honu.Simulation;

/// <summary>What is wrong with the network now. Changes at any time count for every packet that is sent from then on.</summary>
public sealed class NetworkFaults
{
    private readonly HashSet<(int From, int To)> _cutPairs = [];
    private readonly HashSet<(int From, int To)> _cutRegions = [];
    private readonly Dictionary<int, TimeSpan> _slow = [];
    private readonly int[] _places;

    internal NetworkFaults(int regions, double loss)
    {
        _places = [.. Enumerable.Range(0, regions)];
        Loss = loss;
    }

    /// <summary>Probability that a packet is lost.</summary>
    public double Loss { get; set; }

    /// <summary>Whether anything is cut.</summary>
    public bool HasCuts => _cutPairs.Count + _cutRegions.Count > 0;

    /// <summary>Lets nothing pass from one replica to another one, or lets it pass again. The other direction stays as it is.</summary>
    public void CutOneWay(int from, int to, bool isCut) => Set(_cutPairs, (from, to), isCut);

    /// <summary>Lets nothing pass between two replicas, or lets it pass again.</summary>
    public void Cut(int one, int other, bool isCut)
    {
        CutOneWay(one, other, isCut);
        CutOneWay(other, one, isCut);
    }

    /// <summary>Lets nothing pass between a region and all others, or lets it pass again.</summary>
    public void CutRegion(int region, bool isCut)
    {
        for (var other = 0; other < _places.Length; other++)
        {
            if (other != region)
                CutRegions(region, other, isCut);
        }
    }

    /// <summary>Lets nothing pass between two regions, or lets it pass again.</summary>
    public void CutRegions(int one, int other, bool isCut)
    {
        Set(_cutRegions, (one, other), isCut);
        Set(_cutRegions, (other, one), isCut);
    }

    /// <summary>Mends everything that is cut.</summary>
    public void Heal()
    {
        _cutPairs.Clear();
        _cutRegions.Clear();
    }

    /// <summary>Everything that arrives at a replica waits there for this long before it is dealt with.</summary>
    public void SetSlow(int replica, TimeSpan delay)
    {
        if (delay > TimeSpan.Zero)
            _slow[replica] = delay;
        else
            _slow.Remove(replica);
    }

    /// <summary>Two regions change places: each gets the latencies of the other one.</summary>
    public void SwapRegions(int one, int other) => (_places[one], _places[other]) = (_places[other], _places[one]);

    internal bool IsCut(int from, int to, int fromRegion, int toRegion) =>
        (_cutPairs.Count > 0 && _cutPairs.Contains((from, to))) || (_cutRegions.Count > 0 && _cutRegions.Contains((fromRegion, toRegion)));

    /// <summary>Whose latencies a region has.</summary>
    internal int PlaceOf(int region) => _places[region];

    internal TimeSpan SlownessOf(int replica) => _slow.Count > 0 ? _slow.GetValueOrDefault(replica) : default;

    private static void Set(HashSet<(int From, int To)> cuts, (int From, int To) way, bool isCut)
    {
        if (isCut)
            cuts.Add(way);
        else
            cuts.Remove(way);
    }
}
