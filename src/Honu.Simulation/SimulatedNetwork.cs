using Google.Protobuf;
using Honu.Replication;
using Honu.Replication.Messages;

namespace Honu.Simulation;

/// <summary>Carries sessions between replicas: each message through the real codec, late by its own latency, in order within its connection.</summary>
/// <remarks>
/// Without <see cref="SimulationOptions.Network"/> a link breaks with the first message that is lost, and both ends hear of that: what correctness has to bear.
/// With it connections behave like TCP: a lost packet costs a retransmission, and whoever is cut off notices by time-outs only.
/// </remarks>
public sealed partial class SimulatedNetwork
{
    private static readonly TimeSpan DialRetry = TimeSpan.FromSeconds(1);

    private readonly VirtualTime _time;
    private readonly SimulationOptions _options;
    private readonly PacketModel _packets;
    private readonly List<SimulatedReplica> _replicas = [];
    private readonly List<HashSet<Connection>> _connections = [];
    private readonly Dictionary<(int Near, int Far), Connection> _kept = [];
    private readonly Dictionary<(int Replica, SessionId Session), SessionLink> _links = [];
    private readonly Random _random;
    private long _lastLink;

    /// <summary>Makes a network without machines.</summary>
    public SimulatedNetwork(VirtualTime time, SimulationOptions options, Random random)
    {
        ArgumentNullException.ThrowIfNull(options);
        _time = time;
        _options = options;
        _random = random;
        _packets = new PacketModel(time, options, random);
        Traffic = new TrafficMeter(_packets.Regions);
    }

    /// <summary>What is wrong with the network now.</summary>
    public NetworkFaults Faults => _packets.Faults;

    /// <summary>What was sent, by regions.</summary>
    public TrafficMeter Traffic { get; }

    /// <summary>Whether messages are lost now; off while a cluster settles.</summary>
    public bool IsLossy
    {
        get => Faults.Loss > 0;
        set => Faults.Loss = value ? _options.Loss : 0;
    }

    /// <summary>Messages carried so far.</summary>
    public long Messages => Traffic.Messages;

    /// <summary>Bytes of messages carried so far, with their 5-byte frames.</summary>
    public long Bytes => Traffic.Bytes;

    /// <summary>Sees every message as it is sent: from, to, number of the link, message.</summary>
    internal Action<SimulatedReplica, SimulatedReplica, long, SessionMessage>? Tap { get; set; }

    /// <summary>Sees every session as it is opened: by whom, with whom.</summary>
    internal Action<SimulatedReplica, SimulatedReplica>? SessionTap { get; set; }

    /// <summary>Sees every push as it is sent: from, to, what.</summary>
    internal Action<SimulatedReplica, SimulatedReplica, RumorBatch>? PushTap { get; set; }

    /// <summary>The machine at an address.</summary>
    internal SimulatedReplica Find(PeerAddress address) => _replicas[address.Port - 1];

    internal void Attach(SimulatedReplica replica)
    {
        _replicas.Add(replica);
        _connections.Add([]);
    }

    /// <summary>The region in which a replica stands, by its place in the matrix of latencies.</summary>
    internal int RegionOf(SimulatedReplica replica) => _packets.RegionOf(replica.Index);

    /// <summary>Cuts the connection between two replicas, or mends it.</summary>
    public void SetCut(int a, int b, bool isCut)
    {
        Faults.Cut(a, b, isCut);
        if (!isCut || _options.Network is not null)
            return;
        foreach (var connection in _connections[a].Where(connection => connection.Near.Index == b || connection.Far.Index == b).ToList())
            Break(connection, "the network was cut");
    }

    /// <summary>Mends all cuts.</summary>
    public void Heal() => Faults.Heal();

    internal void Open(SimulatedReplica near, SessionId session, PeerAddress address)
    {
        var far = Find(address);
        SessionTap?.Invoke(near, far);
        var link = new SessionLink(++_lastLink, ConnectionTo(near, far), session);
        _links.Add((near.Index, session), link);
        link.Connection.Links.Add(link);
        link.Connection.WhenMade(isUp => _time.After(TimeSpan.Zero, () => Opened(link, isUp)));
    }

    internal void Send(SimulatedReplica sender, SessionId session, SessionMessage message)
    {
        if (_links.GetValueOrDefault((sender.Index, session)) is not { } link)
            return;
        if (!link.IsOpen)
        {
            link.Waiting.Add(message);
            return;
        }

        var receiver = link.Other(sender);
        Tap?.Invoke(sender, receiver, link.Number, message);
        var bytes = message.ToByteArray();
        var length = Count(sender, receiver, bytes);
        var departure = link.Connection.PathFrom(sender).Send(length, () => Deliver(link, receiver, bytes));
        if (message.BodyCase is SessionMessage.BodyOneofCase.Chunk or SessionMessage.BodyOneofCase.RepairRecords)
        {
            _time.At(departure, () =>
            {
                if (!link.IsClosed)
                    sender.Handle(new ReplicaEvent.StreamWritable(session));
            });
        }
    }

    /// <summary>The responder's end of the call reaches the initiator behind everything that was sent; the initiator's half-close changes nothing.</summary>
    internal void Close(SimulatedReplica closer, SessionId session)
    {
        if (_links.GetValueOrDefault((closer.Index, session)) is not { } link || ReferenceEquals(link.Near, closer))
            return;
        link.Connection.ToNear.Send(bytes: 0, () =>
        {
            if (!Remove(link))
                return;
            link.Near.HandleIfRunning(new ReplicaEvent.SessionEnded(link.NearSession, Error: null), link.NearGeneration);
            if (_options.Network is not { KeepsConnections: true })
                Drop(link.Connection);
        });
    }

