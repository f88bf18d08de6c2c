using Google.Protobuf;
using Honu.Replication.Messages;
using Honu.Replication.Tests.Sessions;
using Honu.Replication.Tests.Traces;

namespace Honu.Replication.Tests.Membership;

/// <summary>How members become known in sessions, and become peers.</summary>
public sealed class MembershipSessionTests : IDisposable
{
    private readonly ScriptedReplica _a = new(1, configure: static options => options with { AdvertisedAddress = new PeerAddress("a", 1) });
    private readonly ScriptedReplica _b = new(2, configure: static options => options with { AdvertisedAddress = new PeerAddress("b", 1), Peers = [new PeerAddress("a", 1)] });
    private readonly ScriptedReplica _c = new(3, configure: static options => options with { AdvertisedAddress = new PeerAddress("c", 1) });

    public MembershipSessionTests()
    {
        foreach (var replica in new[] { _a, _b, _c })
            Tell(replica, new ReplicaEvent.Started());
    }

    public void Dispose()
    {
        _a.Dispose();
        _b.Dispose();
        _c.Dispose();
    }

    [Fact]
    public void Session_BetweenTwoThatKnowNobodyElse_NeedsNoMembersMessage()
    {
        var session = ScriptedSession.Complete(_b, _a);

        Assert.DoesNotContain(session.Messages, static item => item.Message.BodyCase == SessionMessage.BodyOneofCase.Members);
        Assert.Equal(2u, Assert.Single(_a.Machine.Members).Replica.Pid);
        Assert.Equal("a:1", Assert.Single(_b.Machine.Members).Address);
        Assert.Equal(["2@b:1"], Addresses(_a));
        Assert.Equal(["a:1"], Addresses(_b));
    }

    [Fact]
    public void Session_WithOneThatKnowsAThird_TellsOfItInOneRoundTrip()
    {
        ScriptedSession.Complete(_b, _a);
        ScriptedSession.Complete(_c, _a);

        var session = ScriptedSession.Complete(_b, _a);

        Assert.Equal(1, session.Report!.RoundTrips);
        Assert.Equal(["a:1", "3@c:1"], Addresses(_b));
        Assert.Equal([1u, 3u], _b.Machine.Members.Select(static member => member.Replica.Pid));
        session = ScriptedSession.Complete(_a, _b);
        Assert.DoesNotContain(session.Messages, static item => item.Message.BodyCase == SessionMessage.BodyOneofCase.Members);
    }

    [Fact]
    public void Session_BetweenThree_EndsWithEqualDigests()
    {
        foreach (var (one, other) in new[] { (_b, _a), (_c, _a), (_b, _c), (_a, _b), (_a, _c) })
            ScriptedSession.Complete(one, other);

        foreach (var (one, other) in new[] { (_b, _a), (_c, _a), (_b, _c) })
            Assert.DoesNotContain(ScriptedSession.Complete(one, other).Messages, static item => item.Message.BodyCase == SessionMessage.BodyOneofCase.Members);
    }

    [Fact]
    public void Learned_ByAReplicaWithoutPeers_BeginsSessions()
    {
        var peer = RemotePeer.Initiate(_a.Machine);

        peer.Send(RemotePeer.Hello(static hello => hello.Address = "nine:1"));

        Assert.Contains(peer.Effects, static effect => effect is ReplicaEffect.SetTimer { Timer.Kind: ReplicaTimerKind.NextSession });
        var opened = Tell(_a, new ReplicaEvent.TimerDue(new ReplicaTimer(ReplicaTimerKind.NextSession))).OfType<ReplicaEffect.OpenSession>();
        Assert.Equal("9@nine:1", Assert.Single(opened).Address.ToString());
    }

    [Fact]
    public void Restart_KeepsMembersAndAddedPeers()
    {
        ScriptedSession.Complete(_b, _a);
        Tell(_a, new ReplicaEvent.PeerAdded(PeerAddress.Parse("7@other:5")));

        _a.Kill();
        Tell(_a, new ReplicaEvent.Started());

        Assert.Equal(["7@other:5", "2@b:1"], Addresses(_a));
        Assert.True(_a.Store.Verify().IsHealthy);
    }

