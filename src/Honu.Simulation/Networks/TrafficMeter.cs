namespace Honu.Simulation;

/// <summary>Counts messages and their bytes between regions, as the codec writes them, with the 5 bytes that gRPC puts before each. Packets that are sent again count once.</summary>
public sealed class TrafficMeter
{
    private readonly int _regions;
    private readonly long[] _messages;
    private readonly long[] _bytes;

    internal TrafficMeter(int regions)
    {
        _regions = regions;
        _messages = new long[regions * regions];
        _bytes = new long[regions * regions];
    }

    /// <summary>Messages counted.</summary>
    public long Messages { get; private set; }

    /// <summary>Bytes counted.</summary>
    public long Bytes { get; private set; }

    /// <summary>Of these, the bytes between different regions.</summary>
    public long BytesCrossRegion { get; private set; }

    /// <summary>Messages from one region to another one.</summary>
    public long MessagesBetween(int from, int to) => _messages[(from * _regions) + to];

    /// <summary>Bytes from one region to another one.</summary>
    public long BytesBetween(int from, int to) => _bytes[(from * _regions) + to];

    /// <summary>Begins to count anew.</summary>
    public void Clear()
    {
        Array.Clear(_messages);
        Array.Clear(_bytes);
        (Messages, Bytes, BytesCrossRegion) = (0, 0, 0);
    }

    internal void Add(int from, int to, int bytes)
    {
        _messages[(from * _regions) + to]++;
        _bytes[(from * _regions) + to] += bytes;
        Messages++;
        Bytes += bytes;
        if (from != to)
            BytesCrossRegion += bytes;
    }
}
