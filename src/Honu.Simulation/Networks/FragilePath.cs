namespace Honu.Simulation;

/// <summary>One direction of a connection that breaks with the first message that is lost; until then everything arrives in its order.</summary>
internal sealed class FragilePath(VirtualTime time, PacketModel packets, TimeSpan sendingTime, Connection connection, int from, int to) : MessagePath
{
    private TimeSpan _last;

    public override TimeSpan Send(int bytes, Action deliver)
    {
        if (packets.IsLost(from, to))
        {
            time.After(packets.Latency(from, to), connection.Break);
            connection.IsLost = true;
        }

        if (connection.IsLost)
            return time.Now + sendingTime;
        var arrival = time.Now + packets.Latency(from, to);
        _last = arrival > _last ? arrival : _last + TimeSpan.FromTicks(1);
        time.At(_last, () =>
        {
            if (!connection.IsClosed)
                deliver();
        });
        return time.Now + sendingTime;
    }
}
