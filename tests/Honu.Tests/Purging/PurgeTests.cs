using System.Text;
using Honu.Format;
using Honu.TestKit;

namespace Honu.Tests.Purging;

/// <summary>What a purge takes away and what it leaves, and what the end of a full stream does, one condition at a time.</summary>
public sealed class PurgeTests : IDisposable
{
    private const string Ns = PurgingReplica.Ns;

    private readonly PurgingReplica _a = new(1);
    private readonly PurgingReplica _b = new(2);

    public void Dispose()
    {
        _a.Dispose();
        _b.Dispose();
    }

    [Fact]
    public void Purge_DeletedKey_LeavesNoRowOfIt()
    {
        _a.Put("k", "1");
        _a.Put("k", "2");
        _a.Put("other", "stays");
        var deleted = _a.Delete("k");

        var result = _a.Port.Purge(Ns, [], 100);

        Assert.Equal(new PurgeResult(1, 0, HasMore: false), result);
        Assert.True(_a.HasForgotten("k"));
        Assert.Equal(deleted.Scalar, _a.State.PurgeMark);
        Assert.Equal(deleted.Scalar, _a.State.Frontier.HighMark(_a.Id));
        var report = _a.Store.Verify();
        Assert.Equal((1, 0), (report.CurrentRecords, report.HistoryRecords));
        Assert.True(report.IsHealthy);
    }

    [Fact]
    public void Purge_LastOwnWrite_StaysCoveredAfterAKill()
    {
        _a.Put("k", "1");
        var deleted = _a.Delete("k");
        Assert.Equal(1, _a.Purge());

        _a.Kill();

        Assert.Equal(deleted.Scalar, _a.State.Vector.HighMark(_a.Id));
        Assert.Equal(deleted.Scalar, _a.State.Frontier.HighMark(_a.Id));
        Assert.Equal(deleted.Scalar, _a.State.PurgeMark);
        Assert.True(_a.Put("k", "again").Scalar > deleted.Scalar);
    }

    [Fact]
    public void Purge_MemberThatHasNotAcknowledged_Blocks()
    {
        _a.Put("k", "1");
        _a.Delete("k");

        Assert.Equal(0, _a.PurgeFor(new VersionVector()));
        Assert.Equal(0, _a.Purge(_b));
        Assert.Equal(1, _a.State.Tombstones);
        PeerTransfer.Run(_a, _b);
        Assert.Equal(0, _a.PurgeFor(_b.Acknowledge(), new VersionVector()));
        Assert.Equal(1, _a.Purge(_b));
        Assert.Equal(0, _a.State.Tombstones);
    }

    // R6: what the member has, we must have as well: it may be an old live record of the very key.
    [Fact]
    public void Purge_MemberKnowsMoreThanWeDo_Blocks()
    {
        _a.Put("k", "1");
        _a.Delete("k");
        PeerTransfer.Run(_a, _b);
        _b.Put("other", "unknown to A");

        Assert.Equal(0, _a.Purge(_b));
        PeerTransfer.Run(_b, _a);
        Assert.Equal(1, _a.Purge(_b));
    }

    [Fact]
    public void Purge_LooseDeletion_Stays()
    {
        _b.Put("k", "1");
        _b.Put("a", "1");
        _b.Delete("k");
        _b.Delete("a");
        using (var broken = new PeerTransfer(_b, _a))
            broken.Next(1);
        Assert.Equal(1, _a.State.LooseRecords);

        Assert.Equal(0, _a.Purge());
        PeerTransfer.Run(_b, _a);
        Assert.Equal(2, _a.Purge());
    }

    [Fact]
    public void Purge_InSteps_SaysThatThereIsMore()
    {
        for (var i = 0; i < 1000; i++)
            _a.Put($"k{i}", "v");
        for (var i = 0; i < 1000; i++)
            _a.Delete($"k{i}");

        var first = _a.Port.Purge(Ns, [], 300);

        Assert.Equal(new PurgeResult(300, 700, HasMore: true), first);
        Assert.Equal(700, _a.Purge());
        Assert.Equal(new PurgeResult(0, 0, HasMore: false), _a.Port.Purge(Ns, [], 300));
    }

