namespace Honu.Simulation;

/// <summary>One direction of a connection: everything arrives, in its order, as often as it must be sent again; until it takes too long.</summary>
/// <remarks>
/// As over TCP with a single packet under way, where nothing but a timer notices a loss: a lost packet is sent again after the time-out and a round trip,
/// then after twice that, and so on; what was sent behind it waits for it.
/// </remarks>
internal sealed class OrderedPath(VirtualTime time, PacketModel packets, NetworkOptions options, Connection connection, int from, int to) : MessagePath
{
    private const int PacketBytes = 1400;

    private static readonly TimeSpan LongestTimeout = TimeSpan.FromSeconds(60);

    private readonly Queue<Segment> _underWay = new();

    public override TimeSpan Send(int bytes, Action deliver)
    {
        var segment = new Segment(deliver, time.Now, 1 + (bytes / PacketBytes));
        _underWay.Enqueue(segment);
        var departure = packets.Departure(from, bytes);
        if (departure > time.Now)
            time.At(departure, () => Attempt(segment, options.RetransmissionTimeout + packets.RoundTrip(from, to)));
        else
            Attempt(segment, options.RetransmissionTimeout + packets.RoundTrip(from, to));
        return departure;
    }

    private void Attempt(Segment segment, TimeSpan timeout)
    {
        if (connection.IsClosed)
            return;
        if (!IsAnyLost(segment))
        {
            time.After(packets.Latency(from, to), () => Arrive(segment));
            return;
        }

        var next = timeout * 2 < LongestTimeout ? timeout * 2 : LongestTimeout;
        var end = segment.SentAt + options.DeadAfter;
        if (time.Now + timeout < end)
            time.After(timeout, () => Attempt(segment, next));
        else
            time.At(end, connection.Break);
    }

    // Packets of one message that arrive need not be sent again.
    private bool IsAnyLost(Segment segment)
    {
        if (packets.Faults is { Loss: 0, HasCuts: false })
            return false;
        var lost = 0;
        for (var packet = 0; packet < segment.Packets; packet++)
        {
            if (packets.IsLost(from, to))
                lost++;
        }

        segment.Packets = lost;
        return lost > 0;
    }

    private void Arrive(Segment segment)
    {
        segment.HasArrived = true;
        while (!connection.IsClosed && _underWay.TryPeek(out var first) && first.HasArrived)
        {
            _underWay.Dequeue();
            first.Deliver();
        }
    }

    private sealed class Segment(Action deliver, TimeSpan sentAt, int packets)
    {
        public Action Deliver { get; } = deliver;

        public TimeSpan SentAt { get; } = sentAt;

        public int Packets { get; set; } = packets;

        public bool HasArrived { get; set; }
    }
}
