namespace Honu.Simulation;

// Messages that belong to no session: they may get lost, come twice, and overtake each other, and nobody is told.
public sealed partial class SimulatedNetwork
{
    // gRPC puts a flag and a length before each message.
    internal const int FrameBytes = 5;

    private const int PacketBytes = 1400;

    /// <summary>Sends a message by itself, over the connection to the other side if it must be made first.</summary>
    /// <param name="from">Who sends.</param>
    /// <param name="to">Who receives.</param>
    /// <param name="bytes">The message as the codec writes it.</param>
    /// <param name="deliver">Called when it arrives.</param>
    /// <param name="fail">Called when no connection can be made.</param>
    internal void SendSingle(SimulatedReplica from, SimulatedReplica to, byte[] bytes, Action deliver, Action fail)
    {
        var connection = ConnectionTo(from, to);
        connection.WhenMade(isUp =>
        {
            if (isUp)
                SendPacket(from, to, bytes, deliver);
            else
                fail();
        });
    }

    /// <summary>Answers such a message.</summary>
    internal void SendPacket(SimulatedReplica from, SimulatedReplica to, byte[] bytes, Action deliver)
    {
        var length = Count(from, to, bytes);
        var departure = _packets.Departure(from.Index, length);
        var copies = _options.Network is { Duplication: > 0 } network && _random.NextDouble() < network.Duplication ? 2 : 1;
        for (var copy = 0; copy < copies; copy++)
        {
            if (!IsAnyLost(from.Index, to.Index, 1 + (length / PacketBytes)))
                _time.At(departure + _packets.Latency(from.Index, to.Index) + Lateness(), deliver);
        }
    }

    private bool IsAnyLost(int from, int to, int packets)
    {
        var isLost = false;
        for (var packet = 0; packet < packets; packet++)
            isLost |= _packets.IsLost(from, to);
        return isLost;
    }

    private TimeSpan Lateness() => _options.Network is { Reordering: > 0 } network && _random.NextDouble() < network.Reordering
        ? network.ReorderingDelay * _random.NextDouble()
        : TimeSpan.Zero;

    private int Count(SimulatedReplica from, SimulatedReplica to, byte[] bytes)
    {
        var length = bytes.Length + FrameBytes;
        Traffic.Add(RegionOf(from), RegionOf(to), length);
        return length;
    }
}
