using Google.Protobuf;
using Honu.Replication.Messages;

namespace Honu.Replication.Tests.Sessions;

/// <summary>A peer of which the test writes every message itself, against one real replica. It speaks through the real codec.</summary>
internal sealed class RemotePeer
{
    private readonly Replica _replica;
    private readonly SessionId _session;
    private readonly List<ReplicaEffect> _effects = [];

    private RemotePeer(Replica replica, SessionId session)
    {
        _replica = replica;
        _session = session;
    }

    public TimeSpan Now { get; set; }

    /// <summary>Everything the replica wanted done so far.</summary>
    public IReadOnlyList<ReplicaEffect> Effects => _effects;

    public IEnumerable<SessionMessage> Received => _effects.OfType<ReplicaEffect.Send>().Where(send => send.Session == _session).Select(static send => send.Message);

    public Refusal? Refusal => Received.LastOrDefault(static message => message.BodyCase == SessionMessage.BodyOneofCase.Refusal)?.Refusal;

    public SyncReport? Report => _effects.OfType<ReplicaEffect.SessionFinished>().FirstOrDefault(finished => finished.Session == _session)?.Report;

    public bool IsClosed => _effects.OfType<ReplicaEffect.CloseSession>().Any(close => close.Session == _session);

    /// <summary>The peer opens a session with the replica.</summary>
    public static RemotePeer Initiate(Replica replica)
    {
        var peer = new RemotePeer(replica, replica.NextSessionId());
        peer.Tell(new ReplicaEvent.SessionAccepted(peer._session));
        return peer;
    }

    /// <summary>The replica opens a session with the peer.</summary>
    public static RemotePeer Answer(Replica replica, PeerAddress? address = null)
    {
        var effects = replica.Handle(new ReplicaEvent.SyncRequested(1, address ?? new PeerAddress("peer", 1)), TimeSpan.Zero).ToArray();
        var peer = new RemotePeer(replica, effects.OfType<ReplicaEffect.OpenSession>().Single().Session);
        peer._effects.AddRange(effects);
        peer.Tell(new ReplicaEvent.SessionOpened(peer._session));
        return peer;
    }

    public void Tell(ReplicaEvent happened) => _effects.AddRange(_replica.Handle(happened, Now));

    public void Send(SessionMessage message)
    {
        var bytes = message.ToByteArray();
        Tell(new ReplicaEvent.MessageReceived(_session, SessionMessage.Parser.ParseFrom(bytes), bytes.Length + 5));
    }

    public void Send(Hello hello) => Send(new SessionMessage { Hello = hello });

    public void Send(Chunk chunk) => Send(new SessionMessage { Chunk = chunk });

    /// <summary>Completes the session that the replica's Hello named.</summary>
    public void Send(Complete complete)
    {
        if (complete.Session.IsEmpty)
            complete.Session = Received.First(static message => message.BodyCase == SessionMessage.BodyOneofCase.Hello).Hello.Session;
        Send(new SessionMessage { Complete = complete });
    }

    /// <summary>Says that nothing more of what differed is durable than before: the end of a session in which something differed.</summary>
    public void SendAcknowledged() => Send(new SessionMessage { Acknowledged = new Vectors() });

    public void SendVectors(string ns, VersionVector vector) => SendVectors(ns, vector.ToArray());

    public void SendVectors(string ns, byte[] vector)
    {
        var vectors = new Vectors();
        vectors.Namespaces.Add(new NamespaceVector { Name = ns, Vector = ByteString.CopyFrom(vector) });
        Send(new SessionMessage { Vectors = vectors });
    }

    public void Writable() => Tell(new ReplicaEvent.StreamWritable(_session));

    public void End(string? error = null) => Tell(new ReplicaEvent.SessionEnded(_session, error));

    public void TimerDue() => Tell(new ReplicaEvent.TimerDue(new ReplicaTimer(ReplicaTimerKind.SessionProgress, _session)));

    /// <summary>A Hello that a replica with pid 9 would send, which holds something in the default namespace.</summary>
    public static Hello Hello(Action<Hello>? change = null)
    {
        var hello = new Hello
        {
            ProtocolMin = 1,
            ProtocolMax = 1,
            StoreId = ByteString.CopyFrom(Guid.Parse("00000000-0000-0000-0000-000000000009").ToByteArray(bigEndian: true)),
            Incarnation = ByteString.CopyFrom(Guid.Parse("00000000-0000-0000-0000-000000000010").ToByteArray(bigEndian: true)),
            Replica = new ReplicaId(9, 0).ToUInt64(),
            Clock = (uint)VersionClock.Lamport,
            MaxValueBytes = StoreLimits.DefaultMaxValueBytes,
            WindowBytes = MessageLimits.WindowBytes,
            Session = ByteString.CopyFrom(new byte[8]),
        };
        hello.Namespaces.Add(new NamespaceSummary { Name = HonuStore.DefaultNamespace, Summary = ByteString.CopyFrom(new byte[16]) });
        change?.Invoke(hello);
        return hello;
    }
}
