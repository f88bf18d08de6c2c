using System.Buffers;

namespace Honu.Tests.Store;

public class LimitTests
{
    [Theory]
    [InlineData(1, false)]
    [InlineData(4096, false)]
    [InlineData(1, true)]
    [InlineData(4096, true)]
    public void Put_KeyWithinTheLimit_IsReadBack(int length, bool inMemory)
    {
        using var open = new OpenStore(inMemory);
        var key = Enumerable.Repeat((byte)0xFF, length).ToArray();

        open.Store.Put(key, "value"u8);

        Assert.Equal("value"u8.ToArray(), open.Store.Get(key));
        Assert.Single(OpenStore.Keys(open.Store));
        Assert.Single(open.Store.History(key));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(4097)]
    public void Every_KeyOutsideTheLimit_IsAnArgumentError(int length)
    {
        using var open = new OpenStore();
        var store = open.Store;
        var key = new byte[length];
        Action[] calls =
        [
            () => store.Put(key, "v"u8),
            () => store.TryPut(key, "v"u8, default, out _),
            () => store.Delete(key),
            () => store.Delete(key, out _),
            () => store.Get(key),
            () => store.TryGet(key, new ArrayBufferWriter<byte>()),
            () => store.Read(key, new byte[1]),
            () => store.TryGetVersion(key, out _),
            () => store.History(key),
            () => Write(store, batch => batch.Put(key, "v"u8)),
            () => Write(store, batch => batch.Delete(key)),
            () => store.Namespace("other").Put(key, "v"u8),
        ];

        foreach (var call in calls)
            Assert.ThrowsAny<ArgumentException>(call);

        Assert.Empty(OpenStore.Keys(store, new ScanOptions { IncludeTombstones = true }));
    }

    [Fact]
    public void Every_KeyOfEachSingleByte_IsKeptApart()
    {
        using var open = new OpenStore(inMemory: false);
        for (var value = 0; value < 256; value++)
            open.Store.Put([(byte)value], [(byte)value]);

        var found = new List<byte>();
        foreach (var entry in open.Store.Scan())
        {
            Assert.True(entry.Key.SequenceEqual(entry.Value));
            found.Add(entry.Key[0]);
        }

        Assert.Equal(Enumerable.Range(0, 256).Select(value => (byte)value), found);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Put_ValueAtTheLimit_IsReadBack(bool inMemory)
    {
        using var open = new OpenStore(inMemory, new HonuStoreOptions { MaxValueBytes = 1000 });
        var value = Enumerable.Range(0, 1000).Select(i => (byte)i).ToArray();

        var version = open.Store.Put("key"u8, value);

        Assert.Equal(value, open.Store.Get("key"u8));
        Assert.Equal(1000, version.ValueLength);
    }

    [Fact]
    public void Put_ValueAboveTheLimit_IsAnArgumentErrorAndWritesNothing()
    {
        using var open = new OpenStore(options: new HonuStoreOptions { MaxValueBytes = 1000 });
        var store = open.Store;
        var value = new byte[1001];

        Assert.ThrowsAny<ArgumentException>(() => store.Put("key"u8, value));
        Assert.ThrowsAny<ArgumentException>(() => store.TryPut("key"u8, value, default, out _));
        Assert.ThrowsAny<ArgumentException>(() => Write(store, batch =>
        {
            batch.Put("first"u8, "v"u8);
            batch.Put("key"u8, value);
        }));

        Assert.Empty(OpenStore.Keys(store, new ScanOptions { IncludeTombstones = true }));
    }

    [Fact]
    public void Put_ValueOfTheDefaultLimit_IsReadBackFromDisk()
    {
        using var open = new OpenStore(inMemory: false);
        var value = new byte[StoreLimits.DefaultMaxValueBytes];
        value[^1] = 7;

        open.Store.Put("key"u8, value);
        open.Reopen();

        Assert.True(value.AsSpan().SequenceEqual(open.Store.Get("key"u8)));
        Assert.ThrowsAny<ArgumentException>(() => open.Store.Put("key"u8, new byte[value.Length + 1]));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Put_EmptyValue_IsAnObjectAndNotATombstone(bool inMemory)
    {
        using var open = new OpenStore(inMemory);

        var version = open.Store.Put("key"u8, []);

        Assert.False(version.IsDeleted);
        Assert.Equal(0, open.Store.Read("key"u8, []));
        Assert.Empty(open.Store.Get("key"u8)!);
        Assert.Single(OpenStore.Keys(open.Store));
    }

    [Fact]
    public void Read_DestinationTooShort_GivesTheLengthAndLeavesItAlone()
    {
        using var open = new OpenStore();
        open.Store.Put("key"u8, "four"u8);
        byte[] destination = [1, 2, 3];

        var length = open.Store.Read("key"u8, destination);

        Assert.Equal(4, length);
        Assert.Equal([1, 2, 3], destination);
        Assert.Equal(-1, open.Store.Read("missing"u8, destination));
    }

    private static void Write(HonuStore store, Action<HonuWriteBatch> fill)
    {
        var batch = new HonuWriteBatch();
        fill(batch);
        store.Write(batch);
    }
}
