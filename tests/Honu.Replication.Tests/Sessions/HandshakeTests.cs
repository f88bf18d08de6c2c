using Google.Protobuf;
using Honu.Replication.Messages;
using Honu.Replication.Tests.Traces;

namespace Honu.Replication.Tests.Sessions;

public sealed class HandshakeTests : IDisposable
{
    private readonly ScriptedReplica _replica = new(1);

    public void Dispose() => _replica.Dispose();

    public static TheoryData<string, int> Objections => new()
    {
        { "protocol", (int)Refusal.Types.Reason.Protocol },
        { "cluster", (int)Refusal.Types.Reason.Cluster },
        { "pid", (int)Refusal.Types.Reason.Identity },
        { "self", (int)Refusal.Types.Reason.Identity },
        { "clock", (int)Refusal.Types.Reason.Clock },
        { "limit", (int)Refusal.Types.Reason.Protocol },
    };

    [Theory]
    [MemberData(nameof(Objections))]
    public void Hello_ThatTheResponderObjectsTo_IsRefusedForGoodWithTheReason(string what, int reason)
    {
        var peer = RemotePeer.Initiate(_replica.Machine);

        peer.Send(HelloWith(what));

        Assert.Equal(reason, (int)peer.Refusal!.Reason);
        Assert.NotEmpty(peer.Refusal.Message);
        Assert.Equal(SyncOutcome.Refused, peer.Report!.Outcome);
        Assert.Equal(peer.Refusal.Message, peer.Report.Error);
        Assert.True(peer.IsClosed);
        Assert.Equal(0, _replica.Machine.OpenSessions);
    }

    [Theory]
    [MemberData(nameof(Objections))]
    public void Hello_ThatTheInitiatorObjectsTo_IsRefusedForGoodWithTheReason(string what, int reason)
    {
        var peer = RemotePeer.Answer(_replica.Machine);

        peer.Send(HelloWith(what));

        Assert.Equal(reason, (int)peer.Refusal!.Reason);
        Assert.Equal(SyncOutcome.Refused, peer.Report!.Outcome);
        Assert.True(peer.IsClosed);
    }

    [Fact]
    public void Hello_OfAnotherPidThanExpected_IsRefused()
    {
        var peer = RemotePeer.Answer(_replica.Machine, new PeerAddress("peer", 1, Pid: 8));

        peer.Send(RemotePeer.Hello());

        Assert.Equal(Refusal.Types.Reason.Identity, peer.Refusal!.Reason);
        Assert.Contains("pid 8", peer.Refusal.Message, StringComparison.Ordinal);
        Assert.Equal(SyncOutcome.Refused, peer.Report!.Outcome);
    }

    [Fact]
    public void Hello_OfTheExpectedPid_IsTaken()
    {
        var peer = RemotePeer.Answer(_replica.Machine, new PeerAddress("peer", 1, Pid: 9));

        peer.Send(RemotePeer.Hello());

        Assert.Null(peer.Refusal);
    }

    [Fact]
    public void Hello_OfAWiderProtocolRange_IsTaken()
    {
        var peer = RemotePeer.Initiate(_replica.Machine);

        peer.Send(RemotePeer.Hello(static hello => hello.ProtocolMax = 7));

        Assert.Null(peer.Refusal);
    }

    [Theory]
    [InlineData((int)Refusal.Types.Reason.Cluster, SyncOutcome.Refused)]
    [InlineData((int)Refusal.Types.Reason.Malformed, SyncOutcome.Refused)]
    [InlineData((int)Refusal.Types.Reason.Retry, SyncOutcome.Interrupted)]
    [InlineData((int)Refusal.Types.Reason.Drift, SyncOutcome.Interrupted)]
    [InlineData((int)Refusal.Types.Reason.Unspecified, SyncOutcome.Interrupted)]
    [InlineData(77, SyncOutcome.Refused)]
    public void Refusal_FromThePeer_EndsTheSessionAndIsReported(int reason, SyncOutcome outcome)
    {
        var peer = RemotePeer.Answer(_replica.Machine);

        peer.Send(new SessionMessage { Refusal = new Refusal { Reason = (Refusal.Types.Reason)reason, Message = "why" } });

        Assert.Equal(outcome, peer.Report!.Outcome);
        Assert.Equal("why", peer.Report.Error);
        Assert.Null(peer.Refusal);
        Assert.Equal(0, _replica.Machine.OpenSessions);
    }

