namespace Honu.Replication.Tests.Traces;

/// <summary>Stores that were set back to an earlier state, copied, or created anew under a pid that was used before: none may claim or reuse what another has written.</summary>
public sealed class SetBackAndCopiedTests : IDisposable
{
    private readonly ScriptedReplica _a = new(1);

    public void Dispose() => _a.Dispose();

    [Fact]
    public void T07_RestoredBackupThatWritesAgain_GetsItsLostWriteBack()
    {
        using var c = new ScriptedReplica(3);
        c.Put("x", "0");
        c.Store.Dispose();
        var backup = c.Disk.Copy();
        c.Kill();
        c.Put("k", "acknowledged");
        ScriptedSession.Complete(c, _a);

        using var restored = new ScriptedReplica(3, disk: backup);
        restored.Put("y", "1");
        restored.Put("z", "1");
        ScriptedSession.Complete(restored, _a);

        Assert.NotEqual(c.Id, restored.Id);
        Assert.Equal("acknowledged", restored.Get("k"));
        Assert.Equal("1", _a.Get("z"));
    }

    [Fact]
    public void T07_StoreSetBackInPlace_TakesANewEpochWhenAPeerKnowsMore()
    {
        // Nothing on the disk tells that it was set back: only the peer's vector does.
        using var c = new ScriptedReplica(3);
        c.Store.Replication.Barrier();
        var k = c.Put("k", "lost");
        c.Store.Replication.Barrier();
        ScriptedSession.Complete(c, _a);
        var before = c.Id;
        using var blank = new ScriptedReplica(4);
        Assert.False(blank.Store.Replication.BeginNewEpochIfSetBack("default", _a.Vector));

        var claimed = c.Vector;
        claimed.Advance(c.Id, k.Scalar + 10);
        Assert.True(c.Store.Replication.BeginNewEpochIfSetBack("default", claimed));

        Assert.NotEqual(before, c.Id);
        Assert.False(c.Vector.Covers(k));
        ScriptedSession.Complete(c, _a);
        Assert.True(c.Vector.Covers(k));
        Assert.Equal("lost", c.Get("k"));
    }

    [Fact]
    public void T07_PowerLossAfterTheNewEpoch_DoesNotClaimTheOldOneAgain()
    {
        using var c = new ScriptedReplica(3);
        var k = c.Put("k", "lost");
        c.Store.Replication.Barrier();
        var claimed = c.Vector;
        claimed.Advance(c.Id, k.Scalar + 10);
        Assert.True(c.Store.Replication.BeginNewEpochIfSetBack("default", claimed));

        c.LosePower();

        Assert.False(c.Vector.Covers(k), "The last barrier's row has brought the old epoch back: what is missing of it would never be asked for.");
    }

    [Fact]
    public void T11_TwoCopiesOfABackup_NeverMakeOneVersionTwice()
    {
        using var origin = new ScriptedReplica(3);
        origin.Put("x", "0");
        origin.Store.Dispose();

        using var one = new ScriptedReplica(3, disk: origin.Disk.Copy());
        using var two = new ScriptedReplica(3, disk: origin.Disk.Copy());

        Assert.NotEqual(one.Put("k", "1"), two.Put("k", "2"));
    }

    [Fact]
    public void Hello_NewStoreUnderAPidThatAnotherStoreUsed_IsRefused()
    {
        using (var first = new ScriptedReplica(3))
        {
            first.Put("k", "v");
            ScriptedSession.Complete(first, _a);
        }

        using var second = new ScriptedReplica(3);
        second.Put("l", "v");

        Assert.Equal(SyncOutcome.Refused, ScriptedSession.Run(second, _a).Report!.Outcome);
        Assert.Null(_a.Get("l"));
    }

    [Fact]
    public void PowerLoss_Twice_OwnWritesOfTheFirstEpochAreCovered()
    {
        using var b = new ScriptedReplica(2);
        var old = b.Put("k", "v");

        b.LosePower(static _ => true);
        b.LosePower(static _ => true);

        Assert.True(b.Vector.Covers(old));
        Assert.Equal(0, b.LooseRecords);
    }

    [Fact]
    public void PowerLoss_NamespaceThatWasJustCreated_KeepsItsName()
    {
        using var b = new ScriptedReplica(2);
        b.Store.Namespace("secret").Put("k"u8, "s"u8);
        b.Store.Namespace("secret").Put("l"u8, "s"u8);
        var last = b.Disk.UnsyncedBatches - 1;

        b.LosePower(i => i == last);
        b.Store.Namespace("public").Put("x"u8, "p"u8);

        Assert.Null(b.Store.Namespace("public").Get("l"u8));
        Assert.Equal("s"u8.ToArray(), b.Store.Namespace("secret").Get("l"u8));
    }
}
