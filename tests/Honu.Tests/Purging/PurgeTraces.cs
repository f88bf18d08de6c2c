using Honu.Format;

namespace Honu.Tests.Purging;

/// <summary>
/// The traces of docs/protocol.md about purging, replayed event by event at the replication port. A is replica 1, B 2, C 3, D 4; A1 is A's write with
/// scalar 1. Each test asserts what its trace is about, not only that the replicas end equal.
/// </summary>
public sealed class PurgeTraces : IDisposable
{
    private const string Ns = PurgingReplica.Ns;

    private readonly PurgingReplica _a = new(1);
    private readonly PurgingReplica _b = new(2);
    private readonly PurgingReplica _c = new(3);
    private readonly PurgingReplica _d = new(4);

    public void Dispose()
    {
        _a.Dispose();
        _b.Dispose();
        _c.Dispose();
        _d.Dispose();
    }

    [Fact]
    public void T01a_RumorAfterThePurge_KeyStaysDeleted()
    {
        var c1 = _c.Put("k", "old");
        var rumor = new RecordBlockWriter();
        var from = Rumor(_c, 0, rumor, (c1, "k"));
        PeerTransfer.Run(_c, _a);
        _a.Delete("k");
        PeerTransfer.Run(_a, _c);
        Assert.Equal(1, _a.Purge(_c));
        Assert.True(_a.HasForgotten("k"));

        var result = _a.Port.Apply(Ns, rumor.Bytes.Span, cursor: null, new VectorJoin(new VersionVector(), Interval(c1.Replica, from, c1.Scalar)));

        Assert.Equal(1, result.Updates[UpdateKind.Stale]);
        Assert.True(_a.HasForgotten("k"));
        Assert.True(_a.State.Vector.Covers(c1));
    }

    [Fact]
    public void T01b_StreamFromBeforeThePurge_KeyStaysDeleted()
    {
        _a.Put("k", "A1");
        _c.Put("k", "C1");
        var c2 = _c.Delete("k");
        PeerTransfer.Run(_c, _b);
        using var stream = new PeerTransfer(_a, _c);
        PeerTransfer.Run(_c, _a);
        Assert.Equal(c2, _a.VersionOf("k").Id);

        var purged = _c.Purge(_a, _b);
        stream.Finish();

        Assert.Equal(0, purged);
        Assert.Null(_c.Get("k"));
        Assert.Equal(c2, _c.VersionOf("k").Id);

        // With A1 covered, nothing stands in the way any more.
        PeerTransfer.Run(_a, _b);
        Assert.Equal(1, _c.Purge(_a, _b));
        Assert.True(_c.HasForgotten("k"));
    }

    [Fact]
    public void T02_OutsiderBelowAPurge_IsWrittenAgainAndAllEndEqual()
    {
        _b.Put("k", "B1");
        var b2 = _b.Delete("k");
        PeerTransfer.Run(_b, _a);
        Assert.Equal(1, _b.Purge(_a));
        var c1 = _c.Put("k", "outsider");
        Assert.True(c1.Scalar < b2.Scalar);

        PeerTransfer.Run(_c, _a);
        var result = PeerTransfer.Run(_c, _b);

        Assert.Equal(b2, _a.VersionOf("k").Id);
        Assert.Equal(1, result.Updates[UpdateKind.Reissued]);
        Assert.Equal("outsider", _b.Get("k"));
        Assert.Equal(_b.Id, _b.VersionOf("k").Id.Replica);
        Assert.Equal(c1, _b.VersionOf("k").Parent);
        Converge(_a, _b, _c);
        Assert.Equal("outsider", _a.Get("k"));
        Assert.Empty(_c.Store.Conflicts());
    }

    [Fact]
    public void T02_OutdatedReplica_WritesItsOwnAgainInTheBatchOfTheJoin()
    {
        _b.Put("k", "B1");
        _b.Delete("k");
        _b.Purge();
        var c1 = _c.Put("k", "outsider");
        _c.Put("l", "also");
        var notified = 0;
        _c.Port.LocalCommitted += (_, _) => notified++;

        var result = PeerTransfer.Run(_b, _c);

        Assert.True(result.Joined);
        Assert.Equal(2, result.Reissued);
        Assert.Equal(0, result.Deleted);
        Assert.Equal("outsider", _c.Get("k"));
        Assert.Equal(_c.Id, _c.VersionOf("k").Id.Replica);
        Assert.True(_c.VersionOf("k").Id.Scalar > _c.State.PurgeMark);
        Assert.Equal(c1, _c.VersionOf("k").Parent);
        Assert.Equal(0, _c.State.LooseRecords);
        Assert.Equal(1, notified);
        Assert.True(_c.State.Vector.Covers(_c.VersionOf("k").Id));
        Converge(_b, _c);
        _c.AssertHealthy();
    }

