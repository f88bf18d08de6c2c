using System.Globalization;
using System.Text;
using Honu.Format;
using Honu.TestKit;

namespace Honu.Tests.Care;

public sealed class BackupTests : IDisposable
{
    private readonly TestDirectory _directory = new();

    private string Source => _directory.Combine("source");

    private string Backup => _directory.Combine("backup");

    public void Dispose() => _directory.Dispose();

    // Two threads write their sequences into two namespaces; what a backup holds of each is a beginning of it, and the later backup holds no less.
    [Fact]
    public async Task BackupTo_WhileTwoThreadsWrite_IsAStateThatExisted()
    {
        const int Rounds = 100;
        const int PerRound = 10;
        using var store = HonuStore.Open(Source, CareStore.Options with { WriteBufferBytes = 64 << 10 });
        using var allowance = new SemaphoreSlim(0);
        var last = new int[2];
        var writers = Enumerable.Range(0, 2).Select(thread => Task.Factory.StartNew(
            () =>
            {
                var ns = store.Namespace($"writer{thread}");
                for (var i = 1; i <= Rounds * PerRound; i++)
                {
                    Assert.True(allowance.Wait(Guard.DefaultTimeout));
                    ns.Put(Numbered(i), Numbered(i));
                    ns.Put("latest"u8, Numbered(i));
                    Volatile.Write(ref last[thread], i);
                }
            },
            CancellationToken.None,
            TaskCreationOptions.LongRunning,
            TaskScheduler.Default)).ToArray();

        var epochs = new HashSet<ReplicaId>();
        for (var round = 0; round < Rounds; round++)
        {
            var target = _directory.Combine($"backup{round}");
            var before = (Volatile.Read(ref last[0]), Volatile.Read(ref last[1]));
            allowance.Release(2 * PerRound);
            store.BackupTo(target);
            using (var restored = HonuStore.Open(target))
            {
                Assert.True(CountPrefix(restored, 0) >= before.Item1);
                Assert.True(CountPrefix(restored, 1) >= before.Item2);
                Assert.True(round % 10 != 0 || restored.Verify().IsHealthy);
                Assert.True(epochs.Add(restored.Identity.Replica));
            }

            Directory.Delete(target, recursive: true);
        }

        await Guard.Within(Task.WhenAll(writers));
        Assert.DoesNotContain(store.Identity.Replica, epochs);
    }

    [Fact]
    public void BackupTo_OpenedInPlace_HoldsEverythingUnderANewEpoch()
    {
        using var store = HonuStore.Open(Source, CareStore.Options);
        CareStore.Fill(store);
        store.Replication.Barrier();
        var vector = store.Replication.State("other").Vector;

        var report = store.BackupTo(Backup);

        Assert.True(report.Entries > 100 && report.Bytes > 1000);
        using var restored = HonuStore.Open(Backup, CareStore.Options);
        Assert.Equal(CareStore.Describe(store), CareStore.Describe(restored));
        Assert.Equal(store.Identity.StoreId, restored.Identity.StoreId);
        Assert.Equal(store.Identity.Replica.Pid, restored.Identity.Replica.Pid);
        Assert.NotEqual(store.Identity.Replica, restored.Identity.Replica);
        Assert.NotEqual(store.Identity.Incarnation, restored.Identity.Incarnation);
        var replication = restored.Replication.State("other");
        var (restoredVector, loose) = (replication.Vector, replication.LooseRecords);
        Assert.Equal(0, loose);
        Assert.True(restoredVector.Dominates(vector));
        Assert.True(restored.Put("new"u8, "v"u8).Id.Scalar > store.Replication.ClockScalar);
        Assert.True(restored.Verify().IsHealthy);

        // A second opening is no copy any more.
        var replica = restored.Identity.Replica;
        restored.Dispose();
        using var again = HonuStore.Open(Backup, CareStore.Options);
        Assert.Equal(replica, again.Identity.Replica);
    }