    [Fact]
    public void Purge_NothingToDo_ReadsAndWritesNothing()
    {
        _a.Put("k", "v");
        _a.Put("l", "v");
        _a.Delete("l");
        Assert.Equal(0, _a.PurgeFor(new VersionVector()));
        var writes = _a.Disk.Writes;
        _a.Disk.FailsReads = true;

        var result = _a.Port.Purge(Ns, [new VersionVector()], 100);

        _a.Disk.FailsReads = false;
        Assert.Equal(new PurgeResult(0, 1, HasMore: false), result);
        Assert.Equal(writes, _a.Disk.Writes);
    }

    [Fact]
    public void Purge_KeyWrittenAgain_StaysLive()
    {
        _a.Put("k", "1");
        _a.Delete("k");
        _a.Put("k", "2");

        Assert.Equal(0, _a.Purge());
        Assert.Equal("2", _a.Get("k"));
        Assert.Equal(0, _a.State.Tombstones);
    }

    [Fact]
    public void Purge_ExpiredObject_CountsAsDeleted()
    {
        using var store = new PurgingReplica(7, static options => options with { Clock = VersionClock.Hybrid });
        store.Store.Put("k"u8, "v"u8, new WriteOptions { TimeToLive = TimeSpan.FromSeconds(5) });
        store.Store.Put("l"u8, "v"u8);
        Assert.Equal(0, store.Purge());
        store.Time.Advance(TimeSpan.FromSeconds(6));

        store.Store.RunMaintenance();

        Assert.Equal(1, store.Purge());
        Assert.True(store.HasForgotten("k"));
        Assert.Equal("v", store.Get("l"));
    }

    [Fact]
    public void Purge_IsNotDurableBeforeItsVector()
    {
        _b.Put("k", "old");
        PeerTransfer.Run(_b, _a);
        _b.Delete("k");
        PeerTransfer.Run(_b, _a);

        Assert.Equal(1, _a.Purge());
        var last = _a.Disk.UnsyncedBatches - 1;
        _a.LosePower(survives: batch => batch == last);

        Assert.True(_a.State.Vector.Dominates(_a.State.Frontier), $"{_a.State.Frontier} was purged, but {_a.State.Vector} does not cover it.");
    }

    // The frontier was joined, and the power loss took the vector back: what comes now may have been deleted for good.
    [Fact]
    public void PowerLossAfterAReconcile_WhatWasDeletedDoesNotComeBackAsNew()
    {
        using var outdated = new PurgingReplica(3);
        _a.Put("k", "old");
        PeerTransfer.Run(_a, _b);
        PeerTransfer.Run(_a, outdated);
        _a.Delete("k");
        _a.Purge();
        PeerTransfer.Run(_a, _b);
        _b.LosePower(survives: static _ => true);
        Assert.False(_b.State.Vector.Dominates(_b.State.Frontier));

        var result = PeerTransfer.Run(outdated, _b);
        PeerTransfer.Run(_b, outdated);
        PeerTransfer.Run(_a, _b);
        PeerTransfer.Run(_b, outdated);

        Assert.Equal(0, result.Updates[UpdateKind.Reissued]);
        Assert.Null(_b.Get("k"));
        Assert.Null(outdated.Get("k"));
    }

    // Our own mark says nothing of what the sender does not know.
    [Fact]
    public void FullStream_OwnPurgeMarkIsGreater_OldRecordsStayAsTheyAre()
    {
        _a.Put("first", "v");
        _a.Put("first", "v");
        var old = _a.Put("old", "v");
        _a.Put("k", "v");
        _a.Delete("k");
        _a.Purge();
        _b.Put("l", "v");
        _b.Delete("l");
        _b.Purge();
        Assert.True(_b.State.PurgeMark < _a.State.PurgeMark);
        _a.Put("up", "v");

        var result = PeerTransfer.Run(_b, _a);

        Assert.True(result.Joined);
        Assert.Equal(old, _a.VersionOf("old").Id);
        Assert.Equal("v", _a.Get("old"));
        Assert.Equal("v", _a.Get("up"));
    }

