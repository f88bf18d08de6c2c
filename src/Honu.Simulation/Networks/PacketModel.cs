namespace Honu.Simulation;

/// <summary>How packets fare between machines: how long they take now, and whether they arrive.</summary>
internal sealed class PacketModel
{
    private readonly VirtualTime _time;
    private readonly SimulationOptions _options;
    private readonly Random _random;
    private readonly List<TimeSpan> _freeAt = [];

    public PacketModel(VirtualTime time, SimulationOptions options, Random random)
    {
        _time = time;
        _options = options;
        _random = random;
        Regions = Network?.Latency.Regions.Count ?? 1;
        Faults = new NetworkFaults(Regions, options.Loss);
    }

    public NetworkFaults Faults { get; }

    public int Regions { get; }

    private NetworkOptions? Network => _options.Network;

    public int RegionOf(int replica) => Network is null ? 0 : Math.Min(replica / Network.ReplicasPerRegion, Regions - 1);

    /// <summary>How long a packet takes that is sent now.</summary>
    public TimeSpan Latency(int from, int to)
    {
        if (Network is null)
            return _options.MinLatency + ((_options.MaxLatency - _options.MinLatency) * _random.NextDouble());
        var latency = OneWay(from, to);
        if (Network.Jitter > 0)
            latency += latency * (Network.Jitter * _random.NextDouble());
        return latency + Faults.SlownessOf(to);
    }

    /// <summary>What a round trip takes when nothing disturbs it.</summary>
    public TimeSpan RoundTrip(int one, int other) => Network is null ? 2 * _options.MaxLatency : OneWay(one, other) + OneWay(other, one);

    /// <summary>Whether a packet that is sent now is lost.</summary>
    public bool IsLost(int from, int to) => IsCut(from, to) || (Faults.Loss > 0 && _random.NextDouble() < Faults.Loss);

    public bool IsCut(int from, int to) => Faults.HasCuts && Faults.IsCut(from, to, RegionOf(from), RegionOf(to));

    /// <summary>When something that a machine sends now has left it.</summary>
    public TimeSpan Departure(int from, int bytes)
    {
        if (Network?.BytesPerSecond is not { } bytesPerSecond)
            return _time.Now;
        while (_freeAt.Count <= from)
            _freeAt.Add(TimeSpan.Zero);
        var begin = _freeAt[from] > _time.Now ? _freeAt[from] : _time.Now;
        return _freeAt[from] = begin + TimeSpan.FromSeconds((double)bytes / bytesPerSecond);
    }

    private TimeSpan OneWay(int from, int to) =>
        TimeSpan.FromMilliseconds(Network!.Latency.OneWayMs(Faults.PlaceOf(RegionOf(from)), Faults.PlaceOf(RegionOf(to))));
}
