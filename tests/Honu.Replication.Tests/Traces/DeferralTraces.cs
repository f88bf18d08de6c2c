using Honu.Format;
using Honu.Replication.Tests.Applying;

namespace Honu.Replication.Tests.Traces;

/// <summary>T8 of docs/protocol.md and what belongs to it (R9): records ahead of the clock wait on disk, and so does everything that their stream would have covered.</summary>
public sealed class DeferralTraces : IDisposable
{
    private readonly ScriptedReplica _fast = new(1, VersionClock.Hybrid);
    private readonly ScriptedReplica _slow = new(2, VersionClock.Hybrid);
    private readonly ScriptedReplica _third = new(3, VersionClock.Hybrid);

    public void Dispose()
    {
        _fast.Dispose();
        _slow.Dispose();
        _third.Dispose();
    }

    // l is written in time and deleted two minutes ahead of everybody else's clock: only the deletion travels, and it has to wait.
    private (VersionId Written, VersionId Deleted) WriteAndDeleteAhead()
    {
        var written = _fast.Put("l", "v");
        _fast.Time.Advance(TimeSpan.FromSeconds(120));
        return (written, _fast.Delete("l"));
    }

    [Fact]
    public void T08_DeletionAheadOfTheDriftBound_EarlierWriteIsNotCoveredBeforeIt()
    {
        var (written, deleted) = WriteAndDeleteAhead();
        var clock = _slow.Store.Replication.ClockScalar;

        var session = ScriptedSession.Complete(_slow, _fast);

        Assert.Equal(1, _slow.State.Deferred);
        Assert.False(_slow.Vector.Covers(written), "What the deferred deletion supersedes is covered before it is applied.");
        Assert.True(_slow.State.PendingTarget!.Covers(deleted));
        Assert.True(_slow.VersionOf("l").IsNone);
        Assert.Equal(clock, _slow.Store.Replication.ClockScalar);
        Assert.Equal(1, session.Report!.ObjectsReceived);

        // 120 s ahead with a bound of 60 s: in a minute it is due.
        Assert.InRange(_slow.Store.Replication.ApplyDeferred()!.Value.TotalSeconds, 59, 61);
        _slow.Time.Advance(TimeSpan.FromSeconds(59));
        Assert.NotNull(_slow.Store.Replication.ApplyDeferred());
        Assert.False(_slow.Vector.Covers(written));
        _slow.Time.Advance(TimeSpan.FromSeconds(2));
        Assert.Null(_slow.Store.Replication.ApplyDeferred());

        Assert.Equal(deleted, _slow.VersionOf("l"));
        Assert.Equal(_fast.Vector, _slow.Vector);
        Assert.Equal((0L, 0L), (_slow.State.Deferred, _slow.LooseRecords));
        Assert.Null(_slow.State.PendingTarget);
        Assert.True(_slow.Store.Replication.ClockScalar >= deleted.Scalar);
        Assert.Equal(SyncOutcome.Equal, ScriptedSession.Complete(_slow, _fast).Report!.Outcome);
    }

    [Fact]
    public void T08_RestartInBetween_NothingOfItIsForgotten()
    {
        var (written, deleted) = WriteAndDeleteAhead();
        _fast.Put("m", "in the same stream");
        ScriptedSession.Complete(_slow, _fast);
        _slow.Kill();
        Assert.False(_slow.Vector.Covers(written));
        Assert.Equal(2, _slow.State.Deferred);
        _slow.Store.Dispose();
        _slow.Kill();

        _slow.Time.Advance(TimeSpan.FromSeconds(70));
        _slow.Store.Replication.ApplyDeferred();

        Assert.Equal(deleted, _slow.VersionOf("l"));
        Assert.Equal("in the same stream", _slow.Get("m"));
        Assert.Equal(_fast.Vector, _slow.Vector);
    }

    [Fact]
    public void Stream_OnlyPartlyDeferred_RestIsAppliedAndNothingIsSentAgain()
    {
        var early = _fast.Put("a", "in time");
        WriteAndDeleteAhead();
        ScriptedSession.Complete(_slow, _fast);
        Assert.Equal("in time", _slow.Get("a"));
        Assert.False(_slow.Vector.Covers(early));
        Assert.Equal(1, _slow.LooseRecords);
        _fast.Put("n", "later, and ahead as well");

        var second = ScriptedSession.Complete(_slow, _fast);

        Assert.Equal("n", Assert.Single(second.Records).Key);
        Assert.NotEqual(SyncOutcome.Equal, ScriptedSession.Complete(_slow, _fast).Report!.Outcome);
        Assert.Equal(2, _slow.State.Deferred);
        _slow.Time.Advance(TimeSpan.FromSeconds(61));
        _slow.Store.Replication.ApplyDeferred();
        Assert.Equal(_fast.Vector, _slow.Vector);
        Assert.Equal("later, and ahead as well", _slow.Get("n"));
    }

