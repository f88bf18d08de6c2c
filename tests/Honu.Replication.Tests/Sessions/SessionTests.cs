using Google.Protobuf;
using Honu.Format;
using Honu.Replication.Messages;
using Honu.Replication.Tests.Traces;
using BodyCase = Honu.Replication.Messages.SessionMessage.BodyOneofCase;

namespace Honu.Replication.Tests.Sessions;

public sealed class SessionTests : IDisposable
{
    private const string Ns = HonuStore.DefaultNamespace;

    private readonly ScriptedReplica _replica = new(1);
    private readonly ScriptedReplica _other = new(2);

    public void Dispose()
    {
        _replica.Dispose();
        _other.Dispose();
    }

    [Fact]
    public void Session_EqualStoresWith45Origins_TakesOneRoundTripAndAtMost1KiB()
    {
        var target = new VersionVector();
        for (uint pid = 100; pid < 145; pid++)
            target.Advance(new ReplicaId(pid, 7), pid);
        foreach (var replica in new[] { _replica, _other })
            replica.Store.Replication.Apply(Ns, [], cursor: null, new VectorJoin(new VersionVector(), target));

        var session = ScriptedSession.Complete(_replica, _other);

        Assert.Equal(SyncOutcome.Equal, session.Report!.Outcome);
        Assert.Equal(1, session.Report.RoundTrips);
        Assert.Equal(45, _replica.Vector.Count);
        Assert.InRange(session.Report.BytesSent + session.Report.BytesReceived, 1, 1024);
        Assert.Equal([BodyCase.Hello, BodyCase.Complete], session.Messages.Where(sent => ReferenceEquals(sent.From, _replica)).Select(static sent => sent.Message.BodyCase));
        Assert.Equal([BodyCase.Hello, BodyCase.Complete], session.Messages.Where(sent => ReferenceEquals(sent.From, _other)).Select(static sent => sent.Message.BodyCase));
    }

    // A vector of 45 origins has 767 bytes.
    [Fact]
    public void Session_OneObjectDiffersWith45Origins_TellsOneVector()
    {
        var target = new VersionVector();
        for (uint pid = 100; pid < 145; pid++)
            target.Advance(new ReplicaId(pid, 7), pid);
        foreach (var replica in new[] { _replica, _other })
            replica.Store.Replication.Apply(Ns, [], cursor: null, new VectorJoin(new VersionVector(), target));
        _other.Put("k", "v");

        var session = ScriptedSession.Complete(_replica, _other);

        Assert.Equal("v", _replica.Get("k"));
        Assert.Equal(_other.Vector, _replica.Vector);
        Assert.InRange(session.Report!.BytesSent + session.Report.BytesReceived, 767, 1400);
        Assert.Equal(1, _other.Machine.CountAcknowledged(Ns, _other.VersionOf("k")));
        Assert.All(session.Messages.Where(static sent => sent.Message.BodyCase == BodyCase.Acknowledged), static sent => Assert.True(Assert.Single(sent.Message.Acknowledged.Namespaces).AsStreamed));
    }

    [Fact]
    public void Acknowledged_OfAStreamThatWasNotJoined_SaysOnlyWhatIsDurable()
    {
        _replica.Put("a", "1");
        _other.Put("k", "v");
        var version = _other.VersionOf("k");

        // A base that is not covered: the target is not joined, whatever arrives.
        var foreign = new VersionVector();
        foreign.Advance(new ReplicaId(77, 0), 5);
        ScriptedSession.Run(_replica, _other, rewrite: (from, message) =>
        {
            if (ReferenceEquals(from, _other) && message.Chunk is { } chunk)
                chunk.Base = ByteString.CopyFrom(foreign.ToArray());
            return message;
        });

        Assert.False(_replica.Vector.Covers(version));
        Assert.Equal(0, _other.Machine.CountAcknowledged(Ns, version));
    }

    [Fact]
    public void Chunk_ThatRefersToAVectorThatWasNotTold_IsRefused()
    {
        var peer = RemotePeer.Answer(_replica.Machine);
        peer.Send(RemotePeer.Hello());

        peer.Send(new Chunk { Namespace = Ns, TargetAsTold = true, Last = true });

        Assert.Equal(Refusal.Types.Reason.Malformed, peer.Refusal!.Reason);
    }

    [Fact]
    public void Session_BothSidesLackSomething_BothGetItInTwoRoundTrips()
    {
        _replica.Put("a", "1");
        _other.Put("b", "2");
        _other.Delete("b");
        _other.Put("c", "3");

        var session = ScriptedSession.Complete(_replica, _other);

        Assert.Equal(2, session.Report!.RoundTrips);
        Assert.Equal((1, 2), (session.Report.ObjectsSent, session.Report.ObjectsReceived));
        Assert.Equal((2, 1), (session.ResponderReport!.ObjectsSent, session.ResponderReport.ObjectsReceived));
        Assert.Equal(session.Report.BytesSent, session.ResponderReport.BytesReceived);
        Assert.Equal((_replica.Id, _other.Id), (session.ResponderReport.Initiator, session.ResponderReport.Responder));
        Assert.Equal("3", _replica.Get("c"));
        Assert.True(_replica.VersionOf("b") == _other.VersionOf("b") && _replica.Get("b") is null);
        Assert.Equal(SyncOutcome.Equal, ScriptedSession.Complete(_other, _replica).Report!.Outcome);
    }