    [Fact]
    public void PeerRemoved_ThatWasAdded_IsGoneAlsoAfterARestart()
    {
        Tell(_a, new ReplicaEvent.PeerAdded(PeerAddress.Parse("other:5")));
        Tell(_a, new ReplicaEvent.PeerRemoved(PeerAddress.Parse("other:5")));
        Assert.Empty(Addresses(_a));

        _a.Kill();

        Assert.Empty(Addresses(_a));
        Assert.Throws<KeyNotFoundException>(() => Tell(_a, new ReplicaEvent.PeerRemoved(PeerAddress.Parse("other:5"))));
        Assert.Throws<ArgumentException>(() => Tell(_b, new ReplicaEvent.PeerRemoved(PeerAddress.Parse("a:1"))));
        Assert.Throws<ArgumentException>(() => Tell(_b, new ReplicaEvent.PeerAdded(PeerAddress.Parse("a:1"))));
    }

    [Fact]
    public void MemberRetired_IsToldToOthers_AndActiveAgainWhenItReturns()
    {
        ScriptedSession.Complete(_b, _a);
        ScriptedSession.Complete(_c, _a);
        ScriptedSession.Complete(_b, _a);
        Assert.Throws<KeyNotFoundException>(() => Tell(_a, new ReplicaEvent.MemberRetired(77)));

        Tell(_a, new ReplicaEvent.MemberRetired(3));
        Assert.Equal(["2@b:1"], Addresses(_a));
        Assert.Equal([2u], _a.Machine.Blockers(ScriptedReplica.Ns, _a.Vector));
        ScriptedSession.Complete(_b, _a);
        Assert.Equal(MemberState.Retired, _b.Machine.Members.Single(static member => member.Replica.Pid == 3).State);
        Assert.Equal(["a:1"], Addresses(_b));

        ScriptedSession.Complete(_c, _a);
        ScriptedSession.Complete(_b, _a);
        Assert.Equal(MemberState.Active, _b.Machine.Members.Single(static member => member.Replica.Pid == 3).State);
        Assert.Equal(["a:1", "3@c:1"], Addresses(_b));
    }

    [Fact]
    public void OwnAddress_AmongThePeers_IsFoundOutAndLeftAlone()
    {
        using var replica = new ScriptedReplica(5, configure: static options => options with { Peers = [new PeerAddress("me", 1), new PeerAddress("alias", 1)], AdvertisedAddress = new PeerAddress("me", 1) });
        Tell(replica, new ReplicaEvent.Started());
        Assert.Equal([PeerState.Self, PeerState.Unknown], replica.Machine.Peers.Select(static peer => peer.State));

        // Both ends of the session are the replica itself.
        var opened = Assert.Single(Tell(replica, new ReplicaEvent.TimerDue(new ReplicaTimer(ReplicaTimerKind.NextSession))).OfType<ReplicaEffect.OpenSession>());
        var accepted = replica.Machine.NextSessionId();
        var hello = Tell(replica, new ReplicaEvent.SessionOpened(opened.Session)).OfType<ReplicaEffect.Send>().Single().Message;
        Tell(replica, new ReplicaEvent.SessionAccepted(accepted));
        foreach (var answer in Tell(replica, new ReplicaEvent.MessageReceived(accepted, hello, 100)).OfType<ReplicaEffect.Send>())
            Tell(replica, new ReplicaEvent.MessageReceived(opened.Session, answer.Message, 100));

        Assert.Equal([PeerState.Self, PeerState.Self], replica.Machine.Peers.Select(static peer => peer.State));
        Assert.Empty(Tell(replica, new ReplicaEvent.TimerDue(new ReplicaTimer(ReplicaTimerKind.NextSession)), TimeSpan.FromMinutes(1)).OfType<ReplicaEffect.OpenSession>());
        Assert.Empty(replica.Machine.Members);
    }

    [Fact]
    public void Address_ThatMayNotBeConnectedTo_IsNoPeer()
    {
        using var replica = new ScriptedReplica(5, configure: static options => options with { MayConnect = static address => address.Host != "b" });

        ScriptedSession.Complete(_b, replica);

        Assert.Equal(2u, Assert.Single(replica.Machine.Members).Replica.Pid);
        Assert.Empty(replica.Machine.Peers);
    }