    // The stream breaks after the deferred record and goes on in another session, after a restart: its target has to wait all the same.
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Stream_BrokenAfterADeferredRecord_ResumedTargetWaits(bool isOverwrittenMeanwhile)
    {
        var z = _third.Put("z", "third");
        ScriptedSession.Complete(_fast, _third);
        var (written, _) = WriteAndDeleteAhead();
        ScriptedSession.Run(_slow, _fast, cutSender: _fast, cutAfterRecords: 1);
        Assert.Equal((1L, 0L), (_slow.State.Deferred, _slow.LooseRecords));
        Assert.Null(_slow.State.PendingTarget);
        _slow.Kill();
        if (isOverwrittenMeanwhile)
            _fast.Put("l", "again");

        ScriptedSession.Complete(_slow, _fast);

        Assert.Equal("third", _slow.Get("z"));
        Assert.False(_slow.Vector.Covers(z));
        Assert.False(_slow.Vector.Covers(written));
        _slow.Time.Advance(TimeSpan.FromSeconds(70));
        _slow.Store.Replication.ApplyDeferred();
        Assert.Equal(_fast.Vector, _slow.Vector);
        Assert.Equal(isOverwrittenMeanwhile ? "again" : null, _slow.Get("l"));
    }

    // A peer with a right clock must not have to wait for one with a wrong one.
    [Fact]
    public void StreamOfAnotherPeer_WhileSomethingWaits_IsJoinedAtOnce()
    {
        WriteAndDeleteAhead();
        ScriptedSession.Complete(_slow, _fast);
        var third = _third.Put("t", "v");

        ScriptedSession.Complete(_slow, _third);

        Assert.True(_slow.Vector.Covers(third));
        Assert.Equal(1, _slow.State.Deferred);
    }

    // What is pending is nobody's to be told: the third replica must not believe that it has what the second only keeps.
    [Fact]
    public void PendingTarget_IsNeitherRelayedNorSummarized()
    {
        var (written, _) = WriteAndDeleteAhead();
        ScriptedSession.Complete(_slow, _fast);

        ScriptedSession.Complete(_third, _slow);

        Assert.False(_third.Vector.Covers(written));
        Assert.NotEqual(_fast.Store.Replication.Summaries()[ScriptedReplica.Ns], _slow.Store.Replication.Summaries().GetValueOrDefault(ScriptedReplica.Ns));
    }

    // The power takes the row of the record and keeps that of the target (no prefix, as in T10).
    [Fact]
    public void PowerLoss_TakesDeferredRecordAndKeepsItsTarget_TargetDoesNotCount()
    {
        _slow.Put("own", "v");
        _slow.Store.Replication.Barrier();
        var (written, deleted) = WriteAndDeleteAhead();
        _fast.Time.Advance(TimeSpan.FromSeconds(1));
        _fast.Put("m", "v");
        ScriptedSession.Complete(_slow, _fast);
        var last = _slow.Disk.UnsyncedBatches - 1;

        _slow.LosePower(batch => batch == last);

        Assert.Null(_slow.State.PendingTarget);
        _slow.Time.Advance(TimeSpan.FromSeconds(70));
        _slow.Store.Replication.ApplyDeferred();
        Assert.False(_slow.Vector.Covers(written));
        ScriptedSession.Complete(_slow, _fast);
        Assert.Equal(deleted, _slow.VersionOf("l"));
        Assert.True(_slow.Vector.Dominates(_fast.Vector));
    }

    [Fact]
    public void Join_TargetAloneAheadOfTheClock_WaitsAndTheClockStays()
    {
        var target = new VersionVector();
        target.Advance(new ReplicaId(9, 0), ((ulong)_slow.Time.GetUtcNow().ToUnixTimeMilliseconds() << 16) + (90_000UL << 16));
        var clock = _slow.Store.Replication.ClockScalar;

        var result = _slow.Store.Replication.Apply(ScriptedReplica.Ns, [], cursor: null, new VectorJoin(new VersionVector(), target));

        Assert.Equal((false, true), (result.Joined, result.JoinIsPending));
        Assert.Equal(clock, _slow.Store.Replication.ClockScalar);
        Assert.Equal(0, _slow.Vector.Count);
        _slow.Time.Advance(TimeSpan.FromSeconds(31));
        Assert.Null(_slow.Store.Replication.ApplyDeferred());
        Assert.True(_slow.Vector.Dominates(target));
        Assert.True(_slow.Put("k", "v").Scalar > target.GreatestScalar());
    }

