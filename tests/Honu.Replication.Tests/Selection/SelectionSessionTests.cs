using Honu.Replication.Messages;
using Honu.Replication.Tests.Sessions;
using Honu.Replication.Tests.Traces;

namespace Honu.Replication.Tests.Selection;

/// <summary>Selectors within a replica: what sessions teach, when the next one comes, and what is told of it.</summary>
public sealed class SelectionSessionTests
{
    private static readonly ReplicaTimer NextSession = new(ReplicaTimerKind.NextSession);
    private static readonly PeerAddress Scripted = new("scripted", 1);

    [Fact]
    public void Session_ThatPulledOneRecord_TeachesThePapersReward()
    {
        using var a = new ScriptedReplica(1, configure: static options => options with { Peers = [Scripted], Selector = "epsilon-greedy" });
        using var b = new ScriptedReplica(2);
        b.Put("k", "v");

        ScriptedSession.Complete(a, b);
        var learned = Assert.Single(a.Machine.Peers).Arm!;
        ScriptedSession.Complete(a, b);
        var afterEqual = Assert.Single(a.Machine.Peers).Arm!;

        // In no time at all: 0.25 + 0.20.
        Assert.Equal((1, 0.45, 0.45, 0), (learned.Count, learned.Value, learned.LastReward!.Value, learned.Selections));
        Assert.Equal(learned, afterEqual);
        Assert.Equal(("epsilon-greedy:0.1", "paper"), (a.Machine.SelectorName, a.Machine.RewardName));
    }

    [Fact]
    public void Learned_KeptAndStartedAgain_IsKnown()
    {
        using var a = new ScriptedReplica(1, configure: static options => options with { Peers = [Scripted], Selector = "thompson@novelty" });
        using var b = new ScriptedReplica(2);
        b.Put("k", "v");
        ScriptedSession.Complete(a, b);
        var before = Assert.Single(a.Machine.Peers).Arm!;

        a.Machine.KeepLearned();
        a.Kill();
        a.Machine.Handle(new ReplicaEvent.Started(), TimeSpan.Zero);

        Assert.Equal(SelectorRestore.Restored, a.Machine.SelectorRestored);
        var after = Assert.Single(a.Machine.Peers).Arm!;
        Assert.Equal((before.Count, Math.Round(before.Value, 8)), (after.Count, Math.Round(after.Value, 8)));
        Assert.Null(after.LastReward);
    }

    [Fact]
    public void Choice_OfTheTimer_IsCounted()
    {
        using var a = new ScriptedReplica(1, configure: static options => options with { Peers = [Scripted], Selector = "ucb1" });

        a.Machine.Handle(new ReplicaEvent.TimerDue(NextSession), TimeSpan.Zero);

        var arm = Assert.Single(a.Machine.Peers).Arm!;
        Assert.Equal((1, 1.0), (arm.Selections, Math.Round(arm.Share, 9)));
    }