    [Fact]
    public void LearnedAddresses_ThatNobodyAnswersAt_LeaveMostSessionsToThoseWhoDo()
    {
        ScriptedSession.Complete(_b, _a);
        var peer = RemotePeer.Initiate(_b.Machine);
        peer.Send(RemotePeer.Hello(hello => hello.MembersDigest = ByteString.CopyFrom(new byte[8])));
        var members = new Members();
        members.Members_.Add(Enumerable.Range(100, 500).Select(static pid => Row((uint)pid)));
        peer.Send(new SessionMessage { Members = members });

        var seeds = 0;
        for (var i = 0; i < 100; i++)
        {
            var now = TimeSpan.FromMinutes(i + 1);
            var opened = Assert.Single(Tell(_b, new ReplicaEvent.TimerDue(new ReplicaTimer(ReplicaTimerKind.NextSession)), now).OfType<ReplicaEffect.OpenSession>());
            seeds += opened.Address.Host == "a" ? 1 : 0;
            Tell(_b, new ReplicaEvent.SessionEnded(opened.Session, "nobody"), now);
        }

        Assert.InRange(seeds, 50, 99);
    }

    public static TheoryData<string> Faults => ["pid", "twice", "store", "address", "pidAddress", "longAddress", "region", "state", "count", "order", "again"];

    [Theory]
    [MemberData(nameof(Faults))]
    public void Members_ThatMakeNoSense_EndTheSessionAndChangeNothing(string what)
    {
        var peer = RemotePeer.Initiate(_a.Machine);
        if (what != "order")
            peer.Send(RemotePeer.Hello(static hello => hello.MembersDigest = ByteString.CopyFrom(new byte[8])));
        var members = new Members();
        members.Members_.Add(Row(50));
        var row = Row(51);
        members.Members_.Add(row);
        switch (what)
        {
            case "pid":
                row.Replica = 7;
                break;
            case "twice":
                row.Replica = members.Members_[0].Replica;
                break;
            case "store":
                row.StoreId = ByteString.CopyFrom(new byte[15]);
                break;
            case "address":
                row.Address = "no address";
                break;
            case "pidAddress":
                row.Address = "5@host:1";
                break;
            case "longAddress":
                row.Address = new string('a', 255) + ":1";
                break;
            case "region":
                row.Region = new string('r', 256);
                break;
            case "state":
                row.State = (Messages.Member.Types.State)2;
                break;
            case "count":
                members.Members_.Add(Enumerable.Range(100, MessageLimits.MaxMembers).Select(static pid => Row((uint)pid)));
                break;
            case "again":
                peer.Send(new SessionMessage { Members = new Members() });
                break;
        }

        peer.Send(new SessionMessage { Members = members });

        Assert.Equal(Refusal.Types.Reason.Malformed, peer.Refusal!.Reason);
        Assert.DoesNotContain(_a.Machine.Members, static member => member.Replica.Pid is 50 or 51);
    }

    [Theory]
    [InlineData("digest")]
    [InlineData("address")]
    [InlineData("count")]
    [InlineData("long")]
    [InlineData("empty")]
    public void Hello_WhoseMembershipMakesNoSense_IsRefused(string what)
    {
        var peer = RemotePeer.Initiate(_a.Machine);

        peer.Send(RemotePeer.Hello(hello =>
        {
            switch (what)
            {
                case "digest":
                    hello.MembersDigest = ByteString.CopyFrom(new byte[7]);
                    break;
                case "address":
                    hello.Address = "host";
                    break;
                case "count":
                    hello.Subscriptions.Add(Enumerable.Range(0, SubscriptionList.MaxPatterns + 1).Select(static i => $"n{i}"));
                    break;
                case "long":
                    hello.Subscriptions.Add(new string('n', 256));
                    break;
                case "empty":
                    hello.Subscriptions.Add(["", "n"]);
                    break;
            }
        }));

        Assert.Equal(Refusal.Types.Reason.Malformed, peer.Refusal!.Reason);
        Assert.Empty(_a.Machine.Members);
    }

    private static Messages.Member Row(uint pid) => new()
    {
        Replica = new ReplicaId(pid, 0).ToUInt64(),
        StoreId = ByteString.CopyFrom(Guid.NewGuid().ToByteArray()),
        Address = $"host{pid}:1",
        Revision = 1,
    };

    private static IReadOnlyList<ReplicaEffect> Tell(ScriptedReplica replica, ReplicaEvent happened, TimeSpan now = default) => [.. replica.Machine.Handle(happened, now)];

    private static IEnumerable<string> Addresses(ScriptedReplica replica) => replica.Machine.Peers.Select(static peer => peer.Address.ToString());
}
