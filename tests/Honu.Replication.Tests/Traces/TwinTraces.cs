using Honu.TestKit;

namespace Honu.Replication.Tests.Traces;

/// <summary>T11 and what belongs to it (R12): copies of a directory, backups that are put back, and two processes that write under one name. Real directories, real LevelDB.</summary>
public sealed class TwinTraces : IDisposable
{
    private readonly TestDirectory _directory = new();
    private readonly ScriptedReplica _other = new(9, VersionClock.Hybrid);

    public void Dispose()
    {
        _other.Dispose();
        _directory.Dispose();
    }

    [Fact]
    public void CopyOfAClosedDirectory_AsASecondReplica_BothConvergeAndNoVersionIsMadeTwice()
    {
        using var origin = Open("data");
        origin.Put("k", "before");
        ScriptedSession.Complete(origin, _other);
        origin.Store.Dispose();
        Copy("data", "copy");
        origin.Kill();

        using var copy = Open("copy");
        var versions = new[] { origin.Put("k", "origin"), copy.Put("k", "copy"), origin.Put("only origin", "1"), copy.Put("only copy", "2") };

        Assert.Equal(4, versions.Distinct().Count());
        Assert.NotEqual(origin.Id, copy.Id);
        Assert.Equal(origin.Id.Pid, copy.Id.Pid);
        Assert.Equal(origin.Store.Identity.StoreId, copy.Store.Identity.StoreId);
        AssertConverge(origin, copy, _other);
        Assert.Equal("2", origin.Get("only copy"));
        Assert.Equal("1", copy.Get("only origin"));
        Assert.Contains(new[] { origin, copy }, static replica => replica.HasConflict("k"));
    }

    [Fact]
    public void CopyWithAnotherPid_IsAStoreOfItsOwn()
    {
        using var origin = Open("data");
        origin.Put("k", "before");
        origin.Store.Dispose();
        Copy("data", "copy");
        origin.Kill();

        using var copy = Open("copy", pid: 4);
        copy.Put("l", "copy");

        Assert.Equal(4U, copy.Id.Pid);
        Assert.NotEqual(origin.Store.Identity.StoreId, copy.Store.Identity.StoreId);
        Assert.Equal(origin.Store.Identity.StoreId, copy.Store.Replication.FindStore(3));
        AssertConverge(origin, copy, _other);
        Assert.Equal("copy", origin.Get("l"));
        Assert.Equal("before", copy.Get("k"));

        // It is no copy any more: another number is refused, as for any store.
        copy.Store.Dispose();
        Assert.Equal(HonuErrorCode.IdentityMismatch, Assert.Throws<HonuException>(() => Open("copy", pid: 5)).Code);
        copy.Kill();
    }

    [Fact]
    public void BackupRestoredOverANewerState_GetsItsWritesBackAndMakesNoVersionTwice()
    {
        var origin = Open("data");
        origin.Put("k", "in the backup");
        origin.Store.Dispose();
        Copy("data", "backup");
        origin.Kill();
        var lost = origin.Put("k", "acknowledged");
        origin.Put("l", "acknowledged");
        ScriptedSession.Complete(origin, _other);
        origin.Dispose();
        Directory.Delete(_directory.Combine("data"), recursive: true);
        Copy("backup", "data");

        using var restored = Open("data");
        var again = restored.Put("m", "written before it meets anybody");

        Assert.NotEqual(lost.Replica, again.Replica);
        AssertConverge(restored, _other);
        Assert.Equal("acknowledged", restored.Get("k"));
        Assert.Equal("acknowledged", restored.Get("l"));
        Assert.Equal("written before it meets anybody", _other.Get("m"));
    }

