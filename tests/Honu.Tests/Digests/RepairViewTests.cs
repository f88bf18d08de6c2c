using System.Globalization;
using System.Text;
using Honu.Engines;
using Honu.Format;
using Honu.TestKit;
using Honu.Tests.Care;
using Honu.Tests.Kit;
using Xunit.Abstractions;

namespace Honu.Tests.Digests;

/// <summary>
/// T13: a record vanishes at one replica while vectors stay equal. Two stores, of which one loses records behind its back, find what differs by
/// buckets, parts and items as a session does, and take the union. Counts the bytes that would be sent.
/// </summary>
public sealed class RepairViewTests(ITestOutputHelper output) : IDisposable
{
    private readonly TestDirectory _directory = new();
    private OpenEngine _one = new(MemoryEngine.Factory);
    private OpenEngine _two = new(MemoryEngine.Factory);

    public void Dispose() => _directory.Dispose();

    [Fact]
    public void Repair_ARecordVanished_IsBroughtBackAndDeletedNowhere()
    {
        using var one = Open(1, _one);
        using var two = Open(2, _two);
        Fill(one, 20);
        PeerStream.Send(one, two);
        one.Put(Key(3), "again"u8);
        PeerStream.Send(one, two);
        two.Replication.ScanDigests();
        Lose(_two, Key(3), Key(7));
        AssertOnlyAScanTells(one, two, lost: 2);

        var sent = Repair(one, two);

        Assert.Equal((2, 0), (sent.ToTwo, sent.ToOne));
        Assert.Equal(CareStore.Describe(one), CareStore.Describe(two));
        AssertEqual(one, two);
        Assert.Empty(two.Verify().Problems);
        two.Put(Key(3), "on top of it"u8);
        Assert.Equal(["on top of it", "again", "value 3"], two.History(Key(3)).Select(static version => Encoding.UTF8.GetString(version.Value.Span)));
    }

    /// <summary>Both have lost something, one of them after a clean close, in a closed directory.</summary>
    [Fact]
    public void Repair_BothLostSomething_TakesTheUnion()
    {
        var paths = new[] { _directory.Combine("one"), _directory.Combine("two") };
        using (var one = Open(1, LevelDbEngine.Factory, paths[0]))
        using (var two = Open(2, LevelDbEngine.Factory, paths[1]))
        {
            Fill(one, 300);
            PeerStream.Send(one, two);
        }

        CareStore.Edit(paths[0], static (_, batch) => batch.Delete(CareStore.CurrentKey(0, Key(17))));
        CareStore.Edit(paths[1], static (_, batch) => batch.Delete(CareStore.CurrentKey(0, Key(4))));
        using var first = Open(1, LevelDbEngine.Factory, paths[0]);
        using var second = Open(2, LevelDbEngine.Factory, paths[1]);
        Assert.Equal(first.Replication.Summaries()["default"], second.Replication.Summaries()["default"]);
        Assert.True(first.Replication.TryGetDigest("default", out var kept) && second.Replication.TryGetDigest("default", out var other) && kept == other);
        Assert.Single(first.Replication.ScanDigests());
        Assert.Single(second.Replication.ScanDigests());

        var sent = Repair(first, second);

        Assert.Equal((1, 1), (sent.ToTwo, sent.ToOne));
        AssertEqual(first, second);
        Assert.Equal(300, first.Namespace("default").Count());
        Assert.Equal(CareStore.Describe(first), CareStore.Describe(second));
    }

    /// <summary>The size of the claim, scaled: 100 differences among 100,000 objects, in at most 256 KiB for a million.</summary>
    [Fact]
    public void Repair_AHundredOfAHundredThousand_FindsEachWithFewBytes() => RepairMany(objects: 100_000, differences: 100, maxBytes: 64 << 10);

    /// <summary>The full size, on LevelDB. By hand: <c>HONU_LARGE_REPAIR=1</c>.</summary>
    [Fact]
    public void Repair_AHundredOfAMillion_FindsEachWithFewBytes()
    {
        if (Environment.GetEnvironmentVariable("HONU_LARGE_REPAIR") is null)
            return;
        (_one, _two) = (new OpenEngine(LevelDbEngine.Factory), new OpenEngine(LevelDbEngine.Factory));
        RepairMany(objects: 1_000_000, differences: 100, maxBytes: 256 << 10);
    }

