using Honu.Format;
using Honu.TestKit;

namespace Honu.Tests.Care;

public sealed class RepairTests : IDisposable
{
    private readonly TestDirectory _directory = new();

    private string Db => _directory.Combine("store");

    public void Dispose() => _directory.Dispose();

    [Fact]
    public void Repair_HealthyStore_KeepsEveryObjectAndForgetsItsVectors()
    {
        var (state, identity, clock) = Create();

        var report = HonuStore.Repair(Db);

        Assert.Equal((81L, 0L, 0L, false), (report.CurrentRecords, report.Dropped, report.RestoredFromHistory, report.IsNewIdentity));
        Assert.True(HonuStore.Verify(Db).IsHealthy);
        using var repaired = HonuStore.Open(Db, CareStore.Options);
        Assert.Equal(state, CareStore.Describe(repaired));
        Assert.Equal(report.Identity, repaired.Identity);
        Assert.Equal((identity.StoreId, identity.Replica.Pid, identity.Clock), (repaired.Identity.StoreId, repaired.Identity.Replica.Pid, repaired.Identity.Clock));
        Assert.NotEqual(identity.Replica, repaired.Identity.Replica);
        foreach (var ns in repaired.Namespaces)
        {
            var replication = repaired.Replication.State(ns);
            var (vector, loose) = (replication.Vector, replication.LooseRecords);
            Assert.Equal(0, vector.Count);
            Assert.Equal(ns == "other" ? 41 : 40, loose);
        }

        Assert.True(repaired.Replication.ClockScalar >= clock);
        Assert.True(repaired.Put("new"u8, "v"u8).Id.Scalar > clock);
        Assert.True(repaired.Verify().IsHealthy);
    }

    // What a power loss may leave behind the last whole write: the store does not open, and repair gives everything before it back.
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void Repair_LogWithGarbageAtItsEnd_OpensAgainWithEverything(int seed)
    {
        var (state, _, _) = Create();
        var log = Directory.GetFiles(Db, "*.log").Single();
        var garbage = new byte[200];
        new Random(seed).NextBytes(garbage);
        garbage[4] = 20;
        garbage[5] = 0;
        using (var file = new FileStream(log, FileMode.Append))
            file.Write(garbage);
        Assert.Throws<HonuCorruptionException>(() => HonuStore.Open(Db));
        Assert.False(HonuStore.Verify(Db).IsHealthy);

        HonuStore.Repair(Db);

        Assert.True(HonuStore.Verify(Db).IsHealthy);
        using var repaired = HonuStore.Open(Db, CareStore.Options);
        Assert.Equal(state, CareStore.Describe(repaired));
    }

    [Fact]
    public void Repair_DamagedRecords_DropsThemAndRestoresFromHistoryWhatItCan()
    {
        var (_, _, _) = Create();
        var once = CareStore.CurrentKey(0, CareStore.Key(7));
        var twice = CareStore.CurrentKey(0, CareStore.Key(8));
        CareStore.Edit(Db, (engine, batch) =>
        {
            batch.Put(once, CareStore.Flipped(engine, once, -1));
            batch.Put(twice, CareStore.Flipped(engine, twice, -1));
            batch.Put("M!"u8, "no checksum"u8);
        });

        var report = HonuStore.Repair(Db);

        Assert.Equal((80L, 1L, 3L), (report.CurrentRecords, report.RestoredFromHistory, report.Dropped));
        Assert.Contains(report.Problems, static problem => problem.Namespace == "default" && problem.What.Contains("checksum", StringComparison.Ordinal));
        Assert.True(HonuStore.Verify(Db).IsHealthy);
        using var repaired = HonuStore.Open(Db, CareStore.Options);
        Assert.Null(repaired.Get(CareStore.Key(7)));
        Assert.Equal("second 8"u8.ToArray(), repaired.Get(CareStore.Key(8)));
        Assert.Equal(2, repaired.History(CareStore.Key(8)).Count);
    }

    [Theory]
    [InlineData(0.2)]
    [InlineData(0.6)]
    public void Repair_DamagedTable_KeepsTheRestAndThePeerGivesTheLostBack(double where)
    {
        using var peer = HonuStore.OpenInMemory(new HonuStoreOptions { Pid = 7 });
        string state;
        using (var store = HonuStore.Open(Db, CareStore.Options))
        {
            CareStore.Fill(store, objects: 3000);
            store.Compact();
            state = CareStore.Describe(store);
            Replicated.Pull(peer, store);
        }

        CareStore.FlipByte(CareStore.BiggestTable(Db), where);
        Assert.False(HonuStore.Verify(Db).IsHealthy);

        HonuStore.Repair(Db);

        Assert.True(HonuStore.Verify(Db).IsHealthy);
        using var repaired = HonuStore.Open(Db, CareStore.Options);
        Replicated.Pull(repaired, peer);
        Assert.Equal(Latest(peer), Latest(repaired));
        Replicated.Pull(peer, repaired);
        Assert.Equal(peer.Replication.Summaries(), repaired.Replication.Summaries());
        Assert.NotEmpty(state);
    }

