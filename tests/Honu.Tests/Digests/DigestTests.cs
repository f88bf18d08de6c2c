using System.Text;
using Honu.Digests;
using Honu.Engines;
using Honu.Format;
using Honu.TestKit;
using Honu.Tests.Care;
using Honu.Tests.Kit;
using Honu.Tests.Store;

namespace Honu.Tests.Digests;

/// <summary>The digest of a namespace's live records (R13): what counts in it, when it is vouched for, and how a scan finds what a disk has lost.</summary>
public sealed class DigestTests : IDisposable
{
    private readonly TestDirectory _directory = new();

    private readonly OpenEngine _memory = new(MemoryEngine.Factory);
    private readonly OpenEngine _levelDb = new(LevelDbEngine.Factory);

    private string Path => _directory.Combine("store");

    public void Dispose() => _directory.Dispose();

    /// <summary>The numbers are part of the protocol: a build that computes others would find every namespace different.</summary>
    [Fact]
    public void ElementOf_KnownRecord_NeverChanges()
    {
        var element = DigestSum.ElementOf(new VersionId(0x0001_0203_0405_0607, new ReplicaId(7, 9)), 0xDEADBEEF);

        Assert.Equal("2F72E5DBFE6BEAEDB7B7EC38029F441A", element.ToString("X32", System.Globalization.CultureInfo.InvariantCulture));
    }

    [Fact]
    public void TryGetDigest_EqualContentsInAnotherOrder_IsEqual()
    {
        using var one = HonuStore.OpenInMemory(new HonuStoreOptions { Pid = 1 });
        using var two = HonuStore.OpenInMemory(new HonuStoreOptions { Pid = 2 });
        one.Put("a"u8, "1"u8);
        two.Put("b"u8, "2"u8);
        one.Put("c"u8, "3"u8);

        PeerStream.Send(one, two);
        PeerStream.Send(two, one);

        Assert.Equal(DigestOf(one), DigestOf(two));
        Assert.NotEqual(UInt128.Zero, DigestOf(one));
        two.Put("c"u8, "4"u8);
        Assert.NotEqual(DigestOf(one), DigestOf(two));
    }

    [Fact]
    public void TryGetDigest_NoNamespaceAndNothingLive_IsZero()
    {
        using var open = new OpenStore();
        Assert.Equal(UInt128.Zero, DigestOf(open.Store));

        open.Store.Put("k"u8, "v"u8);
        var live = DigestOf(open.Store);
        open.Store.Put("expires"u8, "v"u8, new WriteOptions { TimeToLive = TimeSpan.FromHours(1) });
        Assert.Equal(live, DigestOf(open.Store));
        open.Store.Put("expires"u8, "v"u8);
        Assert.NotEqual(live, DigestOf(open.Store));
        open.Store.Put("expires"u8, "v"u8, new WriteOptions { TimeToLive = TimeSpan.FromHours(1) });
        Assert.Equal(live, DigestOf(open.Store));
        open.Store.Delete("k"u8);

        Assert.Equal(UInt128.Zero, DigestOf(open.Store));
        Assert.Equal(UInt128.Zero, DigestOf(open.Store, "never written"));
    }

    /// <summary>Two records of one version: the smaller checksum wins, and the digest follows.</summary>
    [Fact]
    public void Apply_OtherBytesOfTheSameVersion_MovesTheDigest()
    {
        using var one = HonuStore.OpenInMemory();
        using var two = HonuStore.OpenInMemory();
        var version = new VersionId(one.Replication.ClockScalar + 1, new ReplicaId(9, 0));
        var blocks = new[] { "1", "2" }.Select(value => BlockOf("k", value, version)).ToArray();

        foreach (var block in blocks)
            one.Replication.Apply("default", block, cursor: null, join: null);
        foreach (var block in blocks.Reverse())
            two.Replication.Apply("default", block, cursor: null, join: null);

        Assert.Equal(DigestOf(one), DigestOf(two));
        Assert.Null(one.Replication.FindDigestFault());
        Assert.Null(two.Replication.FindDigestFault());
    }

    [Fact]
    public void Open_AfterACleanClose_TrustsTheRowsAndRemovesThem()
    {
        UInt128 before;
        using (var store = HonuStore.Open(Path, Manual))
        {
            CareStore.Fill(store);
            before = DigestOf(store, "other");
        }

        Assert.Contains(CareStore.Entries(Path).Keys, static key => key.StartsWith("44", StringComparison.Ordinal));
        using (var store = HonuStore.Open(Path, Manual with { Engine = _levelDb }))
        {
            Assert.Equal(before, DigestOf(store, "other"));
            Assert.Null(store.Replication.FindDigestFault());
            _levelDb.Edit((engine, _) =>
            {
                using var rows = engine.CreateIterator();
                rows.Seek("D"u8);
                Assert.False(rows.IsValid && rows.Key[0] == (byte)'D');
            });
        }

        using var readOnly = HonuStore.Open(Path, Manual with { ReadOnly = true });
        Assert.Equal(before, DigestOf(readOnly, "other"));
    }