    /// <summary>A lost overwrite brings back an older version, and a lost deletion the object: the later version wins, also a tombstone that no digest shows.</summary>
    [Fact]
    public void Repair_AnOlderVersionIsBack_TheLaterOneWins()
    {
        using var one = Open(1, _one);
        using var two = Open(2, _two);
        Fill(one, 10);
        var older = new[] { 1, 2 }.Select(i => Raw(_one, Key(i))).ToArray();
        one.Put(Key(1), "later"u8);
        one.Delete(Key(2));
        PeerStream.Send(one, two);
        _two.Edit((_, batch) =>
        {
            batch.Put(CareStore.CurrentKey(0, Key(1)), older[0]);
            batch.Put(CareStore.CurrentKey(0, Key(2)), older[1]);
        });
        two.Replication.ScanDigests();

        Repair(one, two);

        Assert.Equal("later"u8.ToArray(), two.Get(Key(1)));
        Assert.Equal("later"u8.ToArray(), one.Get(Key(1)));
        Assert.Null(one.Get(Key(2)));
        Assert.Null(two.Get(Key(2)));
        AssertEqual(one, two);
    }

    [Fact]
    public void Repair_ADamagedRecord_IsReplaced()
    {
        using var one = Open(1, _one);
        using var two = Open(2, _two);
        Fill(one, 10);
        PeerStream.Send(one, two);
        _two.Edit(static (engine, batch) => batch.Put(CareStore.CurrentKey(0, Key(5)), CareStore.Flipped(engine, CareStore.CurrentKey(0, Key(5)), -1)));
        two.Replication.ScanDigests();
        Assert.False(two.Replication.TryGetDigest("default", out _));

        Repair(one, two);
        two.Replication.ScanDigests();

        Assert.Equal("value 5"u8.ToArray(), two.Get(Key(5)));
        AssertEqual(one, two);
    }

    /// <summary>What was here when the view was made, and is gone now, was removed on purpose: an old record of a peer must not bring it back.</summary>
    [Fact]
    public void ApplyRepair_RecordsWereRemovedSinceTheView_BringsNothingBack()
    {
        using var one = Open(1, _one);
        using var two = Open(2, _two);
        Fill(one, 3);
        PeerStream.Send(one, two);
        using var theirs = one.Replication.CreateRepairView("default");
        using var ours = two.Replication.CreateRepairView("default");
        var block = All(theirs);
        Remove(two, _two, Key(1));

        var result = two.Replication.ApplyRepair(ours, block.Bytes.Span);

        Assert.Equal(0, result.Updates.Changes);
        Assert.Null(two.Get(Key(1)));
        Assert.Null(two.Replication.FindDigestFault());
        using var after = two.Replication.CreateRepairView("default");
        Assert.Equal(1, two.Replication.ApplyRepair(after, block.Bytes.Span).Updates.Changes);
    }

    [Fact]
    public void ApplyRepair_NamespaceWasDropped_DoesNothing()
    {
        using var one = Open(1, _one);
        Fill(one, 3);
        using var view = one.Replication.CreateRepairView("default");
        var block = All(view);
        one.DropNamespace("default");

        Assert.Equal(0, one.Replication.ApplyRepair(view, block.Bytes.Span).Updates.Total);

        Assert.Empty(one.Namespaces);
    }

    [Fact]
    public void ApplyRepair_DamagedBlock_ChangesNothing()
    {
        using var one = Open(1, _one);
        using var two = Open(2, _two);
        Fill(one, 3);
        two.Put("own"u8, "v"u8);
        using var theirs = one.Replication.CreateRepairView("default");
        using var ours = two.Replication.CreateRepairView("default");
        var block = All(theirs).Bytes.ToArray();
        block[^1] ^= 1;

        var error = Assert.Throws<HonuException>(() => two.Replication.ApplyRepair(ours, block));

        Assert.Equal(HonuErrorCode.MalformedRecord, error.Code);
        Assert.Equal(1, two.Count());
    }

    [Fact]
    public void CreateRepairView_OtherNumbersOfBuckets_SayTheSame()
    {
        using var store = Open(1, _one);
        Fill(store, 3_000);
        using var chosen = store.Replication.CreateRepairView("default");
        Assert.Equal((16, 3_000), (chosen.Buckets, chosen.Objects));
        Assert.True(store.Replication.TryGetDigest("default", out var digest));
        Assert.Equal(digest, chosen.Digest);
        for (var buckets = 1; buckets <= RepairView.MaxBuckets; buckets *= 2)
        {
            using var view = store.Replication.CreateRepairView("default", buckets);
            Assert.Equal(buckets, view.Buckets);
            Assert.Equal((ulong)digest, view.Sums.Aggregate(0UL, static (sum, next) => sum + next));
            Assert.Equal(view.Sums, view.PartSums([.. Enumerable.Range(0, buckets)]).Chunk(16).Select(static parts => parts.Aggregate(0UL, static (sum, next) => sum + next)));
            if (buckets == chosen.Buckets)
                Assert.Empty(chosen.Compare(view.Sums));
        }

        using var none = store.Replication.CreateRepairView("never written");
        Assert.Equal((1, 0), (none.Buckets, none.Objects));
        Assert.Equal([0UL], none.Sums);
    }

