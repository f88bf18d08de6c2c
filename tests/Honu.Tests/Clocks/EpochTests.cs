using Honu.Format;
using Honu.TestKit;

namespace Honu.Tests.Clocks;

/// <summary>What a store is after it was closed, killed, or lost its power: clock, epoch, vectors and identity.</summary>
public class EpochTests
{
    private const string Ns = HonuStore.DefaultNamespace;

    private readonly ManualTimeProvider _time = new();
    private readonly FaultyDisk _disk = new();

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Open_WallClockWentBack_ClockDoesNot(bool isClosedCleanly)
    {
        var store = Open();
        for (var i = 0; i < 100; i++)
            store.Put("k"u8, "v"u8);
        _time.Advance(TimeSpan.FromMinutes(3));
        var before = store.Put("k"u8, "v"u8).Id.Scalar;
        if (isClosedCleanly)
            store.Dispose();
        _time.SetUtcNow(_time.GetUtcNow() - TimeSpan.FromDays(10));

        var reopened = Open();

        Assert.True(reopened.Replication.ClockScalar >= before);
        Assert.True(reopened.Put("other"u8, "v"u8).Id.Scalar > before);
    }

    // Vectors and index bring the clock back as well, so that only the disk shows whether the lease is kept.
    [Theory]
    [InlineData(VersionClock.Hybrid)]
    [InlineData(VersionClock.Lamport)]
    public void Put_ClockPassesItsLease_NextLeaseIsWrittenWithIt(VersionClock clock)
    {
        var store = Open(options: new HonuStoreOptions { Clock = clock });
        var last = 0UL;
        for (var i = 0; i < 5000; i++)
        {
            if (i % 1000 == 0)
                _time.Advance(TimeSpan.FromSeconds(7));
            last = store.Put("k"u8, "v"u8).Id.Scalar;
        }

        var leased = MetaRecords.GetScalar(_disk.Open("", new HonuStoreOptions()), MetaRecords.Clock);

        Assert.True(leased >= last, $"{leased} is leased, {last} was used.");
    }

    // A scalar that was seen in a vector and in no record counts too.
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Open_AfterAJoinWithoutRecords_ClockIsNotBelowTheVector(bool isClosedCleanly)
    {
        var store = Open();
        var target = new VersionVector();
        var scalar = ((ulong)_time.GetUtcNow().ToUnixTimeMilliseconds() << 16) + 12345;
        target.Advance(new ReplicaId(2, 0), scalar);
        Assert.True(store.Replication.Apply(Ns, [], cursor: null, new VectorJoin(new VersionVector(), target)).Joined);
        if (isClosedCleanly)
            store.Dispose();
        _time.SetUtcNow(_time.GetUtcNow() - TimeSpan.FromDays(10));

        Assert.True(Open().Put("k"u8, "v"u8).Id.Scalar > scalar);
    }

    [Theory]
    [InlineData(true, "other boot", false)]
    [InlineData(true, "", false)]
    [InlineData(false, "boot", false)]
    [InlineData(false, "other boot", true)]
    [InlineData(false, "", true)]
    public void Open_AfterAStop_NewEpochOnlyWhenPowerMayHaveBeenLost(bool isClosedCleanly, string bootId, bool isNewEpoch)
    {
        var store = Open();
        var first = store.Put("k"u8, "v"u8);
        var before = store.Identity;
        if (isClosedCleanly)
            store.Dispose();

        var reopened = Open(bootId);

        Assert.Equal(isNewEpoch, reopened.Identity.Replica != before.Replica);
        Assert.Equal(isNewEpoch, reopened.Identity.Incarnation != before.Incarnation);
        Assert.Equal(before.Replica.Pid, reopened.Identity.Replica.Pid);
        Assert.Equal(before.StoreId, reopened.Identity.StoreId);
        Assert.Equal(reopened.Identity.Replica, reopened.Put("k"u8, "w"u8).Id.Replica);
        Assert.Equal(first.Id.Replica, reopened.History("k"u8)[1].Version.Id.Replica);
        Assert.True(reopened.Replication.State(Ns).Vector.Covers(first.Id));
    }

    [Fact]
    public void Open_AfterPowerLossTwice_EpochsDiffer()
    {
        var epochs = new HashSet<ReplicaId>();
        for (var boot = 0; boot < 20; boot++)
            Assert.True(epochs.Add(Open($"boot {boot}").Identity.Replica));
    }

    // R12: unique across copies of a directory, so the old epoch plus one will not do.
    [Fact]
    public void Open_TwoCopiesAfterPowerLoss_MintDifferentEpochs()
    {
        Open().Put("k"u8, "v"u8);
        var copy = _disk.Copy();

        var one = Open("other boot").Identity;
        using var other = Open("other boot", disk: copy);

        Assert.Equal(one.StoreId, other.Identity.StoreId);
        Assert.NotEqual(one.Replica, other.Identity.Replica);
        Assert.NotEqual(one.Incarnation, other.Identity.Incarnation);
    }