    // The directory is set back file by file: its marker keeps its birth, and nothing at the opening tells. A peer's vector does.
    [Fact]
    public void DirectorySetBackInPlace_PeerKnowsMore_GetsItsWritesBack()
    {
        var origin = Open("data");
        origin.Put("k", "in the backup");
        origin.Store.Dispose();
        Copy("data", "backup");
        origin.Kill();
        origin.Put("l", "acknowledged");
        ScriptedSession.Complete(origin, _other);
        var before = origin.Id;
        origin.Dispose();
        foreach (var file in Directory.GetFiles(_directory.Combine("data")).Where(static file => Path.GetFileName(file) != "HONU"))
            File.Delete(file);
        foreach (var file in Directory.GetFiles(_directory.Combine("backup")).Where(static file => Path.GetFileName(file) != "HONU"))
            File.Copy(file, Path.Combine(_directory.Combine("data"), Path.GetFileName(file)));

        using var restored = Open("data");
        Assert.Equal(before, restored.Id);
        ScriptedSession.Run(restored, _other);

        Assert.NotEqual(before, restored.Id);
        AssertConverge(restored, _other);
        Assert.Equal("acknowledged", restored.Get("l"));
    }

    // Nothing tells a clone of a virtual machine: same name, same incarnation. Only that they run at once, when they meet.
    [Fact]
    public void TwoLivingTwins_MeetEachOther_BothKeepWhatTheyWrote()
    {
        var disk = new FaultyDisk();
        using var origin = new ScriptedReplica(3, VersionClock.Hybrid, disk);
        origin.Put("shared", "before");
        origin.Put("gone", "before");
        origin.Store.Dispose();
        using var twin = new ScriptedReplica(3, VersionClock.Hybrid, disk.Clone());
        origin.Kill();
        Assert.Equal(origin.Id, twin.Id);
        Assert.Equal(origin.Store.Identity.Incarnation, twin.Store.Identity.Incarnation);
        Assert.NotEqual(origin.Store.Replication.RunId, twin.Store.Replication.RunId);
        var name = origin.Id;
        var one = origin.Put("k", "one");
        var two = twin.Put("l", "two");
        Assert.Equal(one, two); // one version for two objects: what must not stay
        origin.Put("shared", "one");
        twin.Put("shared", "two");
        twin.Delete("gone");
        ScriptedSession.Complete(_other, origin);

        var met = ScriptedSession.Run(origin, twin);

        Assert.Equal(SyncOutcome.Interrupted, met.Report!.Outcome);
        Assert.Equal(SyncOutcome.Interrupted, met.ResponderReport!.Outcome);
        Assert.Equal(3, new[] { name, origin.Id, twin.Id }.Distinct().Count());
        AssertConverge(origin, twin, _other);
        Assert.Equal("one", _other.Get("k"));
        Assert.Equal("two", _other.Get("l"));
        Assert.Contains(_other.Get("shared"), new[] { "one", "two" });

        // Neither has replaced the other's as if it had known it.
        Assert.Contains(new[] { origin, twin, _other }, static replica => replica.HasConflict("shared"));
        Assert.DoesNotContain(Versions(_other), version => version.Replica == name);
    }

    [Fact]
    public void ReissueEpoch_KilledHalfWay_IsGoneOnFromAtTheNextOpening()
    {
        var disk = new FaultyDisk();
        using var replica = new ScriptedReplica(3, VersionClock.Hybrid, disk);
        for (var i = 0; i < 1500; i++)
            replica.Put($"k{i}", "v");
        var closed = replica.Id;
        disk.WritesUntilFailure = 2;
        Assert.ThrowsAny<HonuException>(() => replica.Store.Replication.ReissueEpoch());
        disk.WritesUntilFailure = null;

        replica.Kill();

        Assert.NotEqual(closed, replica.Id);
        Assert.DoesNotContain(Versions(replica), version => version.Replica == closed);
        Assert.Equal(1500, Versions(replica).Count);
        Assert.Equal(0, replica.LooseRecords);
    }

    [Fact]
    public void ReissueEpoch_KeepsValuesDeletionsExpiriesAndConflicts()
    {
        using var replica = new ScriptedReplica(3, VersionClock.Hybrid);
        replica.Put("k", "v");
        replica.Put("gone", "v");
        replica.Delete("gone");
        replica.Store.Put("short"u8, "v"u8, new WriteOptions { TimeToLive = TimeSpan.FromMinutes(1) });
        replica.Store.Put("over"u8, "v"u8, new WriteOptions { TimeToLive = TimeSpan.FromSeconds(1) });
        _other.Put("k", "fork");
        ScriptedSession.Complete(replica, _other);
        var conflicts = replica.Store.Conflicts().Count;
        replica.Time.Advance(TimeSpan.FromSeconds(30));

        Assert.True(replica.Store.Replication.ReissueEpoch() > 0);

        Assert.Equal(conflicts, replica.Store.Conflicts().Count);
        Assert.Null(replica.Get("gone"));
        Assert.Null(replica.Get("over"));
        Assert.Equal("v", replica.Get("short"));
        replica.Time.Advance(TimeSpan.FromSeconds(31));
        Assert.Null(replica.Get("short"));
        AssertConverge(replica, _other);
    }