    /// <summary>The hash of keys is part of the protocol, like the elements.</summary>
    [Fact]
    public void Sums_KnownKeys_FallIntoTheSameBucketsForEver()
    {
        using var store = Open(1, _one);
        Fill(store, 5);
        using var view = store.Replication.CreateRepairView("default", buckets: 4096);

        Assert.Equal("391 1463 2049 2639 2851", string.Join(' ', view.Compare(new ulong[4096])));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(3)]
    [InlineData(131_072)]
    [InlineData(-1)]
    public void CreateRepairView_ImpossibleNumberOfBuckets_IsAnArgumentError(int buckets)
    {
        using var store = Open(1, _one);

        Assert.Throws<ArgumentOutOfRangeException>(() => store.Replication.CreateRepairView("default", buckets));
    }

    [Fact]
    public void View_NumbersThatMakeNoSense_AreArgumentErrors()
    {
        using var store = Open(1, _one);
        Fill(store, 3);
        using var view = store.Replication.CreateRepairView("default", buckets: 4);

        Assert.Throws<ArgumentException>(() => view.Compare(new ulong[3]));
        Assert.Throws<ArgumentException>(() => view.PartSums([4]));
        Assert.Throws<ArgumentException>(() => view.PartSums([-1]));
        Assert.Throws<ArgumentException>(() => view.CompareParts([1], new ulong[15]));
        Assert.Throws<ArgumentException>(() => view.Items([64]));
        Assert.Throws<ArgumentException>(() => view.Items([3, 3]));
    }

    [Fact]
    public void Items_MoreThanTheLimit_LeavesPartsOut()
    {
        using var store = Open(1, _one);
        Fill(store, 500);
        using var view = store.Replication.CreateRepairView("default", buckets: 1);
        int[] parts = [.. Enumerable.Range(0, 16)];

        var all = view.Items(parts);
        var some = view.Items(parts, maxItems: 100);
        var one = view.Items(parts, maxItems: 1);

        Assert.Equal((16, 500), (all.Count, all.Sum(static items => items.Length)));
        Assert.InRange(some.Count, 1, 5);
        Assert.InRange(some.Sum(static items => items.Length), 1, 100);
        Assert.Equal(all[0], Assert.Single(one));
        var block = new RecordBlockWriter();
        Assert.Equal(all[1].Length, view.Read(all[1], 0, block, int.MaxValue));
        Assert.Equal(0, block.Count);
    }

