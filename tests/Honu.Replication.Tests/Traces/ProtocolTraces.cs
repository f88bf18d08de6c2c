using Google.Protobuf;
using Honu.Format;
using Honu.Replication.Messages;

namespace Honu.Replication.Tests.Traces;

/// <summary>
/// The traces of docs/protocol.md that broke earlier versions of the protocol, replayed event by event. A is replica 1, B 2, C 3;
/// A1 is A's write with scalar 1. Each test asserts what its trace is about, not only that the replicas end equal.
/// </summary>
public sealed class ProtocolTraces : IDisposable
{
    private readonly ScriptedReplica _a = new(1);
    private readonly ScriptedReplica _b = new(2);
    private readonly ScriptedReplica _c = new(3);

    public void Dispose()
    {
        _a.Dispose();
        _b.Dispose();
        _c.Dispose();
    }

    [Fact]
    public void T01_RecordThatIsCovered_NeverChangesTheStore()
    {
        var c1 = _c.Put("k", "old");
        var late = OnlyRecord(ScriptedSession.Complete(_c, _a), from: _c);
        _a.Delete("k");
        var before = _a.Disk.Fingerprint();

        var result = _a.Store.Replication.Apply(ScriptedReplica.Ns, late, cursor: null, join: null);

        Assert.Equal(1, result.Updates[UpdateKind.Stale]);
        Assert.Equal(0, result.Updates.Changes);
        Assert.True(_a.Vector.Covers(c1));
        Assert.Null(_a.Get("k"));
        Assert.Equal(before, _a.Disk.Fingerprint());
    }

    // As after a purge: the vector covers the write, and nothing is left of its key.
    [Fact]
    public void T01_RecordThatIsCoveredAndAbsent_StaysAbsent()
    {
        _c.Put("k", "old");
        var late = OnlyRecord(ScriptedSession.Complete(_c, _b), from: _c);
        _a.Store.Replication.Apply(ScriptedReplica.Ns, [], cursor: null, new VectorJoin(new VersionVector(), _c.Vector));

        var result = _a.Store.Replication.Apply(ScriptedReplica.Ns, late, cursor: null, join: null);

        Assert.Equal(1, result.Updates[UpdateKind.Stale]);
        Assert.True(_a.VersionOf("k").IsNone);
        Assert.Equal(0, _a.LooseRecords);
    }

    [Fact]
    public void T03_JoinWithoutRecords_MovesTheClock()
    {
        var target = new VersionVector();
        target.Advance(_b.Id, 70);

        var result = _c.Store.Replication.Apply(ScriptedReplica.Ns, [], cursor: null, new VectorJoin(new VersionVector(), target));
        var next = _c.Put("k", "v");

        Assert.True(result.Joined);
        Assert.True(next.Scalar > 70, $"{next} does not come after what the joined vector covers.");
    }

    [Fact]
    public void T04_HalfAStreamThenSenderDies_LooseRecordStillReachesOthers()
    {
        _a.Put("known", "to both"); // else A would be empty, and an empty namespace has no summary at all
        ScriptedSession.Complete(_a, _c);
        var l = _b.Put("l", "half");
        _b.Put("k", "never delivered");
        ScriptedSession.Run(_b, _c, cutSender: _b, cutAfterRecords: 1);
        Assert.Equal("half", _c.Get("l"));
        Assert.Null(_c.Get("k"));
        Assert.Equal(_a.Vector, _c.Vector);
        Assert.False(_c.Vector.Covers(l));
        Assert.Equal(1, _c.LooseRecords);

        var session = ScriptedSession.Complete(_a, _c);

        Assert.Equal(SyncOutcome.Completed, session.Report!.Outcome);
        Assert.Equal("half", _a.Get("l"));
        Assert.Equal(l, _a.VersionOf("l"));
        Assert.False(_a.Vector.Covers(l));
        Assert.Equal(SyncOutcome.Equal, ScriptedSession.Complete(_a, _c).Report!.Outcome);
    }