    /// <summary>A row that stands there although the store was not closed cleanly, or that an older build has carried over, vouches for nothing.</summary>
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Open_RowsOfAnotherClose_AreNotBelieved(bool isClean)
    {
        using (var store = HonuStore.Open(Path, Manual))
            store.Put("k"u8, "v"u8);
        CareStore.Edit(Path, (engine, batch) =>
        {
            var clock = MetaRecords.GetScalar(engine, MetaRecords.Clock);
            new DigestCheckpoint(new DigestSum(42, 1), isClean ? clock - 1 : clock, DateTimeOffset.UtcNow).Stage(batch, 0);
            RunRecord.Write(batch, StoreEnvironment.Machine.BootId, isClean);
        });

        using var reopened = HonuStore.Open(Path, Manual);
        reopened.Replication.ScanDigests();

        Assert.Null(reopened.Replication.FindDigestFault());
        Assert.Equal(0, reopened.Replication.DigestMismatches);
    }

    /// <summary>T13 at one replica: a record vanishes, nothing tells, and the scan finds it.</summary>
    [Fact]
    public void ScanDigests_ARecordVanished_TellsAndGoesOnWithWhatIsThere()
    {
        using var open = new OpenStore(inMemory: false, Manual with { Engine = _memory });
        open.Store.Put("gone"u8, "v"u8);
        open.Store.Put("kept"u8, "v"u8);
        var kept = DigestOf(open.Store);
        var told = new List<DigestMismatchEventArgs>();
        open.Store.Replication.DigestMismatchFound += (_, mismatch) => told.Add(mismatch);
        Assert.Empty(open.Store.Replication.ScanDigests());

        _memory.Edit((_, batch) => batch.Delete(CareStore.CurrentKey(0, "gone"u8)));
        Assert.Equal(kept, DigestOf(open.Store));
        var found = Assert.Single(open.Store.Replication.ScanDigests());

        Assert.Equal(("default", kept, 1), (found.Namespace, found.Kept, found.Missing));
        Assert.Same(found, Assert.Single(told));
        Assert.Equal(1, open.Store.Replication.DigestMismatches);
        Assert.Equal(found.Found, DigestOf(open.Store));
        Assert.Null(open.Store.Replication.FindDigestFault());
        Assert.Empty(open.Store.Replication.ScanDigests());
    }

    /// <summary>The same by the repetition that nobody asks for: it is due a day after the last one, over restarts.</summary>
    [Fact]
    public void RunMaintenance_ADayAfterTheLastScan_ScansAgain()
    {
        using var open = new OpenStore(inMemory: false, Manual with { Engine = _memory });
        open.Store.Put("gone"u8, "v"u8);
        _memory.Edit((_, batch) => batch.Delete(CareStore.CurrentKey(0, "gone"u8)));

        open.Time.Advance(TimeSpan.FromHours(23));
        open.Store.RunMaintenance();
        Assert.Equal(0, open.Store.Replication.DigestMismatches);
        open.Time.Advance(TimeSpan.FromHours(1));
        open.Store.RunMaintenance();

        Assert.Equal(1, open.Store.Replication.DigestMismatches);
        open.Store.RunMaintenance();
        Assert.Equal(1, open.Store.Replication.DigestMismatches);
    }

    [Fact]
    public void Load_TheLastScanWasLongAgo_IsKeptOverTheRestart()
    {
        using var open = new OpenStore(inMemory: false, Manual with { Engine = _levelDb });
        open.Store.Put("gone"u8, "v"u8);
        open.Time.Advance(TimeSpan.FromHours(23));
        var store = open.Reopen();
        _levelDb.Edit((_, batch) => batch.Delete(CareStore.CurrentKey(0, "gone"u8)));
        using var told = new SemaphoreSlim(0);
        store.Replication.DigestMismatchFound += (_, _) => told.Release();

        open.Time.Advance(TimeSpan.FromHours(1));
        store.RunMaintenance();

        Assert.True(told.Wait(TimeSpan.FromSeconds(30)));
    }

    [Fact]
    public void ScanDigests_ADamagedRecord_LeavesNoDigest()
    {
        using var open = new OpenStore(inMemory: false, Manual with { Engine = _memory });
        open.Store.Put("k"u8, "value"u8);
        open.Store.Namespace("other").Put("k"u8, "value"u8);
        _memory.Edit((engine, batch) => batch.Put(CareStore.CurrentKey(0, "k"u8), CareStore.Flipped(engine, CareStore.CurrentKey(0, "k"u8), -1)));

        Assert.Empty(open.Store.Replication.ScanDigests());

        Assert.False(open.Store.Replication.TryGetDigest("default", out _));
        Assert.True(open.Store.Replication.TryGetDigest("other", out _));
        Assert.Null(open.Store.Replication.DescribeNamespaces()["default"].Digest);
        open.Store.Put("k"u8, "mended"u8);
        open.Store.Replication.ScanDigests();
        Assert.Null(open.Store.Replication.FindDigestFault());
    }