    [Fact]
    public void Session_BetweenTwoClocks_BothSidesAreTold()
    {
        using var other = new ScriptedReplica(2, VersionClock.Hybrid);

        var session = ScriptedSession.Run(_replica, other);

        Assert.Equal(SyncOutcome.Refused, session.Report!.Outcome);
        Assert.Equal(SyncOutcome.Refused, session.ResponderReport!.Outcome);
        Assert.Equal(session.Report.Error, session.ResponderReport.Error);
    }

    [Fact]
    public void Session_WithItself_IsRefusedByBoth()
    {
        _replica.Put("k", "v");

        var session = ScriptedSession.Run(_replica, _replica);

        Assert.Equal(SyncOutcome.Refused, session.Report!.Outcome);
        Assert.Contains("itself", session.Report.Error, StringComparison.Ordinal);
        Assert.Equal(SyncOutcome.Refused, session.ResponderReport!.Outcome);
    }

    public static TheoryData<string> BadHellos => ["store id", "incarnation", "cluster", "region", "owner", "protocols", "value limit", "window", "namespace", "empty namespace", "summary", "twice"];

    [Theory]
    [MemberData(nameof(BadHellos))]
    public void Hello_WithAFieldOutOfItsRange_IsMalformed(string field)
    {
        var peer = RemotePeer.Initiate(_replica.Machine);
        var hello = RemotePeer.Hello();
        Break(hello, field);

        peer.Send(hello);

        Assert.Equal(Refusal.Types.Reason.Malformed, peer.Refusal!.Reason);
        Assert.Equal(SyncOutcome.Refused, peer.Report!.Outcome);
    }

    [Fact]
    public void Accept_MoreThanTheLimit_IsAskedToComeBack()
    {
        using var small = new ScriptedReplica(1, configure: static options => options with { MaxIncomingSessions = 2 });
        var first = RemotePeer.Initiate(small.Machine);
        RemotePeer.Initiate(small.Machine);

        var third = RemotePeer.Initiate(small.Machine);

        Assert.Equal(Refusal.Types.Reason.Retry, third.Refusal!.Reason);
        Assert.True(third.IsClosed);
        first.End("gone");
        Assert.Null(RemotePeer.Initiate(small.Machine).Refusal);
    }

    private Hello HelloWith(string what) => RemotePeer.Hello(hello =>
    {
        switch (what)
        {
            case "protocol": (hello.ProtocolMin, hello.ProtocolMax) = (2, 3); break;
            case "cluster": hello.Cluster = "another"; break;
            case "pid": hello.Replica = new ReplicaId(1, 5).ToUInt64(); break;
            case "self": (hello.StoreId, hello.Run) = (ByteString.CopyFrom(_replica.Store.Identity.StoreId.ToByteArray(bigEndian: true)), ByteString.CopyFrom(_replica.Store.Replication.RunId.ToByteArray(bigEndian: true))); break;
            case "clock": hello.Clock = (uint)VersionClock.Hybrid; break;
            default: hello.MaxValueBytes = 1000; break;
        }
    });

    private static void Break(Hello hello, string field)
    {
        var tooLong = new string('x', MessageLimits.TextBytes + 1);
        switch (field)
        {
            case "store id": hello.StoreId = ByteString.CopyFrom(new byte[15]); break;
            case "incarnation": hello.Incarnation = ByteString.CopyFrom(new byte[17]); break;
            case "cluster": hello.Cluster = tooLong; break;
            case "region": hello.Region = tooLong; break;
            case "owner": hello.Owner = tooLong; break;
            case "protocols": (hello.ProtocolMin, hello.ProtocolMax) = (1, 0); break;
            case "value limit": hello.MaxValueBytes = 0; break;
            case "window": hello.WindowBytes = uint.MaxValue; break;
            case "namespace": hello.Namespaces[0].Name = new string('é', 128); break;
            case "empty namespace": hello.Namespaces[0].Name = ""; break;
            case "summary": hello.Namespaces[0].Summary = ByteString.CopyFrom(new byte[17]); break;
            default: hello.Namespaces.Add(hello.Namespaces[0].Clone()); break;
        }
    }
}
