using Google.Protobuf;
using Honu.Replication;
using Honu.Replication.Messages;

namespace Honu.Simulation;

/// <summary>Carries sessions between replicas: each message through the real codec, late by its own latency, in order within its stream.</summary>
/// <remarks>Like a connection, a link loses nothing silently: a lost message breaks it, and both ends hear of that. Different links overtake each other.</remarks>
public sealed class SimulatedNetwork(VirtualTime time, SimulationOptions options, Random random)
{
    private readonly List<SimulatedReplica> _replicas = [];
    private readonly HashSet<(int, int)> _cut = [];
    private readonly List<Link> _links = [];
    private readonly Dictionary<(SimulatedReplica Near, int Generation, SessionId Session), List<SessionMessage>> _opening = [];
    private long _lastLink;

    /// <summary>Whether messages are lost now; off while a cluster settles.</summary>
    public bool IsLossy { get; set; } = true;

    /// <summary>Messages carried so far.</summary>
    public long Messages { get; private set; }

    /// <summary>Bytes of messages carried so far, with their 5-byte frames.</summary>
    public long Bytes { get; private set; }

    /// <summary>Sees every message as it is sent: from, to, number of the link, message.</summary>
    internal Action<SimulatedReplica, SimulatedReplica, long, SessionMessage>? Tap { get; set; }

    internal void Attach(SimulatedReplica replica) => _replicas.Add(replica);

    /// <summary>Cuts the connection between two replicas, or mends it.</summary>
    public void SetCut(int a, int b, bool isCut)
    {
        var pair = (Math.Min(a, b), Math.Max(a, b));
        if (!isCut)
        {
            _cut.Remove(pair);
            return;
        }

        _cut.Add(pair);
        foreach (var link in _links.Where(link => (Math.Min(link.Near.Index, link.Far.Index), Math.Max(link.Near.Index, link.Far.Index)) == pair).ToList())
            Break(link, "the network was cut");
    }

    /// <summary>Mends all cuts.</summary>
    public void Heal() => _cut.Clear();

    internal void Open(SimulatedReplica near, SessionId session, PeerAddress address)
    {
        var far = _replicas[address.Port - 1];
        var generation = near.Generation;
        _opening.Add((near, generation, session), []);
        time.After(Latency(), () =>
        {
            _opening.Remove((near, generation, session), out var waiting);
            if (near.Generation != generation)
                return;
            if (!far.IsRunning || _cut.Contains((Math.Min(near.Index, far.Index), Math.Max(near.Index, far.Index))))
            {
                near.Handle(new ReplicaEvent.SessionEnded(session, "connection refused"));
                return;
            }

            var link = new Link(++_lastLink, near, session, far, far.Accept());
            _links.Add(link);
            near.Handle(new ReplicaEvent.SessionOpened(session));
            if (link.IsOpen)
                far.Handle(new ReplicaEvent.SessionAccepted(link.FarSession));

            // A session that was given up before it was open: the other side hears of it, and does not wait for a Hello.
            foreach (var message in waiting ?? [])
                Send(near, session, message);
        });
    }

    internal void Send(SimulatedReplica sender, SessionId session, SessionMessage message)
    {
        if (Find(sender, session) is not { } link)
        {
            _opening.GetValueOrDefault((sender, sender.Generation, session))?.Add(message);
            return;
        }

        var receiver = link.Other(sender);
        Tap?.Invoke(sender, receiver, link.Number, message);
        var bytes = message.ToByteArray();
        Messages++;
        Bytes += bytes.Length + 5;
        if (IsLossy && random.NextDouble() < options.Loss)
        {
            time.After(Latency(), () => Break(link, "the link was lost"));
            link.IsLost = true;
        }

        if (link.IsLost)
            return;
        time.At(link.NextArrival(sender, time.Now + Latency()), () =>
        {
            if (link.IsOpen)
                receiver.Handle(new ReplicaEvent.MessageReceived(link.SessionOf(receiver), SessionMessage.Parser.ParseFrom(bytes), bytes.Length + 5));
        });
        if (message.BodyCase is SessionMessage.BodyOneofCase.Chunk or SessionMessage.BodyOneofCase.RepairRecords)
        {
            time.After(options.MinLatency, () =>
            {
                if (link.IsOpen)
                    sender.Handle(new ReplicaEvent.StreamWritable(session));
            });
        }
    }

    /// <summary>The responder's end of the call reaches the initiator behind everything that was sent; the initiator's half-close changes nothing.</summary>
    internal void Close(SimulatedReplica closer, SessionId session)
    {
        if (Find(closer, session) is not { } link || ReferenceEquals(link.Near, closer) || link.IsLost)
            return;
        time.At(link.NextArrival(closer, time.Now + Latency()), () =>
        {
            if (!link.IsOpen)
                return;
            link.IsOpen = false;
            _links.Remove(link);
            link.Near.Handle(new ReplicaEvent.SessionEnded(link.NearSession, Error: null));
        });
    }

    internal void Abort(SimulatedReplica sender, SessionId session)
    {
        if (Find(sender, session) is { } link)
            time.After(Latency(), () => Break(link, "the other side gave up"));
    }

    /// <summary>A replica's process is gone: all its links break.</summary>
    internal void Vanish(SimulatedReplica replica)
    {
        foreach (var link in _links.Where(link => ReferenceEquals(link.Near, replica) || ReferenceEquals(link.Far, replica)).ToList())
            Break(link, "the peer is gone");
    }

    private void Break(Link link, string reason)
    {
        if (!link.IsOpen)
            return;
        link.IsOpen = false;
        _links.Remove(link);
        link.Near.HandleIfRunning(new ReplicaEvent.SessionEnded(link.NearSession, reason), link.NearGeneration);
        link.Far.HandleIfRunning(new ReplicaEvent.SessionEnded(link.FarSession, reason), link.FarGeneration);
    }

    private Link? Find(SimulatedReplica replica, SessionId session) => _links.Find(link =>
        (ReferenceEquals(link.Near, replica) && link.NearSession == session) || (ReferenceEquals(link.Far, replica) && link.FarSession == session));

    private TimeSpan Latency() => options.MinLatency + ((options.MaxLatency - options.MinLatency) * random.NextDouble());

    private sealed class Link(long number, SimulatedReplica near, SessionId nearSession, SimulatedReplica far, SessionId farSession)
    {
        private TimeSpan _lastToNear;
        private TimeSpan _lastToFar;

        public long Number { get; } = number;

        public SimulatedReplica Near { get; } = near;

        public SimulatedReplica Far { get; } = far;

        public SessionId NearSession { get; } = nearSession;

        public SessionId FarSession { get; } = farSession;

        public int NearGeneration { get; } = near.Generation;

        public int FarGeneration { get; } = far.Generation;

        public bool IsOpen { get; set; } = true;

        public bool IsLost { get; set; }

        public SimulatedReplica Other(SimulatedReplica one) => ReferenceEquals(one, Near) ? Far : Near;

        public SessionId SessionOf(SimulatedReplica one) => ReferenceEquals(one, Near) ? NearSession : FarSession;

        // A stream keeps its order: nothing arrives before what was sent earlier.
        public TimeSpan NextArrival(SimulatedReplica sender, TimeSpan arrival)
        {
            ref var last = ref ReferenceEquals(sender, Near) ? ref _lastToFar : ref _lastToNear;
            last = arrival > last ? arrival : last + TimeSpan.FromTicks(1);
            return last;
        }
    }
}
