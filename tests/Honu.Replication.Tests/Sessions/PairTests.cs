using Google.Protobuf;
using Honu.Replication.Messages;
using Honu.Replication.Tests.Traces;

namespace Honu.Replication.Tests.Sessions;

/// <summary>Of two sessions that a pair of replicas opens at once one goes on: that of the lower replica. Nobody is blamed for the other.</summary>
public sealed class PairTests : IDisposable
{
    private static readonly PeerAddress[] Peers = [new("scripted", 1)];

    private readonly ScriptedReplica _low = new(1, configure: static options => options with { Peers = Peers });
    private readonly ScriptedReplica _high = new(2, configure: static options => options with { Peers = Peers });

    public void Dispose()
    {
        _low.Dispose();
        _high.Dispose();
    }

    [Fact]
    public void Sessions_OpenedByBothAtOnce_ThatOfTheLowerReplicaGoesOn()
    {
        ScriptedSession.Complete(_low, _high);
        ScriptedSession.Complete(_high, _low);
        _low.Put("k", "v");
        _high.Put("l", "w");
        var wires = new Wires(_low, _high);

        wires.Open(_low, request: 1);
        wires.Open(_high, request: null);
        wires.Run();

        var reports = wires.Finished.Select(static finished => (finished.By.Pid, finished.Effect.IsInitiator, finished.Effect.Report.Outcome)).ToHashSet();
        Assert.Contains((1u, true, SyncOutcome.Completed), reports);
        Assert.Contains((2u, false, SyncOutcome.Completed), reports);
        Assert.Contains((2u, true, SyncOutcome.Superseded), reports);
        Assert.Equal(("v", "w"), (_high.Get("k"), _low.Get("l")));
        Assert.Equal((0, 0), (_low.Machine.OpenSessions, _high.Machine.OpenSessions));
        Assert.All(_high.Machine.Peers.Concat(_low.Machine.Peers), static peer => Assert.Equal((PeerState.Active, null), (peer.State, peer.LastError)));
    }

    [Fact]
    public void Session_ThatSomebodyAskedForAndThatIsSuperseded_IsOpenedAgain()
    {
        ScriptedSession.Complete(_low, _high);
        ScriptedSession.Complete(_high, _low);
        var wires = new Wires(_low, _high);

        wires.Open(_low, request: null);
        wires.Open(_high, request: 7);
        wires.Run();

        var asked = Assert.Single(wires.Finished, static finished => finished.Effect.Request == 7);
        Assert.Equal((2u, SyncOutcome.Equal), (asked.By.Pid, asked.Effect.Report.Outcome));
        Assert.Equal((0, 0), (_low.Machine.OpenSessions, _high.Machine.OpenSessions));
    }

    /// <summary>Any number of sessions between two replicas, each message in its turn.</summary>
    private sealed class Wires(ScriptedReplica one, ScriptedReplica other)
    {
        private readonly Dictionary<(ScriptedReplica, SessionId), (ScriptedReplica To, SessionId Session)> _links = [];
        private readonly Queue<Action> _due = new();

        public List<(ScriptedReplica By, ReplicaEffect.SessionFinished Effect)> Finished { get; } = [];

        public void Open(ScriptedReplica by, long? request) =>
            Handle(by, request is { } id ? new ReplicaEvent.SyncRequested(id, Peers[0]) : new ReplicaEvent.TimerDue(new ReplicaTimer(ReplicaTimerKind.NextSession)));

        public void Run()
        {
            for (var steps = 0; _due.TryDequeue(out var step); steps++)
            {
                Assert.True(steps < 10_000, "The sessions never end.");
                step();
            }
        }

        private void Handle(ScriptedReplica replica, ReplicaEvent happened)
        {
            foreach (var effect in replica.Machine.Handle(happened, TimeSpan.Zero).ToArray())
                CarryOut(replica, effect);
        }

        private void CarryOut(ScriptedReplica by, ReplicaEffect effect)
        {
            switch (effect)
            {
                case ReplicaEffect.OpenSession open:
                    var far = ReferenceEquals(by, one) ? other : one;
                    var accepted = far.Machine.NextSessionId();
                    _links[(by, open.Session)] = (far, accepted);
                    _links[(far, accepted)] = (by, open.Session);
                    _due.Enqueue(() => Handle(far, new ReplicaEvent.SessionAccepted(accepted)));
                    _due.Enqueue(() => Handle(by, new ReplicaEvent.SessionOpened(open.Session)));
                    break;
                case ReplicaEffect.Send send when _links.TryGetValue((by, send.Session), out var link):
                    var bytes = send.Message.ToByteArray();
                    _due.Enqueue(() => Handle(link.To, new ReplicaEvent.MessageReceived(link.Session, SessionMessage.Parser.ParseFrom(bytes), bytes.Length + 5)));
                    _due.Enqueue(() => Handle(by, new ReplicaEvent.StreamWritable(send.Session)));
                    break;
                case ReplicaEffect.CloseSession close when _links.TryGetValue((by, close.Session), out var link):
                    _due.Enqueue(() => Handle(link.To, new ReplicaEvent.SessionEnded(link.Session, Error: null)));
                    break;
                case ReplicaEffect.SessionFinished finished:
                    Finished.Add((by, finished));
                    break;
            }
        }
    }
}