    internal void Abort(SimulatedReplica sender, SessionId session)
    {
        if (_links.GetValueOrDefault((sender.Index, session)) is not { } link)
            return;
        if (!link.IsOpen)
            Remove(link);
        else
            link.Connection.PathFrom(sender).Send(bytes: 0, () => End(link, "the other side gave up"));
    }

    /// <summary>A replica's process is gone: all its connections break.</summary>
    internal void Vanish(SimulatedReplica replica)
    {
        foreach (var connection in _connections[replica.Index].ToList())
            Break(connection, "the peer is gone");
    }

    private Connection ConnectionTo(SimulatedReplica near, SimulatedReplica far)
    {
        if (_kept.TryGetValue((near.Index, far.Index), out var known))
            return known;
        var connection = new Connection(_time, _packets, _options, near, far, broken => Break(broken, "the link was lost"));
        _connections[near.Index].Add(connection);
        _connections[far.Index].Add(connection);
        if (_options.Network is { } network)
        {
            if (network.KeepsConnections)
                _kept.Add((near.Index, far.Index), connection);
            Dial(connection, network, _time.Now + network.ConnectTimeout);
        }
        else
        {
            _time.After(_packets.Latency(near.Index, far.Index), () => Made(connection, isUp: !_packets.IsCut(near.Index, far.Index)));
        }

        return connection;
    }

    private void Dial(Connection connection, NetworkOptions network, TimeSpan end)
    {
        if (connection.IsClosed)
            return;
        int near = connection.Near.Index, far = connection.Far.Index;
        if (!_packets.IsLost(near, far) && !_packets.IsLost(far, near))
            _time.After(_packets.RoundTrip(near, far) * network.DialRoundTrips, () => Made(connection, isUp: true));
        else if (_time.Now + DialRetry < end)
            _time.After(DialRetry, () => Dial(connection, network, end));
        else
            _time.At(end, () => Made(connection, isUp: false));
    }

    private void Made(Connection connection, bool isUp)
    {
        if (connection.IsClosed)
            return;
        isUp &= connection.Far.IsRunning;
        if (!isUp)
            Drop(connection);
        connection.Made(isUp);
    }

    private void Opened(SessionLink link, bool isUp)
    {
        if (link.IsClosed)
            return;
        if (!isUp)
        {
            End(link, "connection refused");
            return;
        }

        link.IsOpen = true;
        link.Near.HandleIfRunning(new ReplicaEvent.SessionOpened(link.NearSession), link.NearGeneration);

        // A session that was given up before it was open: the other side hears of it, and does not wait for a Hello.
        foreach (var message in link.Waiting)
            Send(link.Near, link.NearSession, message);
        link.Waiting.Clear();
    }

    private void Deliver(SessionLink link, SimulatedReplica receiver, byte[] bytes)
    {
        if (link.IsClosed || !receiver.IsRunning)
            return;
        if (ReferenceEquals(receiver, link.Far) && link.FarSession is null)
            Accept(link);
        if (!link.IsClosed)
            receiver.Handle(new ReplicaEvent.MessageReceived(ReferenceEquals(receiver, link.Near) ? link.NearSession : link.FarSession!.Value, SessionMessage.Parser.ParseFrom(bytes), bytes.Length + FrameBytes));
    }

    private void Accept(SessionLink link)
    {
        var session = link.Far.Accept();
        (link.FarSession, link.FarGeneration) = (session, link.Far.Generation);
        _links.Add((link.Far.Index, session), link);
        link.Far.Handle(new ReplicaEvent.SessionAccepted(session));
    }

    // The ends that run hear of it, each of which may have heard or said before that the session is over.
    private void End(SessionLink link, string reason)
    {
        if (!Remove(link))
            return;
        link.Near.HandleIfRunning(new ReplicaEvent.SessionEnded(link.NearSession, reason), link.NearGeneration);
        if (link.FarSession is { } session)
            link.Far.HandleIfRunning(new ReplicaEvent.SessionEnded(session, reason), link.FarGeneration);
        if (_options.Network is not { KeepsConnections: true })
            Drop(link.Connection);
    }

    private void Break(Connection connection, string reason)
    {
        if (connection.IsClosed)
            return;
        Drop(connection);
        if (!connection.IsUp)
            connection.Made(isUp: false);
        foreach (var link in connection.Links.ToList())
            End(link, reason);
    }

    private void Drop(Connection connection)
    {
        connection.IsClosed = true;
        _connections[connection.Near.Index].Remove(connection);
        _connections[connection.Far.Index].Remove(connection);
        if (_kept.GetValueOrDefault((connection.Near.Index, connection.Far.Index)) == connection)
            _kept.Remove((connection.Near.Index, connection.Far.Index));
    }

    private bool Remove(SessionLink link)
    {
        if (link.IsClosed)
            return false;
        link.IsClosed = true;
        link.Connection.Links.Remove(link);
        _links.Remove((link.Near.Index, link.NearSession));
        if (link.FarSession is { } session)
            _links.Remove((link.Far.Index, session));
        return true;
    }
}