    // R17: a write that the power took is known as lost; one that survived, or was never made, is not.
    [Fact]
    public void IsLost_AfterAPowerLoss_TellsWhatNobodyHas()
    {
        using var replica = new ScriptedReplica(3, VersionClock.Hybrid);
        var kept = replica.Put("k", "durable");
        replica.Store.Replication.Barrier();
        var lost = replica.Put("l", "flushed only");
        var port = replica.Store.Replication;
        Assert.False(port.IsLost(lost));

        replica.LosePower();

        Assert.True(replica.Store.Replication.IsLost(lost));
        Assert.True(replica.Store.Replication.IsLost(lost, ScriptedReplica.Ns));
        Assert.False(replica.Store.Replication.IsLost(kept));
        Assert.False(replica.Store.Replication.IsLost(replica.Put("m", "v")));
        Assert.False(replica.Store.Replication.IsLost(new VersionId(lost.Scalar, _other.Id)));
        replica.Store.Dispose();
        replica.Kill();
        Assert.True(replica.Store.Replication.IsLost(lost));
    }

    [Fact]
    public void IsLost_OtherNamespaceWasWrittenLaterAndKept_IsToldByTheNamespace()
    {
        using var replica = new ScriptedReplica(3, VersionClock.Hybrid);
        replica.Put("k", "v");
        replica.Store.Namespace("later").Put("k"u8, "v"u8);
        replica.Store.Replication.Barrier();
        var lost = replica.Put("l", "flushed only");
        replica.Store.Namespace("later").Put("l"u8, "v"u8);
        var last = replica.Disk.UnsyncedBatches - 1;

        replica.LosePower(batch => batch == last);

        Assert.True(replica.Store.Replication.IsLost(lost, ScriptedReplica.Ns));
    }

    private ScriptedReplica Open(string name, uint pid = 3) => new(pid, VersionClock.Hybrid, directory: _directory.Combine(name));

    private void Copy(string from, string to)
    {
        Directory.CreateDirectory(_directory.Combine(to));
        foreach (var file in Directory.GetFiles(_directory.Combine(from)))
            File.Copy(file, Path.Combine(_directory.Combine(to), Path.GetFileName(file)));
    }

    private static void AssertConverge(params ScriptedReplica[] replicas)
    {
        for (var round = 0; round < 4; round++)
        {
            foreach (var one in replicas)
            {
                foreach (var other in replicas.Where(other => other != one))
                    ScriptedSession.Run(one, other);
            }
        }

        Assert.All(replicas, replica => Assert.Equal(Contents(replicas[0]), Contents(replica)));
        Assert.All(replicas, replica => Assert.Equal(0, replica.LooseRecords));
        Assert.All(replicas, replica => Assert.Equal(SyncOutcome.Equal, ScriptedSession.Complete(replicas[^1] == replica ? replicas[0] : replicas[^1], replica).Report!.Outcome));
    }

    private static List<VersionId> Versions(ScriptedReplica replica)
    {
        var versions = new List<VersionId>();
        foreach (var entry in replica.Store.Scan(new ScanOptions { IncludeTombstones = true }))
            versions.Add(entry.Version.Id);
        return versions;
    }

    private static string Contents(ScriptedReplica replica)
    {
        var lines = new List<string>();
        foreach (var entry in replica.Store.Scan(new ScanOptions { IncludeTombstones = true }))
            lines.Add($"{System.Text.Encoding.UTF8.GetString(entry.Key)}={System.Text.Encoding.UTF8.GetString(entry.Value)}@{entry.Version.Id}");
        return string.Join('\n', lines);
    }
}
