using System.Text;
using Honu.TestKit;

namespace Honu.Tests.Store;

public class DeleteRangeTests
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void DeletePrefix_MoreObjectsThanACommitTakes_DeletesThemAll(bool inMemory)
    {
        using var open = new OpenStore(inMemory);
        for (var i = 0; i < 1300; i++)
            open.Store.Put(Encoding.UTF8.GetBytes($"a/{i}"), "v"u8);
        open.Store.Put("a"u8, "stays"u8);
        open.Store.Put("a0"u8, "stays"u8);

        var deleted = open.Store.DeletePrefix("a/"u8);

        Assert.Equal(1300, deleted);
        Assert.Equal(["a", "a0"], OpenStore.Keys(open.Store));
        Assert.Equal(1300, open.Store.Count(new ScanOptions { Prefix = [.. "a/"u8], IncludeTombstones = true }));
        Assert.Equal("v"u8.ToArray(), open.Store.History("a/7"u8)[1].Value.ToArray());
        Assert.Equal(0, open.Store.DeletePrefix("a/"u8));
        Assert.Equal(2, open.Store.History("a/7"u8).Count);
    }

    [Fact]
    public void DeleteRange_FromToAndLimit_DeletesThoseOnly()
    {
        using var open = new OpenStore();
        foreach (var key in "abcdef")
            open.Store.Put([(byte)key], "v"u8);
        open.Store.Delete("c"u8);

        Assert.Equal(2, open.Store.DeleteRange(new ScanOptions { From = [.. "b"u8], To = [.. "f"u8], Limit = 2 }));

        Assert.Equal(["a", "e", "f"], OpenStore.Keys(open.Store));
    }

    [Fact]
    public void DeleteRange_OfAMissingNamespace_CreatesNothing()
    {
        using var open = new OpenStore();

        Assert.Equal(0, open.Store.Namespace("none").DeleteRange(new ScanOptions()));

        Assert.Empty(open.Store.Namespaces);
    }

    [Fact]
    public void DeleteRange_InASnapshot_IsRefused()
    {
        using var open = new OpenStore();
        using var snapshot = open.Store.CreateSnapshot();

        Assert.Throws<InvalidOperationException>(() => snapshot.Namespace("default").DeletePrefix("a"u8));
    }

    /// <summary>Each commit holds 512 tombstones at most, and fewer when the values that go to history are large.</summary>
    [Theory]
    [InlineData(1024, 10, 2)]
    [InlineData(16, 1 << 20, 4)]
    public void DeleteRange_Commits_AreBounded(int objects, int valueBytes, int commits)
    {
        var disk = new FaultyDisk();
        using var store = HonuStore.Open("disk", new HonuStoreOptions { Engine = disk, MaintenanceInterval = Timeout.InfiniteTimeSpan });
        for (var i = 0; i < objects; i++)
            store.Put(Encoding.UTF8.GetBytes($"{i:00000}"), new byte[valueBytes]);
        var before = disk.Writes;

        Assert.Equal(objects, store.DeleteRange(new ScanOptions()));

        // Index entries that no longer count are removed in writes of their own.
        Assert.InRange(disk.Writes - before, commits, (2 * commits) + 1);
    }
}
