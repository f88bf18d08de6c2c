using Honu.Format;
using Honu.TestKit;

namespace Honu.Tests.Care;

public class ReadOnlyTests
{
    private static readonly HonuStoreOptions ReadOnly = CareStore.Options with { ReadOnly = true };

    [Fact]
    public void Default_IsOff() => Assert.False(new HonuStoreOptions().ReadOnly);

    [Fact]
    public void Open_ReadOnly_ReadsEverythingAndWritesNothing()
    {
        var disk = new FaultyDisk();
        string state;
        StoreIdentity identity;
        using (var store = HonuStore.Open("faulty", CareStore.Options with { Engine = disk }))
        {
            CareStore.Fill(store);
            state = CareStore.Describe(store);
            identity = store.Identity;
        }

        var (before, writes) = (disk.Fingerprint(), disk.Writes);
        var reader = HonuStore.Open("faulty", ReadOnly with { Engine = disk, Pid = null });
        Assert.Equal(state, CareStore.Describe(reader));
        using (var snapshot = reader.CreateSnapshot())
            Assert.Equal(["default", "other"], snapshot.Namespaces);
        using (reader.Replication.CreateSnapshot())
            Assert.Equal(2, reader.Replication.Summaries().Count);
        Assert.True(reader.Verify().IsHealthy);
        Assert.Equal(identity, reader.Identity);
        reader.Dispose();

        Assert.Equal((before, writes), (disk.Fingerprint(), disk.Writes));
    }

    [Fact]
    public void Write_ReadOnly_IsATypedError()
    {
        using var directory = new TestDirectory();
        using (var store = HonuStore.Open(directory.Combine("store"), CareStore.Options))
            CareStore.Fill(store);
        using var reader = HonuStore.Open(directory.Combine("store"), ReadOnly);
        var batch = new HonuWriteBatch();
        batch.Put("k"u8, "v"u8);
        var peer = new VersionVector();
        peer.Advance(reader.Identity.Replica, StoreLimits.MaxScalar);
        Action[] writes =
        [
            () => reader.Put("k"u8, "v"u8),
            () => reader.Namespace("new").Put("k"u8, "v"u8),
            () => reader.TryPut("k"u8, "v"u8, default, out _),
            () => reader.Delete(CareStore.Key(1)),
            () => reader.Write(batch),
            reader.Compact,
            () => reader.Replication.Apply("other", [], cursor: null, join: null),
            () => reader.Replication.Describe(new ReplicaId(3, 0), new ReplicaDescription("r", "o", Guid.NewGuid())),
            () => reader.Replication.BeginNewEpochIfSetBack("default", peer),
            reader.Replication.Barrier,
        ];

        foreach (var write in writes)
        {
            var error = Assert.Throws<HonuException>(write);
            Assert.Equal(HonuErrorCode.ReadOnly, error.Code);
            Assert.Contains("reading only", error.Message, StringComparison.Ordinal);
        }

        Assert.NotNull(reader.Get(CareStore.Key(1)));
        Assert.Equal(81, reader.GetStatistics().Namespaces.Sum(static ns => ns.Objects + ns.Tombstones));
        Assert.Throws<HonuStoreLockedException>(() => HonuStore.Open(directory.Combine("store"), ReadOnly));
    }

    [Fact]
    public void Open_ReadOnlyAfterAPowerLoss_ReadsAndLeavesTheNewEpochToTheNextWriter()
    {
        var disk = new FaultyDisk();
        var store = HonuStore.Open("faulty", CareStore.Options with { Engine = disk });
        CareStore.Fill(store);
        store.Replication.Barrier();
        var (state, replica) = (CareStore.Describe(store), store.Identity.Replica);
        disk.LosePower();
        var before = disk.Fingerprint();
        var later = CareStore.Options with { Engine = disk, Environment = new StoreEnvironment { BootId = "later" } };

        using (var reader = HonuStore.Open("faulty", later with { ReadOnly = true }))
        {
            Assert.Equal(state, CareStore.Describe(reader));
            Assert.Equal(replica, reader.Identity.Replica);
        }

        Assert.Equal(before, disk.Fingerprint());
        using var writer = HonuStore.Open("faulty", later);
        Assert.NotEqual(replica, writer.Identity.Replica);
    }

    [Fact]
    public void BackupTo_ReadOnlyAfterAPowerLoss_SettlesTheCopyAtItsOpening()
    {
        using var directory = new TestDirectory();
        using (var store = HonuStore.Open(directory.Combine("store"), CareStore.Options))
            CareStore.Fill(store);
        CareStore.Edit(directory.Combine("store"), static (_, batch) => RunRecord.Write(batch, "a boot long ago", isClean: false));
        using (var reader = HonuStore.Open(directory.Combine("store"), ReadOnly))
            reader.BackupTo(directory.Combine("backup"));

        using var restored = HonuStore.Open(directory.Combine("backup"), CareStore.Options);

        Assert.DoesNotContain(new ReplicaId(2, 0), restored.Replication.State("other").Vector.Origins);
    }

    [Fact]
    public void Open_ReadOnlyWithoutAStore_IsAnErrorAndCreatesNothing()
    {
        using var directory = new TestDirectory();

        Assert.Equal(HonuErrorCode.NotAStore, Assert.Throws<HonuFormatException>(() => HonuStore.Open(directory.Combine("store"), ReadOnly)).Code);
        Assert.Empty(Directory.EnumerateFileSystemEntries(directory.Path));

        // What a kill leaves between the marker and the database.
        Directory.CreateDirectory(directory.Combine("begun"));
        File.WriteAllText(directory.Combine("begun", "HONU"), "honu format 1\n");
        Assert.Equal(HonuErrorCode.NotAStore, Assert.Throws<HonuFormatException>(() => HonuStore.Open(directory.Combine("begun"), ReadOnly)).Code);
        Assert.Equal(["HONU"], Directory.GetFiles(directory.Combine("begun")).Select(Path.GetFileName));
        Assert.Throws<HonuFormatException>(() => HonuStore.Open("memory", ReadOnly with { Engine = global::Honu.Engines.MemoryEngine.Factory }));
    }
}
