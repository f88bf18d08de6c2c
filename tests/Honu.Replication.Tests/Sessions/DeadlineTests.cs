using Google.Protobuf;
using Honu.Replication.Messages;
using Honu.Replication.Tests.Traces;

namespace Honu.Replication.Tests.Sessions;

/// <summary>What keeps a session alive, and what does not.</summary>
public sealed class DeadlineTests : IDisposable
{
    private const string Ns = HonuStore.DefaultNamespace;

    private readonly ScriptedReplica _replica = new(1);

    public void Dispose() => _replica.Dispose();

    [Fact]
    public void Caller_WhoDoesNotSayWhoItIs_GetsFourSeconds()
    {
        var peer = RemotePeer.Initiate(_replica.Machine);
        peer.Now = TimeSpan.FromSeconds(3.9);
        peer.TimerDue();
        Assert.Null(peer.Report);
        peer.Now = TimeSpan.FromSeconds(4);

        peer.TimerDue();

        Assert.Equal(SessionEndReason.Timeout, peer.Report!.Reason);
        Assert.Equal(Refusal.Types.Reason.Retry, peer.Refusal!.Reason);
    }

    [Fact]
    public void LargeMessage_ThatWasAnnounced_MayTakeLonger()
    {
        var peer = InTheMiddle();
        peer.Send(new SessionMessage { AnnouncedBytes = 1024 * 1024 });
        peer.Now = TimeSpan.FromSeconds(30);

        peer.TimerDue();

        Assert.Null(peer.Report);
        peer.Now = TimeSpan.FromSeconds(37);
        peer.TimerDue();
        Assert.Equal(SessionEndReason.Timeout, peer.Report!.Reason);
    }

    public static TheoryData<string> Idle => ["credit of nothing", "credit without need", "announcements"];

    [Theory]
    [MemberData(nameof(Idle))]
    public void Messages_ThatBringNothing_EndTheSession(string what)
    {
        var peer = InTheMiddle();

        for (var i = 0; i < 100 && peer.Report is null; i++)
        {
            peer.Send(what switch
            {
                "credit of nothing" => new SessionMessage { Credit = new Credit() },
                "credit without need" => new SessionMessage { Credit = new Credit { Bytes = 1 } },
                _ => new SessionMessage { AnnouncedBytes = 1 },
            });
        }

        Assert.Equal(SessionEndReason.Malformed, peer.Report!.Reason);
    }

    [Theory]
    [InlineData(0UL)]
    [InlineData(5UL)]
    public void Stream_ThatDoesNotMoveOn_EndsTheSession(ulong second)
    {
        var peer = InTheMiddle();
        var target = new VersionVector();
        target.Advance(new ReplicaId(9, 0), 9);
        peer.Send(Chunk(5, ByteString.CopyFrom(target.ToArray())));

        peer.Send(Chunk(second, ByteString.Empty));

        Assert.Equal(SessionEndReason.Malformed, peer.Report!.Reason);
    }

    [Fact]
    public void Complete_OfAnotherSession_IsMalformed()
    {
        var peer = RemotePeer.Initiate(_replica.Machine);
        peer.Send(RemotePeer.Hello(static hello => hello.Namespaces.Clear()));

        peer.Send(new Complete { Session = ByteString.CopyFrom(new byte[8]) });

        Assert.Equal(SessionEndReason.Malformed, peer.Report!.Reason);
        Assert.Contains("another session", peer.Report.Error, StringComparison.Ordinal);
    }

    private RemotePeer InTheMiddle()
    {
        var peer = RemotePeer.Answer(_replica.Machine);
        peer.Send(RemotePeer.Hello());
        peer.SendVectors(Ns, new VersionVector());
        return peer;
    }

    private static Chunk Chunk(ulong scalar, ByteString target) => new()
    {
        Namespace = Ns,
        Target = target,
        PositionReplica = new ReplicaId(9, 0).ToUInt64(),
        PositionScalar = scalar,
    };
}
