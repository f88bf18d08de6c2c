using Honu.Replication.Messages;
using Honu.Replication.Tests.Sessions;
using Honu.Replication.Tests.Traces;

namespace Honu.Replication.Tests.Peers;

/// <summary>What a replica does about its peers beside the sessions that are due.</summary>
public sealed class UpkeepTests : IDisposable
{
    private static readonly ReplicaTimer NextSession = new(ReplicaTimerKind.NextSession);

    private readonly ScriptedReplica _replica = new(1, configure: static options => options with { Peers = [new PeerAddress("peer", 1)] });

    public void Dispose() => _replica.Dispose();

    [Fact]
    public void StoreDiffers_SessionsCompareUntilOneHas()
    {
        _replica.Put("k", "v");
        Assert.False(HelloOfASession().Verify);

        _replica.Machine.Handle(new ReplicaEvent.StoreDiffers(ScriptedReplica.Ns), TimeSpan.Zero);

        // Never comparable, so it is given up in the end.
        Assert.All(Enumerable.Range(0, 8), _ => Assert.True(HelloOfASession().Verify));
        Assert.False(HelloOfASession().Verify);
    }

    // The other session of the pair may be over before the peer's refusal of this one has come.
    [Fact]
    public void RequestedSession_SupersededByOneThatHasEnded_IsOpenedAgain()
    {
        var asked = RemotePeer.Answer(_replica.Machine);
        var other = RemotePeer.Initiate(_replica.Machine);
        other.Send(RemotePeer.Hello(static hello => hello.Namespaces.Clear()));
        other.Send(new Complete());
        Assert.True(other.Report!.IsSuccess);
        asked.Send(RemotePeer.Hello(static hello => hello.Namespaces.Clear()));
        asked.Send(new SessionMessage { Refusal = new Refusal { Reason = Refusal.Types.Reason.Duplicate } });
        Assert.DoesNotContain(asked.Effects, static effect => effect is ReplicaEffect.SessionFinished);

        var due = asked.Effects.OfType<ReplicaEffect.SetTimer>().Last(static set => set.Timer == NextSession).Due;
        var opened = _replica.Machine.Handle(new ReplicaEvent.TimerDue(NextSession), due).OfType<ReplicaEffect.OpenSession>().First();
        var ended = _replica.Machine.Handle(new ReplicaEvent.SessionEnded(opened.Session, "enough"), due);

        Assert.Equal(1, Assert.Single(ended.OfType<ReplicaEffect.SessionFinished>(), finished => finished.Session == opened.Session).Request);
    }

    [Fact]
    public void RoundTrip_IsTheTimeFromHelloToItsAnswer()
    {
        var peer = RemotePeer.Answer(_replica.Machine);
        peer.Now = TimeSpan.FromMilliseconds(30);
        peer.Send(RemotePeer.Hello(static hello => hello.Namespaces.Clear()));
        peer.Now = TimeSpan.FromMilliseconds(500);
        peer.Send(new Complete());
        peer.End();

        Assert.Equal(TimeSpan.FromMilliseconds(30), peer.Report!.RoundTrip);
        Assert.Equal(TimeSpan.FromMilliseconds(30), Assert.Single(_replica.Machine.Peers).RoundTrip);
    }

    [Fact]
    public void ReconcileLimit_IsForTheOperator()
    {
        Assert.Equal(Refusal.Types.Reason.Operator, SessionRefusal.ReasonFor(new HonuException(HonuErrorCode.ReconcileLimit, "too much")));
        Assert.Equal(SyncOutcome.Refused, SessionRefusal.OutcomeOf(SessionRefusal.EndReason(Refusal.Types.Reason.Operator)));
    }

    [Fact]
    public void Heartbeats_OfARetiredWriter_AreNotWaitedFor()
    {
        var (own, b, c) = (new ReplicaId(1, 0), new ReplicaId(2, 0), new ReplicaId(3, 0));
        var table = new HeartbeatTable();
        table.SetWriters([2, 3], [], hasUnknown: false);
        table.Take(own, [new Heartbeat(b, 900)], nowUnixMs: 1000);
        Assert.Null(table.CompleteUpTo(own, [b, c], nowUnixMs: 1000));

        table.SetWriters([2], [3], hasUnknown: false);

        Assert.Equal(900, table.CompleteUpTo(own, [b, c], nowUnixMs: 1000));
    }

    private Hello HelloOfASession()
    {
        var peer = RemotePeer.Answer(_replica.Machine);
        peer.Send(RemotePeer.Hello(hello =>
        {
            hello.Namespaces.Clear();
            hello.Subscriptions.Add("nothing of it");
        }));
        peer.Send(new Complete());
        peer.End();
        Assert.True(peer.Report!.IsSuccess);
        return peer.Received.First().Hello;
    }
}
