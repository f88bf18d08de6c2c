using Honu.TestKit;

namespace Honu.Tests.Format;

/// <summary>A disk that fails: what was acknowledged stays, what failed leaves nothing half, and nothing more is acknowledged until the store is opened again.</summary>
public class FailedWriteTests
{
    private readonly FaultyDisk _disk = new();

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Put_AfterAFailedWrite_IsRefusedUntilReopened(bool failsOnlyOnce)
    {
        var store = Open();
        store.Put("before"u8, "v"u8);
        (_disk.WritesUntilFailure, _disk.FailsOnlyOnce) = (0, failsOnlyOnce);
        var before = _disk.Fingerprint();

        var first = Assert.ThrowsAny<HonuException>(() => store.Put("failed"u8, "v"u8));

        Assert.Equal(HonuErrorCode.Io, first.Code);
        AssertFailed(() => store.Put("after"u8, "v"u8));
        AssertFailed(() => store.Delete("before"u8));
        AssertFailed(() => store.TryPut("after"u8, "v"u8, default, out _));
        AssertFailed(() => store.Write(new HonuWriteBatch().Put("after"u8, "v"u8)));
        AssertFailed(() => store.Replication.Apply("default", [], cursor: null, join: null));
        AssertFailed(() => store.Replication.CreateSnapshot());
        AssertFailed(() => store.Replication.Barrier());
        AssertFailed(store.Compact);
        Assert.Equal("v"u8.ToArray(), store.Get("before"u8));
        Assert.Null(store.Get("failed"u8));
        store.Dispose();
        Assert.Equal(before, _disk.Fingerprint());
        _disk.WritesUntilFailure = null;
        using var reopened = Open();
        Assert.Equal("v"u8.ToArray(), reopened.Get("before"u8));
        reopened.Put("after"u8, "v"u8);
    }

    /// <summary>A full disk, then room: the store opens its engine again by itself, and everything acknowledged before and after is there.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Put_AfterTheCauseIsGone_GoesOn(bool failingBatchIsOnDisk)
    {
        var time = new ManualTimeProvider();
        var store = HonuStore.Open("store", new HonuStoreOptions { Pid = 1, Clock = VersionClock.Lamport, Engine = _disk, Environment = StoreEnvironment.Machine with { Time = time }, MaintenanceInterval = Timeout.InfiniteTimeSpan });
        store.Put("before"u8, "v"u8);
        if (failingBatchIsOnDisk)
            _disk.FailsSyncs = true;
        else
            _disk.WritesUntilFailure = 0;
        Assert.ThrowsAny<HonuException>(() => store.Namespace("new").Put("failed"u8, "v"u8, WriteOptions.Synced));
        AssertFailed(() => store.Put("during"u8, "v"u8));

        (_disk.FailsSyncs, _disk.WritesUntilFailure, _disk.FailsReopening) = (false, null, false);
        AssertFailed(() => store.Put("too soon"u8, "v"u8));
        time.Advance(TimeSpan.FromSeconds(1));
        var after = store.Put("after"u8, "v"u8);
        var next = store.Namespace("another").Put("k"u8, "v"u8);

        Assert.True(next.Id.Scalar > after.Id.Scalar);
        Assert.Equal(failingBatchIsOnDisk, store.Namespace("new").Get("failed"u8) is not null);
        Assert.Equal(0, store.Replication.State("new").LooseRecords);
        using var reopened = Open();
        Assert.Null(reopened.Get("during"u8));
        Assert.Equal(failingBatchIsOnDisk ? ["another", "default", "new"] : ["another", "default"], reopened.Namespaces.Where(name => reopened.Namespace(name).Get(name == "another" ? "k"u8 : name == "new" ? "failed"u8 : "before"u8) is not null));
    }

    /// <summary>Every write of a run fails in its turn: opening, namespaces, batches, deletions, chunks, closing.</summary>
    [Fact]
    public void Run_AnyWriteFails_KeepsExactlyWhatWasAcknowledged()
    {
        var writes = CountWrites();
        Assert.True(writes > 8);

        for (var failing = 0; failing < writes; failing++)
        {
            var disk = new FaultyDisk { WritesUntilFailure = failing };
            var acknowledged = new SortedDictionary<string, string?>(StringComparer.Ordinal);
            var error = Record.Exception(() => Script(disk, acknowledged));
            disk.WritesUntilFailure = null;

            using var store = Open(disk);
            Assert.IsAssignableFrom<HonuException>(error);
            Assert.Equal(acknowledged.Where(static pair => pair.Value is not null).Select(static pair => $"{pair.Key}={pair.Value}"), Contents(store), StringComparer.Ordinal);
            Assert.Equal(0, store.Replication.State("default").LooseRecords);
        }
    }