    [Fact]
    public void Session_ManyNamespaces_OnlyThoseThatDifferAreStreamed()
    {
        foreach (var ns in new[] { "one", "two", "two::x", "é" })
            _replica.Store.Namespace(ns).Put("k"u8, "v"u8);
        ScriptedSession.Complete(_replica, _other);
        _replica.Store.Namespace("two::x").Put("k"u8, "w"u8);

        var session = ScriptedSession.Complete(_other, _replica);

        var told = session.Messages.Where(static sent => sent.Message.BodyCase == BodyCase.Vectors).SelectMany(static sent => sent.Message.Vectors.Namespaces).Select(static ns => ns.Name);
        Assert.Equal(["two::x", "two::x"], told, StringComparer.Ordinal);
        Assert.Equal("w"u8.ToArray(), _other.Store.Namespace("two::x").Get("k"u8));
    }

    public static TheoryData<int, string> OutOfOrder()
    {
        var data = new TheoryData<int, string>();
        foreach (var message in new[] { "vectors", "chunk", "complete", "empty" })
            data.Add(0, message);
        foreach (var message in new[] { "hello", "unknown namespace", "empty" })
            data.Add(1, message);
        foreach (var message in new[] { "hello", "vectors", "unknown namespace", "chunk after last", "empty" })
            data.Add(2, message);
        return data;
    }

    /// <summary>Stage 0: nothing was said; 1: the replica, as initiator, has the peer's Hello and has told its vectors; 2: both told their vectors.</summary>
    [Theory]
    [MemberData(nameof(OutOfOrder))]
    public void Message_OutOfItsOrder_IsMalformed(int stage, string message)
    {
        var peer = RemotePeer.Answer(_replica.Machine);
        if (stage > 0)
            peer.Send(RemotePeer.Hello());
        if (stage > 1)
            peer.SendVectors(Ns, new VersionVector());
        if (message == "chunk after last")
            peer.Send(ChunkOf(last: true));

        peer.Send(message switch
        {
            "hello" => new SessionMessage { Hello = RemotePeer.Hello() },
            "vectors" => new SessionMessage { Vectors = new Vectors() },
            "complete" => new SessionMessage { Complete = new Complete() },
            "unknown namespace" => new SessionMessage { Chunk = ChunkOf(last: true, ns: "another") },
            "empty" => new SessionMessage(),
            _ => new SessionMessage { Chunk = ChunkOf(last: true) },
        });

        Assert.Equal(Refusal.Types.Reason.Malformed, peer.Refusal!.Reason);
        Assert.Equal(SyncOutcome.Refused, peer.Report!.Outcome);
        Assert.True(peer.IsClosed);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(ulong.MaxValue)]
    public void Complete_WithAnotherCountThanArrived_IsMalformed(ulong claimed)
    {
        var peer = Differing();
        peer.Send(ChunkOf(last: true));

        peer.Send(new Complete { Objects = claimed });

        Assert.Equal(Refusal.Types.Reason.Malformed, peer.Refusal!.Reason);
        Assert.Equal(SyncOutcome.Refused, peer.Report!.Outcome);
    }

    [Fact]
    public void Complete_BeforeTheLastChunk_IsMalformedAndJoinsNothing()
    {
        var peer = Differing();
        peer.Send(ChunkOf(last: false));

        peer.Send(new Complete());

        Assert.Equal(Refusal.Types.Reason.Malformed, peer.Refusal!.Reason);
        Assert.Equal(0, _replica.Vector.Count);
    }

    [Fact]
    public void Stream_LinkBreaks_IsInterruptedAndCanBeRepeated()
    {
        _replica.Put("a", "1");
        _replica.Put("b", "2");

        var broken = ScriptedSession.Run(_replica, _other, cutSender: _replica, cutAfterRecords: 1);

        Assert.Equal(SyncOutcome.Interrupted, broken.Report!.Outcome);
        Assert.Equal("cut", broken.Report.Error);
        Assert.Equal(0, _replica.Machine.OpenSessions + _other.Machine.OpenSessions);
        ScriptedSession.Complete(_replica, _other);
        Assert.Equal("2", _other.Get("b"));
    }

    [Fact]
    public void Session_PeerEndsEarlyWithoutError_IsInterrupted()
    {
        var peer = RemotePeer.Answer(_replica.Machine);
        peer.Send(RemotePeer.Hello());

        peer.End();

        Assert.Equal(SyncOutcome.Interrupted, peer.Report!.Outcome);
        Assert.NotNull(peer.Report.Error);
    }

