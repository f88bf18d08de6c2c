using System.Text;

namespace Honu.Tests.Store;

public class ScanAndSnapshotTests
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Scan_Filters_GiveTheRightKeys(bool inMemory)
    {
        using var open = new OpenStore(inMemory);
        var store = open.Store;
        foreach (var key in (string[])["a", "b", "b/1", "b/2", "b/3", "c"])
            store.Put(Encoding.UTF8.GetBytes(key), "v"u8);
        store.Namespace("other").Put("b/9"u8, "v"u8);
        store.Delete("b/2"u8);

        Assert.Equal(["a", "b", "b/1", "b/3", "c"], OpenStore.Keys(store));
        Assert.Equal(["b/1", "b/3"], OpenStore.Keys(store, ScanOptions.WithPrefix("b/"u8)));
        Assert.Equal(["b/1", "b/2", "b/3"], OpenStore.Keys(store, ScanOptions.WithPrefix("b/"u8) with { IncludeTombstones = true }));
        Assert.Equal(["b/3", "b/1"], OpenStore.Keys(store, ScanOptions.WithPrefix("b/"u8) with { Reverse = true }));
        Assert.Equal(["b", "b/1"], OpenStore.Keys(store, new ScanOptions { From = "b"u8.ToArray(), To = "b/3"u8.ToArray() }));
        Assert.Equal(["c", "b/3"], OpenStore.Keys(store, new ScanOptions { Reverse = true, Limit = 2 }));
        Assert.Equal(["b/3"], OpenStore.Keys(store, ScanOptions.WithPrefix("b/"u8) with { From = "b/2"u8.ToArray() }));
        Assert.Empty(OpenStore.Keys(store, new ScanOptions { From = "c"u8.ToArray(), To = "a"u8.ToArray() }));
        Assert.Empty(OpenStore.Keys(store, ScanOptions.WithPrefix("zz"u8)));
    }

    [Fact]
    public void Scan_PrefixOf0xFF_HasNoUpperEnd()
    {
        using var open = new OpenStore(inMemory: false);
        open.Store.Put([0xFE], "v"u8);
        open.Store.Put([0xFF], "v"u8);
        open.Store.Put([0xFF, 0xFF, 0xFF], "v"u8);
        open.Store.Namespace("next").Put([0xFF, 0xFF], "v"u8);

        Assert.Equal(2, OpenStore.Keys(open.Store, ScanOptions.WithPrefix([0xFF])).Count);
        Assert.Equal(2, OpenStore.Keys(open.Store, ScanOptions.WithPrefix([0xFF]) with { Reverse = true }).Count);
        Assert.Equal(3, OpenStore.Keys(open.Store, ScanOptions.WithPrefix([])).Count);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Scan_WritesWhileItRuns_AreNotSeen(bool inMemory)
    {
        using var open = new OpenStore(inMemory);
        for (byte key = 0; key < 50; key++)
            open.Store.Put([key], [key]);

        var seen = new List<byte>();
        foreach (var entry in open.Store.Scan())
        {
            seen.Add(entry.Key[0]);
            Assert.Equal(entry.Key[0], entry.Value[0]);
            open.Store.Delete([49]);
            open.Store.Put([48], [0]);
            open.Store.Put([entry.Key[0], 1], "new"u8);
        }

        Assert.Equal(Enumerable.Range(0, 50).Select(key => (byte)key), seen);
    }

    [Fact]
    public void Scan_NegativeLimit_IsAnArgumentError()
    {
        using var open = new OpenStore();

        Assert.ThrowsAny<ArgumentException>(() => OpenStore.Keys(open.Store, new ScanOptions { Limit = -1 }));
    }

    [Fact]
    public void Scan_LimitOfZero_GivesNothing()
    {
        using var open = new OpenStore();
        open.Store.Put("key"u8, "v"u8);

        Assert.Empty(OpenStore.Keys(open.Store, new ScanOptions { Limit = 0 }));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void CreateSnapshot_LaterWrites_AreNotSeen(bool inMemory)
    {
        using var open = new OpenStore(inMemory);
        var first = open.Store.Put("kept"u8, "before"u8);
        open.Store.Put("deleted"u8, "before"u8);
        using var snapshot = open.Store.CreateSnapshot();
        open.Store.Put("kept"u8, "after"u8);
        open.Store.Delete("deleted"u8);
        open.Store.Put("new"u8, "after"u8);
        open.Store.Namespace("new space").Put("new"u8, "after"u8);
        open.Store.Compact();

        Assert.Equal("before"u8.ToArray(), snapshot.Get("kept"u8));
        Assert.Equal("before"u8.ToArray(), snapshot.Get("deleted"u8));
        Assert.Null(snapshot.Get("new"u8));
        Assert.Null(snapshot.Namespace("new space").Get("new"u8));
        Assert.True(snapshot.TryGetVersion("kept"u8, out var version));
        Assert.Equal(first, version);
        Assert.Single(snapshot.History("kept"u8));
        var keys = new List<string>();
        foreach (var entry in snapshot.Scan())
            keys.Add(Encoding.UTF8.GetString(entry.Key));
        Assert.Equal(["deleted", "kept"], keys);
    }

    /// <summary>Goal: history read from a snapshot is not torn when the ring of slots has wrapped since. Method: overwrite more often than the ring is long.</summary>
    [Fact]
    public void CreateSnapshot_HistoryWrapsAfterwards_ShowsTheOldOne()
    {
        using var open = new OpenStore();
        for (byte value = 0; value < 12; value++)
            open.Store.Put("key"u8, [value]);
        using var snapshot = open.Store.CreateSnapshot();
        for (byte value = 100; value < 130; value++)
            open.Store.Put("key"u8, [value]);

        var history = snapshot.History("key"u8);

        Assert.Equal([11, 10, 9, 8, 7, 6, 5, 4, 3, 2], history.Select(entry => (int)entry.Value.Span[0]));
    }

    [Fact]
    public void Get_ArrayReturned_IsTheCallersOwn()
    {
        using var open = new OpenStore();
        open.Store.Put("key"u8, [1]);

        open.Store.Get("key"u8)![0] = 9;

        Assert.Equal([1], open.Store.Get("key"u8));
    }
}