    [Fact]
    public void FullStream_MoreThanTheLimitIsDeleted_WaitsForTheOperator()
    {
        using var strict = new PurgingReplica(7, static options => options with { ReconcileLimitObjects = 2, ReconcileLimitFraction = 0.5 });
        for (var i = 0; i < 4; i++)
            _a.Put($"k{i}", "v");
        PeerTransfer.Run(_a, strict);
        for (var i = 0; i < 3; i++)
            _a.Delete($"k{i}");
        _a.Purge();
        var before = strict.State;

        var refusal = Assert.Throws<HonuException>(() => PeerTransfer.Run(_a, strict));

        Assert.Equal(HonuErrorCode.ReconcileLimit, refusal.Code);
        Assert.Equal(4, strict.Content().Count);
        Assert.Equal(before.Vector, strict.State.Vector);
        Assert.Equal(before.Frontier, strict.State.Frontier);
        Assert.False(strict.Port.AllowReconcile("another"));
        Assert.Throws<HonuException>(() => PeerTransfer.Run(_a, strict));
        Assert.True(strict.Port.AllowReconcile(Ns));
        Assert.Equal(3, PeerTransfer.Run(_a, strict).Deleted);
        Assert.Single(strict.Content());
    }

    // A kill between two chunks, and between the last chunk and the join of a refused end.
    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public void FullStream_KilledInTheMiddle_GoesOnAndLeavesNothingBehind(int received)
    {
        for (var i = 0; i < 6; i++)
            _a.Put($"k{i}", "v");
        PeerTransfer.Run(_a, _b);
        var own = _b.Put("own", "of B");
        _a.Delete("k1");
        _a.Delete("k4");
        _a.Purge();
        using (var broken = new PeerTransfer(_a, _b))
            broken.Next(received);
        _b.Kill();
        _a.Put("k0", "changed meanwhile");
        _a.Put("new", "v");

        using var resumed = new PeerTransfer(_a, _b);
        resumed.Finish();

        Assert.True(resumed.Result.Joined);
        Assert.Equal(2, resumed.Result.Deleted);
        Assert.Equal(own.Replica, _b.VersionOf("own").Id.Replica);
        Assert.Equal("changed meanwhile", _b.Get("k0"));
        Assert.True(resumed.Sent < 6 + 2, $"{resumed.Sent} records came, as in a stream from the beginning.");
        _b.Store.RunMaintenance();
        Assert.Null(_b.Port.FindCursor(Ns, _a.Id));
        Assert.DoesNotContain((byte)'R', Spaces(_b));
        _b.AssertHealthy();
    }

    // What was staged before speaks of keys that the sender has forgotten since.
    [Fact]
    public void FullStream_SenderPurgedMoreMeanwhile_BeginsAnew()
    {
        for (var i = 0; i < 6; i++)
            _a.Put($"k{i}", "v");
        PeerTransfer.Run(_a, _b);
        _a.Delete("k4");
        _a.Purge();
        using (var broken = new PeerTransfer(_a, _b))
            broken.Next(3);
        _a.Delete("k1");
        _a.Purge();

        var result = PeerTransfer.Run(_a, _b);

        Assert.True(result.Joined);
        Assert.True(_b.HasForgotten("k1"));
        Assert.Equal(_a.Content(), _b.Content());
        _b.Store.RunMaintenance();
        Assert.DoesNotContain((byte)'R', Spaces(_b));
    }

    [Fact]
    public void FullStream_IntoAnEmptyNamespace_StagesNothing()
    {
        for (var i = 0; i < 4; i++)
            _a.Put($"k{i}", "v");
        _a.Delete("k0");
        _a.Purge();
        using var stream = new PeerTransfer(_a, _b, full: true);

        stream.Next(2);

        Assert.True(_b.Port.FindCursor(Ns, _a.Id)!.WasEmpty);
        Assert.Equal(1, Spaces(_b).Count(static space => space == (byte)'R'));
        stream.Finish();
        Assert.True(stream.Result.Joined);
        Assert.Equal(_a.State.Vector, _b.State.Vector);
        Assert.DoesNotContain((byte)'R', Spaces(_b));
    }

    [Fact]
    public void FullStream_IntoAnEmptyNamespace_RecordFromElsewhereBreaksIt()
    {
        using var other = new PurgingReplica(3);
        _a.Put("k", "old");
        _a.Put("z1", "v");
        _a.Put("z2", "v");
        PeerTransfer.Run(_a, other);
        _a.Delete("k");
        _a.Purge();
        using var stream = new PeerTransfer(_a, _b);
        stream.Next(1);
        PeerTransfer.Run(other, _b);

        stream.Finish();

        Assert.False(stream.Result.Joined);
        var second = PeerTransfer.Run(_a, _b);
        Assert.True(second.Joined);
        Assert.Equal(1, second.Deleted);
        Assert.True(_b.HasForgotten("k"));
    }