    [Fact]
    public void Put_ReadFails_IsAnErrorOfThatCallOnly()
    {
        var store = Open();
        store.Put("k"u8, "1"u8);
        _disk.FailsReads = true;

        Assert.Equal(HonuErrorCode.Io, Assert.ThrowsAny<HonuException>(() => store.Put("k"u8, "2"u8)).Code);
        Assert.Equal(HonuErrorCode.Io, Assert.ThrowsAny<HonuException>(() => store.Get("k"u8)).Code);
        Assert.Equal(HonuErrorCode.Io, Assert.ThrowsAny<HonuException>(() => store.Write(new HonuWriteBatch().Put("a"u8, "v"u8).Put("b"u8, "v"u8))).Code);

        _disk.FailsReads = false;
        Assert.Equal("1"u8.ToArray(), store.Get("k"u8));
        Assert.Null(store.Get("a"u8));
        store.Put("k"u8, "3"u8);
        Assert.Equal(2, store.History("k"u8).Count);
    }

    [Fact]
    public void Put_SyncedAndTheBarrierFails_IsNotAcknowledgedNorAnythingAfterIt()
    {
        var store = Open();
        _disk.FailsSyncs = true;

        Assert.Equal(HonuErrorCode.Io, Assert.ThrowsAny<HonuException>(() => store.Put("k"u8, "v"u8, WriteOptions.Synced)).Code);

        AssertFailed(() => store.Put("other"u8, "v"u8));
    }

    [Fact]
    public void Open_DiskFails_SaysSoAndCanBeRepeated()
    {
        _disk.FailsReads = true;
        Assert.Equal(HonuErrorCode.Io, Assert.ThrowsAny<HonuException>(() => Open()).Code);
        _disk.FailsReads = false;
        _disk.WritesUntilFailure = 0;
        Assert.Equal(HonuErrorCode.Io, Assert.ThrowsAny<HonuException>(() => Open()).Code);
        _disk.WritesUntilFailure = null;

        using var store = Open();

        store.Put("k"u8, "v"u8);
    }

    private static int CountWrites()
    {
        var disk = new FaultyDisk();
        Script(disk, new SortedDictionary<string, string?>(StringComparer.Ordinal));
        return disk.Writes;
    }

    private static void Script(FaultyDisk disk, SortedDictionary<string, string?> acknowledged)
    {
        using var store = Open(disk);
        for (var i = 0; i < 3; i++)
        {
            store.Put("k"u8, [(byte)('0' + i)]);
            acknowledged["default/k"] = i.ToString();
        }

        store.Delete("k"u8);
        acknowledged["default/k"] = null;
        store.Write(new HonuWriteBatch().Put("a"u8, "1"u8).Put("second", "b"u8, "2"u8));
        acknowledged["default/a"] = "1";
        acknowledged["second/b"] = "2";
        store.Put("k"u8, "back"u8, WriteOptions.Synced);
        acknowledged["default/k"] = "back";
    }

    private static List<string> Contents(HonuStore store)
    {
        var contents = new List<string>();
        foreach (var ns in store.Namespaces)
        {
            foreach (var entry in store.Namespace(ns).Scan())
                contents.Add($"{ns}/{System.Text.Encoding.UTF8.GetString(entry.Key)}={System.Text.Encoding.UTF8.GetString(entry.Value)}");
        }

        return contents;
    }

    private static void AssertFailed(Action action) => Assert.Equal(HonuErrorCode.StoreFailed, Assert.ThrowsAny<HonuException>(action).Code);

    private static void AssertFailed(Func<object?> action) => Assert.Equal(HonuErrorCode.StoreFailed, Assert.ThrowsAny<HonuException>(() => action()).Code);

    private HonuStore Open() => Open(_disk);

    private static HonuStore Open(FaultyDisk disk) => HonuStore.Open("faulty", new HonuStoreOptions
    {
        Pid = 1,
        Clock = VersionClock.Lamport,
        Engine = disk,
        Environment = new StoreEnvironment { BootId = "boot" },
    });
}