    [Fact]
    public void T06_OverwrittenBeforeTheCursor_ResumeSendsTheNewRecordAndNotTheReceivedOneAgain()
    {
        _c.Put("k", "first");
        _c.Put("l", "second");
        ScriptedSession.Complete(_c, _a);
        ScriptedSession.Run(_c, _b, cutSender: _c, cutAfterRecords: 1);
        Assert.Equal("first", _b.Get("k"));
        Assert.Equal("k"u8.ToArray(), _b.Store.Replication.FindCursor(ScriptedReplica.Ns, _c.Id)!.PositionKey);
        var l = _a.Put("l", "overwritten");
        ScriptedSession.Complete(_a, _c);
        Assert.Equal(l, _c.VersionOf("l"));

        var resumed = ScriptedSession.Complete(_b, _c);

        Assert.Equal("overwritten", _b.Get("l"));
        Assert.Equal(l, _b.VersionOf("l"));
        Assert.Equal(("l", l), Assert.Single(resumed.Records.Select(static record => (record.Key, record.Version))));
        Assert.Equal(_c.Vector, _b.Vector);
        Assert.Equal(0, _b.LooseRecords);
        Assert.Null(_b.Store.Replication.FindCursor(ScriptedReplica.Ns, _c.Id));
    }

    // Without an overwrite: what was received is not sent again, in whatever chunk the stream broke.
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(4)]
    public void T06_BrokenStream_ResumeSendsTheRestOnly(int received)
    {
        for (var i = 0; i < 5; i++)
            _c.Put($"k{i}", "v");
        ScriptedSession.Run(_b, _c, cutSender: _c, cutAfterRecords: received);
        Assert.Equal(0UL, _b.Vector.HighMark(_c.Id));

        var resumed = ScriptedSession.Complete(_b, _c);

        Assert.Equal(Enumerable.Range(received, 5 - received).Select(static i => $"k{i}"), resumed.Records.Select(static record => record.Key), StringComparer.Ordinal);
        Assert.Equal(_c.Vector, _b.Vector);
    }

    [Fact]
    public void T07_StreamForABaseThatIsNotCovered_TargetIsNotJoined()
    {
        var backup = _c.Disk.Copy();
        var c1 = _c.Put("k", "lost in the backup");
        ScriptedSession.Complete(_c, _a);
        var restored = new ScriptedReplica(3, disk: backup);
        ByteString believed = ByteString.CopyFrom(_a.Vector.ToArray());
        SessionMessage Speculate(ScriptedReplica from, SessionMessage message)
        {
            if (!ReferenceEquals(from, _a))
                return message;
            if (message.BodyCase == SessionMessage.BodyOneofCase.Chunk)
                message.Chunk = new Chunk { Namespace = message.Chunk.Namespace, Target = message.Chunk.Target, TargetAsTold = message.Chunk.TargetAsTold, Base = believed, Last = message.Chunk.Last, PositionReplica = 1, PositionScalar = message.Chunk.Last ? 0UL : 1UL };
            else if (message.BodyCase == SessionMessage.BodyOneofCase.Complete)
                message.Complete.Objects = 0;
            return message;
        }

        var session = ScriptedSession.Run(_a, restored, rewrite: Speculate);

        Assert.Equal(SyncOutcome.Completed, session.Report!.Outcome);
        Assert.False(restored.Vector.Covers(c1));
        ScriptedSession.Complete(_a, restored);
        Assert.Equal("lost in the backup", restored.Get("k"));
        restored.Dispose();
    }

    // At the end of a session both sides make durable what they acknowledge; here the link breaks just before.
    private static SessionMessage BreakBeforeAcknowledging(ScriptedReplica from, SessionMessage message) =>
        message.BodyCase == SessionMessage.BodyOneofCase.Complete ? new SessionMessage { Refusal = new Refusal { Reason = Refusal.Types.Reason.Retry } } : message;

    [Fact]
    public void T10_PowerLossTakesTheOlderLogOnly_LostRecordIsAskedForAgain()
    {
        _b.Put("own", "durable");
        _b.Store.Replication.Barrier();
        var a1 = _a.Put("k", "lost");
        var a2 = _a.Put("l", "kept");
        var before = _b.Id;
        ScriptedSession.Run(_b, _a, rewrite: BreakBeforeAcknowledging);
        Assert.True(_b.Vector.Covers(a1));
        var last = _b.Disk.UnsyncedBatches - 1;

        _b.LosePower(survives: batch => batch == last);

        Assert.NotEqual(before, _b.Id);
        Assert.Equal(before.Pid, _b.Id.Pid);
        Assert.Null(_b.Get("k"));
        Assert.False(_b.Vector.Covers(a1), "The vector that survived must not count: a record that it covers did not survive.");
        ScriptedSession.Complete(_b, _a);
        Assert.Equal("lost", _b.Get("k"));
        Assert.Equal("kept", _b.Get("l"));
        Assert.True(_b.Vector.Covers(a2));
    }

    [Fact]
    public void T10_PowerLossTakesEverythingSinceTheBarrier_OwnWritesWereNeverShippedBefore()
    {
        _b.Put("k", "shipped");
        ScriptedSession.Complete(_b, _a);
        _b.Put("l", "not shipped");

        _b.LosePower();

        Assert.Equal("shipped", _b.Get("k"));
        Assert.Null(_b.Get("l"));
        ScriptedSession.Complete(_b, _a);
        Assert.Null(_a.Get("l"));
        Assert.Equal(SyncOutcome.Equal, ScriptedSession.Complete(_b, _a).Report!.Outcome);
    }

    [Fact]
    public void T14_WriteAfterALosingFork_IsNoConflictElsewhere()
    {
        _b.Put("l", "B1");
        var c1 = _c.Put("l", "C1");
        ScriptedSession.Complete(_a, _c);
        var met = ScriptedSession.Complete(_b, _c);
        Assert.Equal(1, met.Report!.Updates[UpdateKind.Stomped]);
        var b2 = _b.Put("l", "B2");

        var session = ScriptedSession.Complete(_a, _b);

        Assert.Equal(c1, Assert.Single(_a.History("l"), entry => entry.Version.Id == c1).Version.Id);
        Assert.Equal(b2, _a.VersionOf("l"));
        Assert.Equal(1, session.Report!.Updates[UpdateKind.Skip]);
        Assert.Equal(1, session.Report.Updates.Total);
        Assert.False(_a.HasConflict("l"));
    }

    // The other way round: the loser comes late, to a replica that holds the write after the fork.
    [Fact]
    public void T14_LosingForkAfterTheWriteThatSawIt_IsStale()
    {
        _b.Put("l", "B1");
        _c.Put("l", "C1");
        var loser = OnlyRecord(ScriptedSession.Complete(_b, _c), from: _c);
        var b2 = _b.Put("l", "B2");
        var block = new RecordBlockWriter();
        using (var snapshot = _b.Store.Replication.CreateSnapshot())
            snapshot.ReadUncovered(ScriptedReplica.Ns, new VersionVector(), default, block, 100, 1 << 20);
        _a.Store.Replication.Apply(ScriptedReplica.Ns, block.Bytes.Span, cursor: null, join: null);

        var result = _a.Store.Replication.Apply(ScriptedReplica.Ns, loser, cursor: null, join: null);

        Assert.Equal(1, result.Updates[UpdateKind.Stale]);
        Assert.Equal(b2, _a.VersionOf("l"));
        Assert.False(_a.HasConflict("l"));
    }

    private static byte[] OnlyRecord(ScriptedSession session, ScriptedReplica from) => session.Messages
        .Where(sent => ReferenceEquals(sent.From, from) && sent.Message.BodyCase == SessionMessage.BodyOneofCase.Chunk)
        .Single(static sent => sent.Message.Chunk.Records.Length > 0).Message.Chunk.Records.ToByteArray();
}