    // R1 and the order of versions count at the time at which the record is applied, not at the time at which it came.
    [Fact]
    public void DueRecord_CoveredMeanwhile_ChangesNothing()
    {
        using var store = HonuStore.OpenInMemory(new HonuStoreOptions { MaintenanceInterval = Timeout.InfiniteTimeSpan, Environment = new StoreEnvironment { Time = _slow.Time } });
        var (ahead, origin) = (Ahead(90), new ReplicaId(9, 0));
        var target = new VersionVector();
        target.Advance(origin, ahead);
        var deferred = RecordBuilder.Block(new RecordBuilder("k").At(ahead, 9).Saying("late"));
        Assert.Equal(1, store.Replication.Apply(ScriptedReplica.Ns, deferred, new StreamCursor(origin, default, target, new VersionId(ahead, origin)), join: null).Deferred);
        _slow.Time.Advance(TimeSpan.FromSeconds(31));
        Assert.True(store.Replication.Apply(ScriptedReplica.Ns, [], new StreamCursor(_third.Id, default, target, default), new VectorJoin(new VersionVector(), target)).Joined);

        Assert.Null(store.Replication.ApplyDeferred());

        Assert.Null(store.Get("k"u8));
        Assert.Equal(0, store.Replication.State(ScriptedReplica.Ns).Deferred);
    }

    // A base that is covered no more: the store forgot its own writes, and the target builds on them.
    [Fact]
    public void PendingTarget_BaseNoLongerCovered_IsDropped()
    {
        var own = _slow.Put("own", "v");
        var @base = _slow.Vector;
        var target = _slow.Vector;
        target.Advance(new ReplicaId(9, 0), Ahead(90));
        Assert.True(_slow.Store.Replication.Apply(ScriptedReplica.Ns, [], cursor: null, new VectorJoin(@base, target)).JoinIsPending);
        var claimed = _slow.Vector;
        claimed.Advance(_slow.Id, own.Scalar + 5);
        Assert.True(_slow.Store.Replication.BeginNewEpochIfSetBack(ScriptedReplica.Ns, claimed));
        Assert.Null(_slow.State.PendingTarget);
        _slow.Time.Advance(TimeSpan.FromSeconds(31));

        Assert.Null(_slow.Store.Replication.ApplyDeferred());

        Assert.Equal(0UL, _slow.Vector.HighMark(new ReplicaId(9, 0)));
    }

    // A rumor's stream has no base and no cursor.
    [Fact]
    public void ManyPendingTargets_BeyondTheLimit_AreMergedAndAllCovered()
    {
        var origin = new ReplicaId(9, 0);
        var last = new VersionVector();
        for (var i = 1; i <= 100; i++)
        {
            var target = new VersionVector();
            target.Advance(origin, Ahead(90 + i));
            var result = _slow.Store.Replication.Apply(ScriptedReplica.Ns, RecordBuilder.Block(new RecordBuilder($"k{i}").At(Ahead(90 + i), 9)), cursor: null, new VectorJoin(last, target));
            Assert.True(result.JoinIsPending);
            last = target;
        }

        _slow.Kill();
        _slow.Time.Advance(TimeSpan.FromSeconds(40));
        _slow.Store.Replication.ApplyDeferred();
        Assert.Equal(Ahead(100 - 40), _slow.Vector.HighMark(origin));
        _slow.Time.Advance(TimeSpan.FromSeconds(100));
        Assert.Null(_slow.Store.Replication.ApplyDeferred());

        Assert.True(_slow.Vector.Dominates(last));
        Assert.Equal((0L, 0L), (_slow.LooseRecords, _slow.State.Deferred));
    }