    [Fact]
    public void Open_AfterPowerLoss_VectorRestartsFromTheBarrierAndLaterRecordsAreLoose()
    {
        var store = Open();
        var (early, late) = (Foreign(20), Foreign(30));
        Join(store, early, "early");
        store.Put("own"u8, "v"u8);
        store.Replication.Barrier();
        Join(store, late, "late");

        var sameBoot = Open().Replication.State(Ns);
        Assert.True(sameBoot.Vector.Covers(early) && sameBoot.Vector.Covers(late));

        var reopened = Open("other boot");

        var replication = reopened.Replication.State(Ns);
        var (vector, loose) = (replication.Vector, replication.LooseRecords);
        Assert.True(vector.Covers(early));
        Assert.False(vector.Covers(late));
        Assert.Equal(1, loose);
        Assert.Equal("late"u8.ToArray(), reopened.Get("late"u8));
        Assert.True(reopened.Replication.ClockScalar >= late.Scalar);
    }

    [Fact]
    public void Open_PowerLossTakesTheTail_WritesBeforeTheBarrierAndSyncedOnesStay()
    {
        var store = Open();
        store.Put("barrier"u8, "v"u8);
        store.Replication.Barrier();
        store.Put("flushed"u8, "v"u8);
        store.Put("synced"u8, "v"u8, WriteOptions.Synced);
        store.Put("lost"u8, "v"u8);

        _disk.LosePower();
        var reopened = Open("other boot");

        Assert.NotNull(reopened.Get("barrier"u8));
        Assert.NotNull(reopened.Get("flushed"u8));
        Assert.NotNull(reopened.Get("synced"u8));
        Assert.Null(reopened.Get("lost"u8));
    }

    [Fact]
    public void Open_DrawnPid_IsKeptAndMayBeReplacedOnce()
    {
        var store = Open(options: new HonuStoreOptions());
        var drawn = store.Identity.Replica;
        var written = store.Put("k"u8, "v"u8).Id;
        store.Dispose();
        store = Open(options: new HonuStoreOptions());
        Assert.Equal(drawn, store.Identity.Replica);
        Assert.False(store.Identity.PidIsGiven);
        store.Dispose();

        store = Open(options: new HonuStoreOptions { Pid = 5 });

        Assert.Equal(5u, store.Identity.Replica.Pid);
        Assert.True(store.Identity.PidIsGiven);
        Assert.True(store.Replication.State(Ns).Vector.Covers(written));
        store.Put("k"u8, "w"u8);
        store.Dispose();
        Assert.Equal(HonuErrorCode.IdentityMismatch, Assert.Throws<HonuException>(() => Open(options: new HonuStoreOptions { Pid = 6 })).Code);
        store = Open(options: new HonuStoreOptions());
        Assert.Equal(5u, store.Identity.Replica.Pid);
        Assert.True(store.Replication.State(Ns).Vector.Covers(written));
    }

    [Fact]
    public void Open_DrawnPidChosenAsItIs_BecomesGivenWithoutANewEpoch()
    {
        var store = Open(options: new HonuStoreOptions());
        var drawn = store.Identity.Replica;
        store.Dispose();

        store = Open(options: new HonuStoreOptions { Pid = drawn.Pid });

        Assert.Equal(drawn, store.Identity.Replica);
        Assert.True(store.Identity.PidIsGiven);
    }

    [Fact]
    public void Open_ClusterNamedLater_IsTakenOnceAndAMismatchWritesNothing()
    {
        Open().Dispose();
        Open(options: new HonuStoreOptions { Cluster = "blue" }).Dispose();
        var before = _disk.Fingerprint();

        var error = Assert.Throws<HonuException>(() => Open(options: new HonuStoreOptions { Cluster = "green" }));

        Assert.Equal(HonuErrorCode.ClusterMismatch, error.Code);
        Assert.Equal(before, _disk.Fingerprint());
        Assert.Equal("blue", Open(options: new HonuStoreOptions()).Identity.Cluster);
    }

    private HonuStore Open(string bootId = "boot", HonuStoreOptions? options = null, FaultyDisk? disk = null) =>
        HonuStore.Open("faulty", (options ?? new HonuStoreOptions { Pid = 1 }) with
        {
            Engine = disk ?? _disk,
            Environment = new StoreEnvironment { Time = _time, BootId = bootId },
        });

    private VersionId Foreign(ulong scalar) => new(((ulong)_time.GetUtcNow().ToUnixTimeMilliseconds() << 16) + scalar, new ReplicaId(2, 0));

    private static void Join(HonuStore store, VersionId version, string key)
    {
        var target = new VersionVector();
        target.Advance(version.Replica, version.Scalar);
        store.Replication.Apply(Ns, ForeignRecord.Block(key, version), cursor: null, new VectorJoin(new VersionVector(), target));
    }
}