    private void RepairMany(int objects, int differences, int maxBytes)
    {
        using var one = Open(1, _one, _directory.Combine("one"));
        using var two = Open(2, _two, _directory.Combine("two"));
        Fill(one, objects);
        Replicated.Pull(two, one);
        var lost = Enumerable.Range(0, differences).Select(i => Key((i * (objects / differences)) + (i % 7))).ToArray();
        Lose(_two, lost);
        var clock = System.Diagnostics.Stopwatch.StartNew();
        Assert.Equal(differences, Assert.Single(two.Replication.ScanDigests()).Missing);
        output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"scan of {objects:N0} objects: {clock.Elapsed}"));

        var sent = Repair(one, two);

        output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{objects:N0} objects, {differences} differences: {sent}"));
        Assert.Equal((differences, 0), (sent.ToTwo, sent.ToOne));
        Assert.InRange(sent.CompareBytes, 1, maxBytes);
        AssertEqual(one, two);
    }

    // What two sessions do, one step after the other, with the bytes that each message's numbers take.
    private static Exchange Repair(HonuStore one, HonuStore two)
    {
        var clock = System.Diagnostics.Stopwatch.StartNew();
        using var first = one.Replication.CreateRepairView("default");
        using var second = two.Replication.CreateRepairView("default", first.Buckets);
        var scan = clock.Elapsed / 2;
        Assert.Equal(first.Summary, second.Summary);

        var buckets = second.Compare(first.Sums);
        var parts = first.CompareParts(buckets, second.PartSums(buckets));
        clock.Restart();
        var (ofFirst, ofSecond) = (first.Items(parts), second.Items(parts));
        var items = clock.Elapsed / 2;
        var toTwo = ofFirst.SelectMany(static part => part).Except(ofSecond.SelectMany(static part => part)).ToArray();
        var toOne = ofSecond.SelectMany(static part => part).Except(ofFirst.SelectMany(static part => part)).ToArray();
        var block = new RecordBlockWriter();
        var better = new RecordBlockWriter();
        var changed = (ToTwo: 0L, ToOne: 0L);
        for (var at = 0; at < toOne.Length; block.Clear())
        {
            at = second.Read(toOne, at, block, 4096);
            changed.ToOne += one.Replication.ApplyRepair(first, block.Bytes.Span, better).Updates.Changes;
        }

        if (better.Count > 0)
            two.Replication.ApplyRepair(second, better.Bytes.Span);
        for (var at = 0; at < toTwo.Length; block.Clear())
        {
            at = first.Read(toTwo, at, block, 4096);
            changed.ToTwo += two.Replication.ApplyRepair(second, block.Bytes.Span).Updates.Changes;
        }

        var bytes = (first.Buckets * 8) + (buckets.Length * (4 + (16 * 8))) + (parts.Length * 8) + (ofFirst.Sum(static part => part.Length) * 8) + (toTwo.Length * 8);
        return new Exchange(changed.ToTwo, changed.ToOne, bytes, buckets.Length, parts.Length, scan, items);
    }

    private static void AssertOnlyAScanTells(HonuStore one, HonuStore two, long lost)
    {
        Assert.Equal(one.Replication.Summaries()["default"], two.Replication.Summaries()["default"]);
        var (before, after) = (one.Replication.DescribeNamespaces()["default"], two.Replication.DescribeNamespaces()["default"]);
        Assert.Equal(before.Digest, after.Digest);
        Assert.Empty(one.Replication.ScanDigests());
        Assert.Equal(lost, Assert.Single(two.Replication.ScanDigests()).Missing);
        Assert.NotEqual(before.Digest, two.Replication.DescribeNamespaces()["default"].Digest);
    }

    private static void AssertEqual(HonuStore one, HonuStore two)
    {
        Assert.Null(one.Replication.FindDigestFault());
        Assert.Null(two.Replication.FindDigestFault());
        Assert.True(one.Replication.TryGetDigest("default", out var first));
        Assert.True(two.Replication.TryGetDigest("default", out var second));
        Assert.Equal(first, second);
    }

    private static RecordBlockWriter All(RepairView view)
    {
        var block = new RecordBlockWriter();
        var items = view.Items([.. Enumerable.Range(0, view.Buckets * 16)]).SelectMany(static part => part).ToArray();
        view.Read(items, 0, block, int.MaxValue);
        return block;
    }

    // What a purge or a reconcile does: the record goes, and the books learn of it.
    private static void Remove(HonuStore store, OpenEngine engine, byte[] key)
    {
        using var view = store.Replication.CreateRepairView("default");
        Assert.True(RecordReader.TryParse(Raw(engine, key), out var record));
        var before = Honu.Digests.CurrentRecord.Of(record);
        engine.Edit((_, batch) => batch.Delete(CareStore.CurrentKey(0, key)));
        new Writing.StagedWrite(view.State!, Now: default, before, IsLocal: false).Publish(view.Core.Trimmer);
    }

    private static byte[] Raw(OpenEngine engine, byte[] key)
    {
        byte[] bytes = [];
        engine.Edit((opened, _) =>
        {
            using var found = opened.Get(CareStore.CurrentKey(0, key));
            bytes = found.Span.ToArray();
        });
        return bytes;
    }

    private static void Lose(OpenEngine engine, params byte[][] keys) => engine.Edit((_, batch) =>
    {
        foreach (var key in keys)
            batch.Delete(CareStore.CurrentKey(0, key));
    });

    private static void Fill(HonuStore store, int objects)
    {
        for (var i = 0; i < objects; i++)
            store.Put(Key(i), Encoding.UTF8.GetBytes($"value {i}"));
    }

    private static byte[] Key(int i) => Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $"key/{i:D7}"));

    private static HonuStore Open(uint pid, IStorageEngineFactory engine, string path = "memory") => HonuStore.Open(path, new HonuStoreOptions
    {
        Pid = pid,
        Clock = VersionClock.Lamport,
        Engine = engine,
        MaintenanceInterval = Timeout.InfiniteTimeSpan,
    });

    private sealed record Exchange(long ToTwo, long ToOne, int CompareBytes, int Buckets, int Parts, TimeSpan ScanTime, TimeSpan ItemsTime);
}