    // R12, T11: one backup restored on two machines. The second is a copy of the files, as a person makes it.
    [Fact]
    public void Backup_OpenedInTwoPlaces_NeverMakesOneVersionTwice()
    {
        using var store = HonuStore.Open(Source, CareStore.Options);
        CareStore.Fill(store);
        store.BackupTo(Backup);
        CopyFiles(Backup, _directory.Combine("elsewhere"));
        HonuStore.Restore(Backup, _directory.Combine("restored"));

        using var one = HonuStore.Open(Backup);
        using var two = HonuStore.Open(_directory.Combine("elsewhere"));
        using var three = HonuStore.Open(_directory.Combine("restored"));

        HonuStore[] all = [store, one, two, three];
        Assert.Equal(4, all.Select(static copy => copy.Identity.Replica).Distinct().Count());
        Assert.Equal(4, all.Select(static copy => copy.Identity.Incarnation).Distinct().Count());
        Assert.Equal(4, all.Select(static copy => copy.Put("k"u8, "v"u8).Id).Distinct().Count());
    }

    [Fact]
    public void BackupTo_CursorsAndDigestsStayBehindAndAllElseTravels()
    {
        using (var store = HonuStore.Open(Source, CareStore.Options))
        {
            CareStore.Fill(store);
            var cursor = new StreamCursor(new ReplicaId(9, 0), Guid.NewGuid(), new VersionVector(), new VersionId(5, new ReplicaId(9, 0)));
            store.Replication.Apply("other", [], cursor, join: null);
        }

        // A key space of a later feature, in a store that is open.
        CareStore.Edit(Source, static (_, batch) => batch.Put("~something"u8, "later"u8));
        using (var store = HonuStore.Open(Source, CareStore.Options))
        {
            Assert.NotNull(store.Replication.FindCursor("other", new ReplicaId(9, 0)));
            store.BackupTo(Backup);
        }

        var (source, copy) = (CareStore.Entries(Source), CareStore.Entries(Backup));
        Assert.Contains(source.Keys, static key => key.StartsWith("50", StringComparison.Ordinal));
        Assert.DoesNotContain(copy.Keys, static key => key[..2] is "50" or "44");
        var own = new[] { MetaRecords.Identity, MetaRecords.Run, MetaRecords.Clock, MetaRecords.Filter }.Select(static name => Convert.ToHexString(MetaRecords.Key(name))).ToList();
        foreach (var (key, value) in source.Where(pair => pair.Key[..2] is not ("50" or "44") && !own.Contains(pair.Key)))
            Assert.Equal(value, copy[key]);
    }

    [Fact]
    public void BackupTo_StoreInMemory_BecomesADirectory()
    {
        using var store = HonuStore.OpenInMemory();
        CareStore.Fill(store);

        store.BackupTo(Backup);

        using var restored = HonuStore.Open(Backup);
        Assert.Equal(CareStore.Describe(store), CareStore.Describe(restored));
        Assert.NotEqual(store.Identity.Replica, restored.Identity.Replica);
    }