    [Fact]
    public void Session_NothingMoves_IsGivenUpAfterTheProgressTimeout()
    {
        var peer = RemotePeer.Answer(_replica.Machine);
        peer.Now = TimeSpan.FromSeconds(4);
        peer.Send(RemotePeer.Hello());
        peer.Now = TimeSpan.FromSeconds(5);

        peer.TimerDue();

        Assert.Null(peer.Report);
        Assert.Equal(TimeSpan.FromSeconds(8.5), peer.Effects.OfType<ReplicaEffect.SetTimer>().Last(static set => set.Timer.Kind == ReplicaTimerKind.SessionProgress).Due);
        peer.Now = TimeSpan.FromSeconds(8.5);
        peer.TimerDue();
        Assert.Equal(SyncOutcome.Interrupted, peer.Report!.Outcome);
        Assert.Single(peer.Effects.OfType<ReplicaEffect.AbortSession>());
        Assert.Equal(0, _replica.Machine.OpenSessions);
    }

    [Fact]
    public void Session_NobodyAnswers_IsUnreachable()
    {
        var peer = RemotePeer.Answer(_replica.Machine);
        peer.Now = TimeSpan.FromSeconds(15);

        peer.TimerDue();

        Assert.Equal(SyncOutcome.Unreachable, peer.Report!.Outcome);
    }

    [Fact]
    public void Stream_WithoutCredit_StopsAtTheWindowAndGoesOnWithCredit()
    {
        for (var i = 0; i < 12; i++)
            _replica.Store.Put([(byte)i], new byte[1 << 20]);
        var peer = Differing();
        var left = 100;
        while (left-- > 0)
            peer.Writable();
        var withoutCredit = Chunks(peer);

        peer.Send(new SessionMessage { Credit = new Credit { Bytes = 2 << 20 } });
        while (left++ < 100)
            peer.Writable();

        Assert.InRange(withoutCredit.Sum(static chunk => (long)chunk.Records.Length), MessageLimits.WindowBytes, MessageLimits.WindowBytes + (1 << 20) + 100);
        Assert.Equal(withoutCredit.Count + 2, Chunks(peer).Count);
        Assert.DoesNotContain(peer.Received, static message => message.BodyCase == BodyCase.Complete);
    }

    [Fact]
    public void Stream_TransportIsSlow_OnlyAFewChunksAreHandedToIt()
    {
        for (var i = 0; i < 50; i++)
            _replica.Put($"k{i}", "v");

        var peer = Differing();

        Assert.InRange(Chunks(peer).Count, 1, 8);
        var before = Chunks(peer).Count;
        peer.Writable();
        Assert.Equal(before + 1, Chunks(peer).Count);
    }

    [Fact]
    public void Receiver_AppliesMoreThanAQuarterWindow_GrantsCredit()
    {
        for (var i = 0; i < 6; i++)
            _other.Store.Put([(byte)i], new byte[1 << 20]);

        var session = ScriptedSession.Complete(_replica, _other);

        var granted = session.Messages.Where(static sent => sent.Message.BodyCase == BodyCase.Credit).Sum(static sent => (long)sent.Message.Credit.Bytes);
        Assert.InRange(granted, 3L << 20, 7L << 20);
        Assert.Equal(6, session.Report!.ObjectsReceived);
    }

    [Fact]
    public void Chunk_ThatTheStoreRefuses_IsToldAndNothingOfItStays()
    {
        _other.Put("good", "v");
        var block = new RecordBlockWriter();
        using (var snapshot = _other.Store.Replication.CreateSnapshot())
            snapshot.ReadUncovered(Ns, new VersionVector(), default, block, 100, 1 << 20);
        var bytes = block.Bytes.ToArray();
        bytes[^1] ^= 1;
        var peer = Differing();

        peer.Send(new Chunk { Namespace = Ns, Records = ByteString.CopyFrom(bytes), Target = ByteString.CopyFrom(_other.Vector.ToArray()), Last = true });

        Assert.Equal(Refusal.Types.Reason.Malformed, peer.Refusal!.Reason);
        Assert.Equal(SyncOutcome.Refused, peer.Report!.Outcome);
        Assert.Null(_replica.Get("good"));
        Assert.Equal(0, _replica.Vector.Count);
    }

    private RemotePeer Differing()
    {
        var peer = RemotePeer.Answer(_replica.Machine);
        peer.Send(RemotePeer.Hello());
        peer.SendVectors(Ns, new VersionVector());
        return peer;
    }

    private static List<Chunk> Chunks(RemotePeer peer) => [.. peer.Received.Where(static message => message.BodyCase == BodyCase.Chunk).Select(static message => message.Chunk)];

    private static Chunk ChunkOf(bool last, string ns = Ns) => new() { Namespace = ns, Target = ByteString.CopyFrom(new VersionVector().ToArray()), Last = last };
}