    [Fact]
    public void Repair_IdentityLost_NeedsAWordAndMakesANewStore()
    {
        var (_, identity, clock) = Create();
        CareStore.Edit(Db, static (_, batch) => batch.Delete(MetaRecords.Key(MetaRecords.Identity)));

        Assert.Equal(HonuErrorCode.IdentityLost, Assert.Throws<HonuException>(() => HonuStore.Repair(Db)).Code);

        // Half a repair must not be opened.
        var error = Assert.Throws<HonuCorruptionException>(() => HonuStore.Open(Db));
        Assert.Contains("interrupted", error.Message, StringComparison.Ordinal);
        var report = HonuStore.Repair(Db, new RepairOptions { NewIdentity = true });
        Assert.True(report.IsNewIdentity);
        using var repaired = HonuStore.Open(Db);
        Assert.NotEqual(identity.StoreId, repaired.Identity.StoreId);
        Assert.False(repaired.Identity.PidIsGiven);
        Assert.Equal(VersionClock.Hybrid, repaired.Identity.Clock);
        Assert.True(repaired.Put("new"u8, "v"u8).Id.Scalar > clock);
        Assert.Equal("other 3"u8.ToArray(), repaired.Namespace("other").Get(CareStore.Key(3)));
    }

    [Fact]
    public void Repair_IdentityLostOfALamportStore_StaysOne()
    {
        using (var store = HonuStore.Open(Db, new HonuStoreOptions { Clock = VersionClock.Lamport }))
            store.Put("k"u8, "v"u8);
        CareStore.Edit(Db, static (_, batch) => batch.Delete(MetaRecords.Key(MetaRecords.Identity)));

        Assert.Equal(VersionClock.Lamport, HonuStore.Repair(Db, new RepairOptions { NewIdentity = true }).Identity.Clock);
    }

    [Fact]
    public void Repair_NameOfANamespaceLost_KeepsItsObjectsUnderAnother()
    {
        Create();
        CareStore.Edit(Db, static (_, batch) => batch.Delete(MetaRecords.NamespaceKey(1)));

        var report = HonuStore.Repair(Db);

        Assert.Equal(["recovered-1"], report.RenamedNamespaces);
        using var repaired = HonuStore.Open(Db);
        Assert.Equal("other 3"u8.ToArray(), repaired.Namespace("recovered-1").Get(CareStore.Key(3)));
    }

    [Fact]
    public void Repair_LostFileCurrent_OpensAgain()
    {
        var (state, _, _) = Create();
        File.Delete(Path.Combine(Db, "CURRENT"));

        HonuStore.Repair(Db);

        using var repaired = HonuStore.Open(Db);
        Assert.Equal(state, CareStore.Describe(repaired));
    }

    [Fact]
    public void Repair_OpenStoreOrNone_ThrowsAndTouchesNothing()
    {
        Assert.Throws<HonuFormatException>(() => HonuStore.Repair(Db));
        Assert.False(Directory.Exists(Db));
        using (var store = HonuStore.Open(Db))
        {
            store.Put("k"u8, "v"u8);
            Assert.Throws<HonuStoreLockedException>(() => HonuStore.Repair(Db));
            store.Put("k"u8, "w"u8);
        }

        using var again = HonuStore.Open(Db);
        Assert.Equal("w"u8.ToArray(), again.Get("k"u8));
    }

    [Fact]
    public void RepairOptions_Defaults()
    {
        var options = new RepairOptions();

        Assert.Equal((false, 100, null, null), (options.NewIdentity, options.MaxProblems, options.Progress, options.Store));
    }

    private (string State, StoreIdentity Identity, ulong Clock) Create()
    {
        using var store = HonuStore.Open(Db, CareStore.Options);
        CareStore.Fill(store);
        return (CareStore.Describe(store), store.Identity, store.Replication.ClockScalar);
    }

    private static List<string> Latest(HonuStore store)
    {
        var found = new List<string>();
        foreach (var ns in store.Namespaces)
        {
            foreach (var entry in store.Namespace(ns).Scan(new ScanOptions { IncludeTombstones = true }))
                found.Add($"{ns} {Convert.ToHexString(entry.Key)} {entry.Version.Id} {Convert.ToHexString(entry.Value)}");
        }

        return found;
    }
}