    // R7: the sender holds an earlier version than ours that it knows to be deleted: an outsider's deletion came after its purge.
    [Fact]
    public void FullStream_SenderHoldsAnEarlierRecord_ItIsTaken()
    {
        using var outsider = new PurgingReplica(3);
        outsider.Put("k", "C1");
        var c2 = outsider.Delete("k");
        _a.Put("x", "1");
        _a.Put("x", "2");
        _a.Put("x", "3");
        var a4 = _a.Put("k", "A4");
        PeerTransfer.Run(_a, _b);
        _b.Put("k", "A4, then B");
        PeerTransfer.Run(_b, _a);
        _a.Delete("k");
        _a.Purge();
        PeerTransfer.Run(outsider, _a);
        Assert.Equal(c2, _a.VersionOf("k").Id);
        Assert.True(c2.Scalar < a4.Scalar);

        var result = PeerTransfer.Run(_a, _b);

        Assert.True(result.Joined);
        Assert.Equal(c2, _b.VersionOf("k").Id);
        Assert.Null(_b.Get("k"));
        _b.AssertHealthy();
    }

    [Fact]
    public void FullStream_FrontierWasNotTold_CountsAsIfEverythingWerePurged()
    {
        _a.Put("k", "v");
        var target = _a.State.Vector;
        var block = new RecordBlockWriter();
        using (var snapshot = _a.Port.CreateSnapshot())
            snapshot.ReadAll(Ns, default, block, int.MaxValue, int.MaxValue);
        var cursor = new StreamCursor(_a.Id, _a.Store.Identity.Incarnation, target, default) { IsFull = true };

        var result = _b.Port.Apply(Ns, block.Bytes.Span, cursor, new VectorJoin(new VersionVector(), target) { IsFull = true });

        Assert.True(result.Joined);
        Assert.Equal(target, _b.State.Frontier);
    }

    [Fact]
    public async Task FullStream_LiveObjectGoes_WatcherIsTold()
    {
        _a.Put("k", "v");
        _a.Put("l", "v");
        PeerTransfer.Run(_a, _b);
        _a.Delete("k");
        _a.Purge();
        using var stop = new CancellationTokenSource(Guard.DefaultTimeout);
        var changes = _b.Store.WatchAsync(cancellationToken: stop.Token).GetAsyncEnumerator(stop.Token);
        var next = changes.MoveNextAsync().AsTask();

        PeerTransfer.Run(_a, _b);

        Assert.True(await Guard.Within(next));
        Assert.Equal("k", Encoding.UTF8.GetString(changes.Current.Key.Span));
        Assert.True(changes.Current.Version.IsDeleted);
        await changes.DisposeAsync();
    }

    [Fact]
    public async Task Watch_TokenFromBeforeAPurge_StartsOver()
    {
        _a.Put("k", "v");
        _a.Put("l", "v");
        var before = _a.Store.GetWatchToken();
        _a.Delete("k");
        var behind = _a.Store.GetWatchToken();
        _a.Purge();

        var missed = await Read(before);
        var seen = await Read(behind);

        Assert.Equal("l", Encoding.UTF8.GetString(Assert.Single(missed).Key.Span));
        Assert.True(missed[0].StartsOver);
        Assert.Empty(seen);
    }

    [Fact]
    public void DroppedNamespace_TakesItsFrontierAlong()
    {
        _a.Put("k", "v");
        _a.Delete("k");
        _a.Purge();

        _a.Store.DropNamespace(Ns);
        _a.Store.RunMaintenance();

        Assert.Equal(0, _a.State.Frontier.Count);
        Assert.DoesNotContain((byte)'F', Spaces(_a));
    }

    private async Task<List<HonuChange>> Read(WatchToken token)
    {
        using var stop = new CancellationTokenSource(Guard.DefaultTimeout);
        var changes = new List<HonuChange>();
        await foreach (var change in _a.Store.WatchAsync(new WatchOptions { Token = token, EndWhenCaughtUp = true }, stop.Token))
            changes.Add(change);
        return changes;
    }

    // The first bytes of all engine keys.
    private static List<byte> Spaces(PurgingReplica replica)
    {
        using var engine = replica.Disk.Open("memory", new HonuStoreOptions());
        using var entries = engine.CreateIterator();
        var spaces = new List<byte>();
        for (entries.Seek([]); entries.IsValid; entries.Next())
            spaces.Add(entries.Key[0]);
        replica.Kill();
        return spaces;
    }
}