    [Fact]
    public void DeferredRecords_TooMany_AreRefusedAsDriftAndNothingChanges()
    {
        var records = Enumerable.Range(0, 10_001).Select(i => new RecordBuilder($"k{i}").At(Ahead(90) + (ulong)i, 9)).ToArray();
        var before = _slow.Disk.Fingerprint();

        var error = Assert.Throws<HonuException>(() => _slow.Store.Replication.Apply(ScriptedReplica.Ns, RecordBuilder.Block(records), cursor: null, join: null));

        Assert.Equal(HonuErrorCode.ClockDrift, error.Code);
        Assert.Equal(before, _slow.Disk.Fingerprint());
        Assert.Equal(10_000, _slow.Store.Replication.Apply(ScriptedReplica.Ns, RecordBuilder.Block(records[..10_000]), cursor: null, join: null).Deferred);
        _slow.Time.Advance(TimeSpan.FromSeconds(31));
        _slow.Store.Replication.ApplyDeferred();
        Assert.Equal(10_000, _slow.LooseRecords);
    }

    [Fact]
    public void Maintenance_AppliesWhatIsDue()
    {
        WriteAndDeleteAhead();
        ScriptedSession.Complete(_slow, _fast);
        _slow.Time.Advance(TimeSpan.FromSeconds(61));

        while (_slow.Store.RunMaintenance())
        {
        }

        Assert.Equal(_fast.Vector, _slow.Vector);
    }

    [Fact]
    public void DropNamespace_WhileSomethingWaits_ForgetsIt()
    {
        WriteAndDeleteAhead();
        ScriptedSession.Complete(_slow, _fast);

        _slow.Store.DropNamespace(ScriptedReplica.Ns);

        Assert.Null(_slow.Store.Replication.ApplyDeferred());
        _slow.Kill();
        _slow.Time.Advance(TimeSpan.FromSeconds(61));
        Assert.Null(_slow.Store.Replication.ApplyDeferred());
        Assert.Equal(0, _slow.Vector.Count);
    }

    [Fact]
    public void LamportStore_NothingIsEverDeferred()
    {
        using var counting = new ScriptedReplica(4);

        var result = counting.Store.Replication.Apply(ScriptedReplica.Ns, RecordBuilder.Block(new RecordBuilder("k").At(1UL << 40, 9)), cursor: null, join: null);

        Assert.Equal(0, result.Deferred);
        Assert.Equal("v", counting.Get("k"));
    }

    [Fact]
    public void LamportStore_CounterNearItsEnd_IsMalformedAndWritesGoOn()
    {
        using var counting = new ScriptedReplica(4);

        var error = Assert.Throws<HonuException>(() => counting.Store.Replication.Apply(ScriptedReplica.Ns, RecordBuilder.Block(new RecordBuilder("k").At(StoreLimits.MaxScalar, 9)), cursor: null, join: null));

        Assert.Equal(HonuErrorCode.MalformedRecord, error.Code);
        counting.Put("k", "own");
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Verify_RowsThatWait_AreKnownAndTheirDamageIsFound(bool isDamaged)
    {
        WriteAndDeleteAhead();
        ScriptedSession.Complete(_slow, _fast);
        if (isDamaged)
            Damage(_slow, KeySpaces.Deferred);

        var report = _slow.Store.Verify();

        Assert.Equal(0, report.UnknownEntries);
        Assert.Equal(isDamaged, report.ProblemCount > 0);
    }

    // A damaged row counts as never received: the store opens, and the sender is asked again.
    [Fact]
    public void Open_DamagedDeferredRecord_IsReceivedAgain()
    {
        var (written, deleted) = WriteAndDeleteAhead();
        ScriptedSession.Complete(_slow, _fast);
        Damage(_slow, KeySpaces.Deferred);

        _slow.Kill();

        Assert.Equal(0, _slow.State.Deferred);
        _slow.Time.Advance(TimeSpan.FromSeconds(61));
        _slow.Store.Replication.ApplyDeferred();
        Assert.False(_slow.Vector.Covers(written));
        ScriptedSession.Complete(_slow, _fast);
        Assert.Equal(deleted, _slow.VersionOf("l"));
    }

    private static void Damage(ScriptedReplica replica, byte space)
    {
        using var engine = replica.Disk.OpenRaw();
        using var batch = engine.CreateBatch();
        using var rows = engine.CreateIterator();
        rows.Seek([space]);
        var value = rows.Value.ToArray();
        value[^1] ^= 1;
        batch.Put(rows.Key, value);
        engine.Write(batch, sync: true);
    }

    private ulong Ahead(int seconds) => ((ulong)_slow.Time.GetUtcNow().ToUnixTimeMilliseconds() << 16) + ((ulong)seconds * 1000 << 16);
}