    [Fact]
    public void BackupTo_DirectoryInUse_IsRefusedAndStaysAsItIs()
    {
        using var store = HonuStore.Open(Source);
        CareStore.Fill(store, objects: 3);
        store.BackupTo(Backup);
        var before = TestDirectory.Fingerprint(Backup);

        var error = Assert.Throws<HonuException>(() => store.BackupTo(Backup));

        Assert.Equal(HonuErrorCode.DirectoryNotEmpty, error.Code);
        Assert.Equal(before, TestDirectory.Fingerprint(Backup));
        Assert.Throws<ArgumentException>(() => store.BackupTo(Path.Combine(Source, "backup")));
        File.WriteAllText(_directory.Combine("file"), "text");
        Assert.Equal(HonuErrorCode.DirectoryNotEmpty, Assert.Throws<HonuException>(() => store.BackupTo(_directory.Combine("file"))).Code);
        Assert.Equal("text", File.ReadAllText(_directory.Combine("file")));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void BackupTo_GivenUp_LeavesNothing(bool directoryExists)
    {
        using var store = HonuStore.Open(Source);
        CareStore.Fill(store, objects: 2000);
        if (directoryExists)
            Directory.CreateDirectory(Backup);
        using var cancellation = new CancellationTokenSource();

        Assert.Throws<OperationCanceledException>(() => store.BackupTo(Backup, new Callback(_ => cancellation.Cancel()), cancellation.Token));

        Assert.Equal(directoryExists, Directory.Exists(Backup));
        Assert.True(!directoryExists || !Directory.EnumerateFileSystemEntries(Backup).Any());
        store.BackupTo(Backup);
    }

    [Fact]
    public void BackupTo_DamagedRecord_IsAnErrorAndLeavesNothing()
    {
        using (var store = HonuStore.Open(Source))
            CareStore.Fill(store);
        var key = CareStore.CurrentKey(0, CareStore.Key(7));
        CareStore.Edit(Source, (engine, batch) => batch.Put(key, CareStore.Flipped(engine, key, -1)));
        using var damaged = HonuStore.Open(Source);

        Assert.Throws<HonuCorruptionException>(() => damaged.BackupTo(Backup));

        Assert.False(Directory.Exists(Backup));
    }

    [Fact]
    public void Restore_OfABackup_GivesTheStateBackAndMayBeRepeated()
    {
        string state;
        using (var store = HonuStore.Open(Source))
        {
            CareStore.Fill(store);
            state = CareStore.Describe(store);
            store.BackupTo(Backup);
            store.Put(CareStore.Key(1), "later"u8);
        }

        for (var i = 0; i < 2; i++)
        {
            var path = _directory.Combine($"restored{i}");
            HonuStore.Restore(Backup, path);
            using var restored = HonuStore.Open(path);
            Assert.Equal(state, CareStore.Describe(restored));
        }

        Assert.Equal(HonuErrorCode.DirectoryNotEmpty, Assert.Throws<HonuException>(() => HonuStore.Restore(Backup, Source)).Code);
        Assert.Equal(HonuErrorCode.NotAStore, Assert.Throws<HonuFormatException>(() => HonuStore.Restore(_directory.Combine("nothing"), _directory.Combine("x"))).Code);
    }

    [Fact]
    public void Restore_OfADamagedBackup_IsAnErrorAndLeavesNothing()
    {
        using (var store = HonuStore.Open(Source))
        {
            CareStore.Fill(store);
            store.BackupTo(Backup);
        }

        var key = CareStore.CurrentKey(1, CareStore.Key(7));
        CareStore.Edit(Backup, (engine, batch) => batch.Put(key, CareStore.Flipped(engine, key, -1)));

        Assert.Throws<HonuCorruptionException>(() => HonuStore.Restore(Backup, _directory.Combine("restored")));

        Assert.False(Directory.Exists(_directory.Combine("restored")));
    }

    // A copy of a store that a power loss stopped must not count as settled.
    [Fact]
    public void Restore_OfAStoreAfterAPowerLoss_SettlesItAtItsOpening()
    {
        using (var store = HonuStore.Open(Source, CareStore.Options))
            CareStore.Fill(store);
        CareStore.Edit(Source, static (_, batch) => RunRecord.Write(batch, "a boot long ago", isClean: false));

        HonuStore.Restore(Source, Backup);

        using var restored = HonuStore.Open(Backup, CareStore.Options);
        Assert.False(restored.Replication.State("other").Vector.Origins.Contains(new ReplicaId(2, 0)), "No barrier vouched for what the other replica had sent.");
    }

    private static byte[] Numbered(int i) => Encoding.ASCII.GetBytes(i.ToString("D8", CultureInfo.InvariantCulture));

    private static int CountPrefix(HonuStore store, int thread)
    {
        var ns = store.Namespace($"writer{thread}");
        var count = 0;
        foreach (var entry in ns.Scan())
        {
            if (!entry.Key.SequenceEqual("latest"u8))
                Assert.Equal(Numbered(++count), entry.Key.ToArray());
        }

        // The second write of a pair may be missing, or just there.
        var latest = ns.Get("latest"u8) is { } value ? int.Parse(Encoding.ASCII.GetString(value), CultureInfo.InvariantCulture) : 0;
        Assert.InRange(latest, count - 1, count);
        return count;
    }

    private static void CopyFiles(string from, string to)
    {
        Directory.CreateDirectory(to);
        foreach (var file in Directory.EnumerateFiles(from))
            File.Copy(file, Path.Combine(to, Path.GetFileName(file)));
    }

    private sealed class Callback(Action<long> action) : IProgress<long>
    {
        public void Report(long value) => action(value);
    }
}