    [Fact]
    public void Peer_ThatIsTheReplicaItself_IsNoArm()
    {
        using var a = new ScriptedReplica(1, configure: static options => options with { Peers = [new PeerAddress("peer", 1), new PeerAddress("other", 1)] });
        var peer = RemotePeer.Answer(a.Machine, new PeerAddress("peer", 1));
        peer.Send(RemotePeer.Hello(hello =>
        {
            hello.StoreId = Google.Protobuf.ByteString.CopyFrom(a.Store.Identity.StoreId.ToByteArray(bigEndian: true));
            hello.Run = Google.Protobuf.ByteString.CopyFrom(a.Store.Replication.RunId.ToByteArray(bigEndian: true));
        }));

        Assert.Equal([PeerState.Self, PeerState.Unknown], a.Machine.Peers.Select(static known => known.State));
        Assert.Null(a.Machine.Peers[0].Arm);

        // Its rest is over after an hour; then it is looked at, and still no arm.
        var later = TimeSpan.FromHours(2);
        var opened = a.Machine.Handle(new ReplicaEvent.TimerDue(NextSession), later).OfType<ReplicaEffect.OpenSession>().Single();
        Assert.Equal("peer", opened.Address.Host);
        Assert.Equal(0, a.Machine.Peers[1].Arm!.Selections);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Pause_AfterASession_IsTheTimeToTheNext(bool succeeds)
    {
        using var a = Paced(2);
        var opened = OpenNext(a, TimeSpan.FromSeconds(1));

        var effects = succeeds ? Complete(a, opened, TimeSpan.FromSeconds(3)) : End(a, opened, TimeSpan.FromSeconds(3));

        Assert.Equal(TimeSpan.FromSeconds(3.125), NextDue(effects));
    }

    [Fact]
    public void Pause_SessionIsOpen_OpensNoOther()
    {
        using var a = Paced(2);
        OpenNext(a, TimeSpan.FromSeconds(1));

        var effects = a.Machine.Handle(new ReplicaEvent.TimerDue(NextSession), TimeSpan.FromSeconds(2));

        Assert.Empty(effects.OfType<ReplicaEffect.OpenSession>());
        Assert.Null(NextDue(effects));
    }

    [Fact]
    public void Pause_LocalCommit_HurriesNothing()
    {
        using var a = Paced(2);
        Complete(a, OpenNext(a, TimeSpan.FromSeconds(1)), TimeSpan.FromSeconds(1));

        Assert.Null(NextDue(a.Machine.Handle(new ReplicaEvent.LocalCommit(), TimeSpan.FromSeconds(1))));
    }

    [Fact]
    public void Pause_SessionsFindNothing_StaysTheSame()
    {
        using var a = Paced(1);
        var now = TimeSpan.FromSeconds(1);
        for (var i = 0; i < 5; i++)
        {
            var due = NextDue(Complete(a, OpenNext(a, now), now))!.Value;
            Assert.Equal(TimeSpan.FromMilliseconds(125), due - now);
            now = due;
        }
    }

    [Fact]
    public void Pause_AllPeersRest_WakesUpAgain()
    {
        using var a = Paced(1);
        var now = TimeSpan.FromSeconds(1);
        var due = NextDue(End(a, OpenNext(a, now), now))!.Value;

        var effects = a.Machine.Handle(new ReplicaEvent.TimerDue(NextSession), due);

        Assert.Empty(effects.OfType<ReplicaEffect.OpenSession>());
        Assert.InRange(NextDue(effects)!.Value - due, TimeSpan.FromTicks(1), TimeSpan.FromMilliseconds(125));
    }

    private static ScriptedReplica Paced(int peers) => new(1, configure: options => options with
    {
        Peers = [.. Enumerable.Range(1, peers).Select(static port => new PeerAddress("peer", port))],
        PauseAfterSession = TimeSpan.FromMilliseconds(125),
        Seed = 5,
    });

    private static ReplicaEffect.OpenSession OpenNext(ScriptedReplica replica, TimeSpan now)
    {
        var effects = replica.Machine.Handle(new ReplicaEvent.TimerDue(NextSession), now);
        return effects.OfType<ReplicaEffect.OpenSession>().Single();
    }

    private static List<ReplicaEffect> End(ScriptedReplica replica, ReplicaEffect.OpenSession opened, TimeSpan now) =>
        [.. replica.Machine.Handle(new ReplicaEvent.SessionEnded(opened.Session, "gone"), now)];

    // Lets a session find nothing.
    private static List<ReplicaEffect> Complete(ScriptedReplica replica, ReplicaEffect.OpenSession opened, TimeSpan now)
    {
        var hello = replica.Machine.Handle(new ReplicaEvent.SessionOpened(opened.Session), now).OfType<ReplicaEffect.Send>().Single().Message.Hello;
        var effects = new List<ReplicaEffect>();
        foreach (var message in new[]
        {
            new SessionMessage { Hello = RemotePeer.Hello(hello =>
            {
                hello.Namespaces.Clear();
                hello.Replica = new ReplicaId((uint)(100 + opened.Address.Port), 0).ToUInt64();
                hello.StoreId = Google.Protobuf.ByteString.CopyFrom(new Guid(opened.Address.Port, 1, 1, new byte[8]).ToByteArray());
            }) },
            new SessionMessage { Complete = new Complete { Session = hello.Session } },
        })
            effects.AddRange(replica.Machine.Handle(new ReplicaEvent.MessageReceived(opened.Session, message, 10), now));
        effects.AddRange(replica.Machine.Handle(new ReplicaEvent.SessionEnded(opened.Session, Error: null), now));
        return effects;
    }

    private static TimeSpan? NextDue(IReadOnlyList<ReplicaEffect> effects) => effects.OfType<ReplicaEffect.SetTimer>().LastOrDefault(static set => set.Timer == NextSession)?.Due;
}