    /// <summary>A write that failed may be on disk or not: nobody vouches for the digest until the store works again and has been read.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void TryGetDigest_AfterAFailedWrite_IsAbsentUntilRecovery(bool failingBatchIsOnDisk)
    {
        var disk = new FaultyDisk { FailsReopening = false };
        var time = new ManualTimeProvider();
        using var store = HonuStore.Open("disk", new HonuStoreOptions { Engine = disk, MaintenanceInterval = Timeout.InfiniteTimeSpan, Environment = StoreEnvironment.Machine with { Time = time } });
        store.Put("k"u8, "1"u8);
        (disk.FailsSyncs, disk.WritesUntilFailure) = failingBatchIsOnDisk ? (true, null) : (false, (int?)0);
        Assert.ThrowsAny<HonuException>(() => store.Put("k"u8, "2"u8, WriteOptions.Synced));

        Assert.False(store.Replication.TryGetDigest("default", out _));
        Assert.False(store.Replication.TryGetDigest("never written", out _));
        (disk.FailsSyncs, disk.WritesUntilFailure) = (false, null);
        time.Advance(TimeSpan.FromSeconds(1));
        store.Put("another"u8, "1"u8);

        Assert.Null(store.Replication.FindDigestFault());
        Assert.Equal(0, store.Replication.DigestMismatches);
    }

    [Fact]
    public void Verify_ARowVanishedFromAClosedStore_SaysSo()
    {
        using (var store = HonuStore.Open(Path, Manual))
            CareStore.Fill(store);
        Assert.Empty(HonuStore.Verify(Path).Problems);

        // With its index entry: nothing else would tell.
        CareStore.Edit(Path, static (engine, batch) =>
        {
            var key = CareStore.CurrentKey(1, CareStore.Key(3));
            using var record = engine.Get(key);
            var version = RecordReader.ReadVersion(record.Span);
            batch.Delete(key);
            batch.Delete(KeySpaces.IndexKey(new byte[KeySpaces.IndexKeyBytes], 1, version.Replica, version.Scalar));
        });
        var report = HonuStore.Verify(Path);

        var problem = Assert.Single(report.Problems);
        Assert.Equal("other", problem.Namespace);
        Assert.Contains("41 live records", problem.What, StringComparison.Ordinal);
        Assert.Equal(0, report.UnknownEntries);
    }

    [Fact]
    public void DescribeNamespaces_BeforeAndAfterABarrier_TellsWhatIsDurable()
    {
        using var open = new OpenStore();
        open.Store.Put("k"u8, "v"u8);

        var before = Assert.Single(open.Store.Replication.DescribeNamespaces()).Value;
        open.Store.Replication.Barrier();
        var after = Assert.Single(open.Store.Replication.DescribeNamespaces()).Value;

        Assert.Equal((false, true), (before.IsDurable, after.IsDurable));
        Assert.Equal(open.Store.Replication.Summaries()["default"], after.Summary);
        Assert.Equal(DigestOf(open.Store), after.Digest);
        open.Store.Put("k"u8, "w"u8);
        Assert.False(open.Store.Replication.DescribeNamespaces()["default"].IsDurable);
    }

    /// <summary>Goal: commits do not wait for a scan and are all counted. Method: one thread writes while another scans, on the default engine.</summary>
    [Fact]
    public void ScanDigests_WhileAnotherThreadWrites_FindsNoFault()
    {
        using var store = HonuStore.Open(Path, Manual);
        for (var i = 0; i < 2_000; i++)
            store.Put(CareStore.Key(i), "v"u8);
        using var stop = new CancellationTokenSource();
        var writer = Task.Factory.StartNew(
            () =>
            {
                for (var i = 0; !stop.IsCancellationRequested; i++)
                {
                    store.Put(CareStore.Key(i % 3_000), Encoding.UTF8.GetBytes($"{i}"));
                    store.Delete(CareStore.Key((i * 7) % 3_000));
                }
            },
            stop.Token,
            TaskCreationOptions.LongRunning,
            TaskScheduler.Default);

        for (var scan = 0; scan < 30; scan++)
            Assert.Empty(store.Replication.ScanDigests());
        stop.Cancel();
        Guard.Run(() => writer.Wait());

        Assert.Null(store.Replication.FindDigestFault());
        Assert.Equal(0, store.Replication.DigestMismatches);
    }

    private static HonuStoreOptions Manual => CareStore.Options with { MaintenanceInterval = Timeout.InfiniteTimeSpan };

    private static UInt128 DigestOf(HonuStore store, string ns = HonuStore.DefaultNamespace)
    {
        Assert.True(store.Replication.TryGetDigest(ns, out var digest), $"the digest of {ns} is not known");
        return digest;
    }

    internal static byte[] BlockOf(string key, string value, VersionId version)
    {
        var (keyBytes, valueBytes) = (Encoding.UTF8.GetBytes(key), Encoding.UTF8.GetBytes(value));
        var written = new RecordWriter().Write(keyBytes, valueBytes, RecordChecksum.OfValue(valueBytes), isTombstone: false, version, parent: default, context: null, version.Replica, default);
        Assert.True(RecordReader.TryParse(written, out var record));
        var block = new RecordBlockWriter();
        block.Add(keyBytes, record);
        return block.Bytes.ToArray();
    }
}