    // The deletion is still there, and would beat the outsider in an early chunk.
    [Fact]
    public void T02_DeletionInAnEarlyChunk_WaitsForTheJoin()
    {
        _b.Put("k", "B1");
        _b.Put("z", "to be purged");
        _b.Delete("z");
        _b.Purge();
        _b.Delete("k");
        var c1 = _c.Put("k", "outsider");
        Assert.True(c1.Scalar <= _b.State.PurgeMark);

        var result = PeerTransfer.Run(_b, _c);

        Assert.True(result.Joined);
        Assert.Equal("outsider", _c.Get("k"));
        Assert.Equal(1, result.Reissued);
        Converge(_b, _c);
        Assert.Equal("outsider", _b.Get("k"));
    }

    [Fact]
    public void T03_JoinOfAFullStream_MovesTheClockAboveWhatWasPurged()
    {
        for (var i = 0; i < 5; i++)
            _b.Put("k", $"B{i}");
        var deleted = _b.Delete("k");
        _b.Purge();
        Assert.True(_b.HasForgotten("k"));

        PeerTransfer.Run(_b, _c);
        var next = _c.Put("k", "again");

        Assert.True(next.Scalar > deleted.Scalar, $"{next} does not come after the purged {deleted}.");
    }

    [Fact]
    public void T03_FullStreamWithoutRecords_MovesTheClock()
    {
        var target = new VersionVector();
        target.Advance(_b.Id, 70);
        var none = new VersionVector();
        var cursor = new StreamCursor(_b.Id, _b.Store.Identity.Incarnation, target, default) { IsFull = true, Frontier = none };

        var result = _c.Port.Apply(Ns, [], cursor, new VectorJoin(none, target) { IsFull = true, Frontier = none });

        Assert.True(result.Joined);
        Assert.True(_c.Put("k", "v").Scalar > 70);
    }

    [Fact]
    public void T05_FrontierIsInherited()
    {
        _a.Put("k", "A1");
        PeerTransfer.Run(_a, _d);
        PeerTransfer.Run(_a, _c);
        _a.Delete("k");
        _a.Purge();
        Assert.True(_a.HasForgotten("k"));

        var first = PeerTransfer.Run(_a, _c);
        var second = PeerTransfer.Run(_c, _d);

        Assert.Equal(1, first.Deleted);
        Assert.Equal(1, second.Deleted);
        Assert.True(_d.HasForgotten("k"));
        Assert.Equal(_a.State.Frontier, _d.State.Frontier);
        Assert.Equal(_a.State.PurgeMark, _d.State.PurgeMark);
        Assert.Equal(_a.State.Vector, _d.State.Vector);
    }

    // A delta of a sender whose frontier we do not dominate, however it came about.
    [Fact]
    public void T05_DeltaBehindTheFrontier_IsNotJoined()
    {
        _a.Put("k", "A1");
        PeerTransfer.Run(_a, _d);
        var deleted = _a.Delete("k");
        _a.Purge();

        var result = PeerTransfer.Run(_a, _d, full: false);

        Assert.False(result.Joined);
        Assert.False(_d.State.Vector.Covers(deleted));
        Assert.True(PeerTransfer.Run(_a, _d).Joined);
        Assert.True(_d.HasForgotten("k"));
    }

    [Fact]
    public void T12a_LooseWriteWasDeleted_DeletionIsNotPurgedBeforeItIsCovered()
    {
        var c1 = _c.Put("k", "C1");
        _c.Put("l", "never delivered");
        using (var broken = new PeerTransfer(_c, _a))
            broken.Next(1);
        Assert.Equal("C1", _a.Get("k"));
        Assert.False(_a.State.Vector.Covers(c1));
        _a.Delete("k");

        var purged = _a.Purge();
        PeerTransfer.Run(_c, _a);

        Assert.Equal(0, purged);
        Assert.Null(_a.Get("k"));
        PeerTransfer.Run(_a, _c);
        Assert.Null(_c.Get("k"));
        Assert.Equal(1, _a.Purge(_c));
    }

    [Fact]
    public void T12b_KeyIsBroughtBackDuringTheReconcile_JoiningBatchDecides()
    {
        _b.Put("k", "B1");
        _b.Put("z", "stays");
        PeerTransfer.Run(_b, _c);
        PeerTransfer.Run(_b, _a);
        _b.Delete("k");
        _b.Purge();
        using var stream = new PeerTransfer(_b, _c);
        Assert.True(stream.IsFull);

        // Between chunk and join: the old record comes by another way, and a new one of another key.
        stream.Next(1);
        Assert.Equal("B1", _c.Get("k"));
        _a.Put("k", "A2, after B1");
        PeerTransfer.Run(_a, _c);
        stream.Finish();

        Assert.True(stream.Result.Joined);
        Assert.Equal(0, stream.Result.Deleted);
        Assert.Equal("A2, after B1", _c.Get("k"));
    }

