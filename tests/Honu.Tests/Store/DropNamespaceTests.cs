using System.Text;
using Honu.Format;
using Honu.TestKit;
using Honu.Tests.Kit;

namespace Honu.Tests.Store;

public class DropNamespaceTests
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void DropNamespace_WithObjectsAndHistory_LeavesNothingBehind(bool inMemory)
    {
        using var open = new OpenStore(inMemory);
        Fill(open.Store.Namespace("gone"), 700);
        Fill(open.Store.Namespace("kept"), 10);
        var space = open.Store.Namespace("gone");
        Assert.NotNull(space.Get("0"u8));

        Assert.True(open.Store.DropNamespace("gone"));

        Assert.False(open.Store.DropNamespace("gone"));
        Assert.Equal(["kept"], open.Store.Namespaces);
        Assert.Null(space.Get("0"u8));
        Assert.Empty(space.History("0"u8));
        Assert.Equal(0, space.Count(new ScanOptions { IncludeTombstones = true }));
        Assert.Equal(10, open.Store.Namespace("kept").Count());
        var figures = Assert.Single(open.Store.GetStatistics().Namespaces);
        Assert.Equal((10, 20), (figures.Objects, figures.HistoryEntries));
    }

    [Fact]
    public void DropNamespace_UnknownName_DoesNothing()
    {
        using var open = new OpenStore();
        open.Store.Put("key"u8, "v"u8);
        var identity = open.Store.Identity;

        Assert.False(open.Store.DropNamespace("none"));

        Assert.Equal(identity, open.Store.Identity);
        Assert.ThrowsAny<ArgumentException>(() => open.Store.DropNamespace(""));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Put_IntoADroppedNamespace_BeginsAnEmptyOne(bool reopen)
    {
        using var open = new OpenStore(inMemory: false);
        open.Store.Put("other"u8, "x"u8);
        var space = open.Store.Namespace("n");
        space.SetRetention(Retention.All);
        Fill(space, 20);
        open.Store.DropNamespace("n");
        if (reopen)
            space = open.Reopen().Namespace("n");

        space.Put("1"u8, "new"u8);
        if (reopen)
            space = open.Reopen().Namespace("n");

        Assert.Equal("new"u8.ToArray(), space.Get("1"u8));
        Assert.Null(space.Get("2"u8));
        Assert.Single(space.History("1"u8));
        Assert.Equal(1, space.Count());
        Assert.Equal(Retention.Default, space.Retention);
        Assert.Equal("x"u8.ToArray(), open.Store.Get("other"u8));
    }

    [Fact]
    public void DropNamespace_WhileASnapshotIsOpen_LeavesTheSnapshotAsItIs()
    {
        using var open = new OpenStore(inMemory: false);
        Fill(open.Store.Namespace("n"), 5);
        using var snapshot = open.Store.CreateSnapshot();

        open.Store.DropNamespace("n");
        open.Store.Namespace("n").Put("new"u8, "v"u8);

        Assert.Equal(["n"], snapshot.Namespaces);
        Assert.Equal(5, snapshot.Namespace("n").Count());
        Assert.Null(snapshot.Namespace("n").Get("new"u8));
        Assert.Equal(2, snapshot.Namespace("n").History("0"u8).Count);
    }

    /// <summary>The disk fails at each write of the drop in turn, as after a kill there; the store is opened again and goes on.</summary>
    [Fact]
    public void DropNamespace_KilledAtAnyWrite_IsThereWhollyOrGoesOnAtTheNextOpen()
    {
        using var directory = new TestDirectory();
        Directory.CreateDirectory(directory.Combine("store"));
        for (var writes = 0; ; writes++)
        {
            var disk = new FaultyDisk();
            var options = new HonuStoreOptions { Engine = disk, MaintenanceInterval = Timeout.InfiniteTimeSpan };
            var store = HonuStore.Open(directory.Combine("store"), options);

            // The dropped one has the greatest id: the next to be given out, if nobody remembered.
            Fill(store.Namespace("kept"), 3);
            Fill(store.Namespace("gone"), 600);
            disk.WritesUntilFailure = writes;
            var failed = false;
            try
            {
                store.DropNamespace("gone");
            }
            catch (HonuException)
            {
                failed = true;
            }

            disk.WritesUntilFailure = null;
            Guard.Run(store.Dispose);
            using var again = HonuStore.Open(directory.Combine("store"), options);
            var space = again.Namespace("gone");
            if (again.Namespaces.Contains("gone"))
            {
                Assert.Equal(600, space.Count());
                Assert.True(failed);
                continue;
            }

            // Another namespace must not take the id while the old data are there.
            again.Namespace("next").Put("0"u8, "next"u8);
            space.Put("1"u8, "new"u8);
            while (again.RunMaintenance())
            {
            }

            Assert.Equal((1L, 1L, 3L), (space.Count(), again.Namespace("next").Count(), again.Namespace("kept").Count()));
            Assert.Single(space.History("1"u8));
            Assert.Single(again.Namespace("next").History("0"u8));
            Assert.Equal(6, again.GetStatistics().Namespaces.Sum(item => item.HistoryEntries));
            if (!failed)
                break;
        }
    }

    /// <summary>T9: what this replica wrote before the drop comes back from the others, also after it has written again.</summary>
    [Fact]
    public void DropNamespace_ThenWriteAndReceive_GetsItsOwnOldWritesBack()
    {
        using var a = new OpenStore();
        using var c = new OpenStore(inMemory: false);
        c.Store.Put("old"u8, "C1"u8);
        c.Store.Namespace("other").Put("kept"u8, "C2"u8);
        Assert.True(PeerStream.Send(c.Store, a.Store).Joined);

        c.Store.DropNamespace(HonuStore.DefaultNamespace);
        c.Store.Put("new"u8, "C3"u8);
        c.Reopen();
        Assert.True(PeerStream.Send(a.Store, c.Store).Joined);
        Assert.True(PeerStream.Send(c.Store, a.Store).Joined);

        Assert.Equal("C1"u8.ToArray(), c.Store.Get("old"u8));
        Assert.Equal("C3"u8.ToArray(), a.Store.Get("new"u8));
        Assert.Equal("C1"u8.ToArray(), a.Store.Get("old"u8));
        Assert.Equal(c.Store.Replication.Summaries()["default"], a.Store.Replication.Summaries()["default"]);
        Assert.Equal(0, c.Store.Replication.State("other").LooseRecords);
    }

    /// <summary>A stream's first part went with the namespace: its end must not claim that all of it is here.</summary>
    [Fact]
    public void DropNamespace_InTheMiddleOfAStream_KeepsItsEndFromJoining()
    {
        using var a = new OpenStore();
        using var c = new OpenStore();
        a.Store.Put("1"u8, "x"u8);
        a.Store.Put("2"u8, "y"u8);
        using var snapshot = a.Store.Replication.CreateSnapshot();
        var block = new RecordBlockWriter();
        var position = snapshot.ReadUncovered("default", new VersionVector(), default, block, 1, int.MaxValue);
        PeerStream.Chunk(a.Store, c.Store, "default", snapshot.Vector("default"), position, block);
        Assert.NotNull(c.Store.Get("1"u8));

        c.Store.DropNamespace("default");
        block.Clear();
        snapshot.ReadUncovered("default", new VersionVector(), position, block, 1, int.MaxValue);
        Assert.False(PeerStream.End(a.Store, c.Store, "default", new VersionVector(), snapshot.Vector("default"), block).Joined);

        Assert.True(PeerStream.Send(a.Store, c.Store).Joined);
        Assert.Equal("x"u8.ToArray(), c.Store.Get("1"u8));
        Assert.Equal("y"u8.ToArray(), c.Store.Get("2"u8));
    }

    private static void Fill(HonuNamespace space, int objects)
    {
        for (var round = 0; round < 2; round++)
        {
            for (var i = 0; i < objects; i++)
                space.Put(Encoding.UTF8.GetBytes($"{i}"), Encoding.UTF8.GetBytes($"value {i} {round}"));
        }
    }
}