    [Fact]
    public void T12b_OldRecordComesDuringTheReconcile_IsDeletedInTheJoiningBatch()
    {
        _b.Put("k", "B1");
        _b.Put("z", "stays");
        PeerTransfer.Run(_b, _a);
        _c.Put("own", "so that it is not empty");
        _b.Delete("k");
        _b.Purge();
        using var stream = new PeerTransfer(_b, _c);
        stream.Next(1);

        PeerTransfer.Run(_a, _c);
        Assert.Equal("B1", _c.Get("k"));
        stream.Finish();

        Assert.Equal(1, stream.Result.Deleted);
        Assert.True(_c.HasForgotten("k"));
        Assert.Equal("stays", _c.Get("z"));
    }

    [Fact]
    public void T12c_KeyWithoutRecord_RumorBeginsAfterItsWrite()
    {
        var a1 = _a.Put("other", "still here");
        var a2 = _a.Put("k", "A2");
        PeerTransfer.Sync(_a, _b);
        _b.Delete("k");
        var b5 = _b.Put("other", "overwritten by B");
        PeerTransfer.Sync(_a, _b);
        var a6 = _a.Put("other2", "A6");
        Assert.Equal(1, _a.Purge(_b));

        var block = new RecordBlockWriter();
        var from = Rumor(_a, 0, block, (a1, "other"), (a2, "k"), (a6, "other2"));
        _c.Port.Apply(Ns, block.Bytes.Span, cursor: null, new VectorJoin(new VersionVector(), Interval(_a.Id, from, a6.Scalar)));

        Assert.Equal(a2.Scalar, from);
        Assert.False(_c.State.Vector.Covers(a2));
        Assert.True(_c.State.Vector.Covers(a6));
        block.Clear();
        Assert.Equal(0UL, Rumor(_a, 0, block, (a1, "other")));
        _d.Port.Apply(Ns, block.Bytes.Span, cursor: null, join: null);
        Assert.Equal(b5, _d.VersionOf("other").Id);
    }

    [Fact]
    public void T14_WriteOverAPurgedDeletion_IsNoConflictWhereItIsStillHeld()
    {
        _b.Put("k", "B1");
        var b2 = _b.Delete("k");
        PeerTransfer.Sync(_a, _b);
        Assert.Equal(1, _a.Purge(_b));
        _a.Put("k", "A3");

        var result = PeerTransfer.Run(_a, _b);

        Assert.Equal(b2.Scalar, _a.State.PurgeMark);
        Assert.Equal(1, result.Updates[UpdateKind.Skip]);
        Assert.Equal("A3", _b.Get("k"));
        Assert.Empty(_b.Store.Conflicts());
        _a.Put("k", "A4");
        Assert.Equal(1, PeerTransfer.Run(_a, _b).Updates[UpdateKind.Linear]);
    }

    // Never a live record: that is a fork, whatever its scalar.
    [Fact]
    public void T14_WriteOverAPurgedDeletion_AgainstALiveRecord_IsAConflict()
    {
        for (var i = 0; i < 4; i++)
            _b.Put("z", "up");
        _b.Delete("z");
        PeerTransfer.Sync(_a, _b);
        Assert.Equal(1, _a.Purge(_b));
        var d1 = _d.Put("k", "D1");
        Assert.True(d1.Scalar <= _a.State.PurgeMark);
        _a.Put("k", "A");

        var result = PeerTransfer.Run(_a, _d, full: true);

        Assert.Equal(1, result.Updates[UpdateKind.Stomp]);
        Assert.Single(_d.Store.Conflicts());
    }

    private static void Converge(params PurgingReplica[] replicas)
    {
        for (var round = 0; round < 3; round++)
        {
            foreach (var one in replicas)
            {
                foreach (var other in replicas)
                {
                    if (one != other)
                        PeerTransfer.Sync(one, other);
                }
            }
        }

        foreach (var replica in replicas)
            Assert.Equal(replicas[0].Content(), replica.Content());
    }

    private static ulong Rumor(PurgingReplica of, ulong from, RecordBlockWriter block, params (VersionId Version, string Key)[] written)
    {
        using var snapshot = of.Port.CreateSnapshot();
        return snapshot.ReadWritten(Ns, from, [.. written.Select(static write => (write.Version.Scalar, (ReadOnlyMemory<byte>)System.Text.Encoding.UTF8.GetBytes(write.Key)))], block);
    }

    private static VersionVector Interval(ReplicaId origin, ulong from, ulong to)
    {
        var vector = new VersionVector();
        Assert.True(vector.TryCover(origin, from, to));
        return vector;
    }
}
