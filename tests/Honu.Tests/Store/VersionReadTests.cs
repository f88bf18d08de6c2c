using System.Buffers;
using System.Text;

namespace Honu.Tests.Store;

/// <summary>Reads of old versions by their ids, undelete, and reads of many objects at once.</summary>
public class VersionReadTests
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Get_VersionInHistory_GivesTheValueOfThatVersion(bool inMemory)
    {
        using var open = new OpenStore(inMemory);
        var versions = Enumerable.Range(0, 5).Select(i => open.Store.Put("key"u8, Encoding.UTF8.GetBytes($"{i}"))).ToArray();
        open.Store.Put("other"u8, "x"u8);

        for (var i = 0; i < versions.Length; i++)
        {
            Assert.Equal($"{i}", Text(open.Store.Get("key"u8, versions[i].Id, out var version)));
            Assert.Equal(versions[i], version);
        }

        Assert.Null(open.Store.Get("other"u8, versions[2].Id));
    }

    [Fact]
    public void Get_VersionThatIsNoLongerKept_IsNotFound()
    {
        using var open = new OpenStore(options: new HonuStoreOptions { Retention = Retention.Versions(3) });
        var first = open.Store.Put("key"u8, "0"u8);
        for (var i = 1; i <= 3; i++)
            open.Store.Put("key"u8, Encoding.UTF8.GetBytes($"{i}"));

        Assert.Null(open.Store.Get("key"u8, first.Id, out var version));

        Assert.True(version.IsNone);
        Assert.Null(open.Store.Get("key"u8, default(VersionId)));
        Assert.Null(open.Store.Get("missing"u8, first.Id));
    }

    [Fact]
    public void TryGet_VersionThatIsADeletion_TellsSo()
    {
        using var open = new OpenStore();
        open.Store.Put("key"u8, "1"u8);
        open.Store.Delete("key"u8, out var tombstone);
        open.Store.Put("key"u8, "2"u8);
        var buffer = new ArrayBufferWriter<byte>();

        Assert.False(open.Store.TryGet("key"u8, tombstone.Id, buffer, out var version));

        Assert.Equal(tombstone, version);
        Assert.Equal(0, buffer.WrittenCount);
    }

    [Fact]
    public void Get_VersionInASnapshot_IsThatOfTheSnapshot()
    {
        using var open = new OpenStore(options: new HonuStoreOptions { Retention = Retention.Versions(2) });
        var first = open.Store.Put("key"u8, "1"u8);
        open.Store.Put("key"u8, "2"u8);
        using var snapshot = open.Store.CreateSnapshot();
        var third = open.Store.Put("key"u8, "3"u8);
        open.Store.Put("key"u8, "4"u8);

        Assert.Equal("1", Text(snapshot.Get("key"u8, first.Id)));
        Assert.Null(snapshot.Get("key"u8, third.Id));
        Assert.Null(open.Store.Get("key"u8, first.Id));
    }

    [Fact]
    public void Undelete_DeletedObject_BringsTheLastValueBackAsANewVersion()
    {
        using var open = new OpenStore();
        open.Store.Put("key"u8, "1"u8);
        open.Store.Put("key"u8, "2"u8);
        open.Store.Delete("key"u8, out var tombstone);

        Assert.True(open.Store.Undelete("key"u8, out var version));

        Assert.Equal(tombstone.Id, version.Parent);
        Assert.Equal("2", Text(open.Store.Get("key"u8)));
        Assert.Equal(["2", "", "2", "1"], open.Store.History("key"u8).Select(entry => Text(entry.Value.ToArray())));
    }

    [Fact]
    public void Undelete_ObjectThatLives_WritesNothing()
    {
        using var open = new OpenStore();
        var put = open.Store.Put("key"u8, "1"u8);

        Assert.False(open.Store.Undelete("key"u8, out var version));
        Assert.False(open.Store.Undelete("missing"u8, out var none));

        Assert.Equal(put, version);
        Assert.True(none.IsNone);
        Assert.Single(open.Store.History("key"u8));
    }

    [Fact]
    public void Undelete_ValueThatIsNotKept_WritesNothing()
    {
        using var open = new OpenStore(options: new HonuStoreOptions { Retention = Retention.ParentsOnly });
        open.Store.Put("key"u8, "1"u8);
        open.Store.Delete("key"u8, out var tombstone);

        Assert.False(open.Store.Undelete("key"u8, out var version));

        Assert.Equal(tombstone, version);
        Assert.Null(open.Store.Get("key"u8));
    }

    [Fact]
    public void Undelete_InASnapshot_IsRefused()
    {
        using var open = new OpenStore();
        using var snapshot = open.Store.CreateSnapshot();

        Assert.Throws<InvalidOperationException>(() => snapshot.Namespace("default").Undelete("key"u8, out _));
    }

    [Fact]
    public void GetMany_SomeMissingAndSomeDeleted_GivesThemInTheOrderOfTheKeys()
    {
        using var open = new OpenStore();
        open.Store.Put("a"u8, "1"u8);
        open.Store.Put("b"u8, ""u8);
        open.Store.Put("c"u8, "3"u8);
        open.Store.Delete("c"u8);
        byte[][] keys = [[.. "c"u8], [.. "b"u8], [.. "a"u8], [.. "x"u8], [.. "a"u8]];

        var values = open.Store.GetMany(keys);

        Assert.Equal([null, "", "1", null, "1"], values.Select(Text));
        Assert.Equal(values, open.Store.GetMany(keys.Select(key => (ReadOnlyMemory<byte>)key).ToList()));
        Assert.Equal([null, null, null, null, null], open.Store.Namespace("none").GetMany(keys));
        Assert.ThrowsAny<ArgumentException>(() => open.Store.GetMany([[]]));
        Assert.ThrowsAny<ArgumentException>(() => open.Store.Namespace("none").GetMany([[]]));
    }

    /// <summary>A writer changes both keys in one batch, again and again; no reader may ever see one without the other.</summary>
    [Fact]
    public async Task GetMany_WhileBatchesAreWritten_SeesEachBatchWholly()
    {
        using var open = new OpenStore();
        byte[][] keys = [[.. "a"u8], [.. "z"u8]];
        using var stop = new CancellationTokenSource();
        var writer = Task.Run(() =>
        {
            for (var i = 0; !stop.IsCancellationRequested; i++)
                open.Store.Write(new HonuWriteBatch().Put("a"u8, BitConverter.GetBytes(i)).Put("z"u8, BitConverter.GetBytes(i)));
        });

        for (var round = 0; round < 2000; round++)
        {
            var values = open.Store.GetMany(keys);
            Assert.Equal(values[0], values[1]);
        }

        await stop.CancelAsync();
        await writer.WaitAsync(TimeSpan.FromSeconds(30));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Count_OfARange_CountsWhatAScanVisits(bool inMemory)
    {
        using var open = new OpenStore(inMemory);
        foreach (var key in new[] { "a/1", "a/2", "a/3", "b/1" })
            open.Store.Put(Encoding.UTF8.GetBytes(key), "v"u8);
        open.Store.Delete("a/2"u8);
        using var snapshot = open.Store.CreateSnapshot();
        open.Store.Put("c"u8, "v"u8);

        Assert.Equal(4, open.Store.Count());
        Assert.Equal(3, snapshot.Count());
        Assert.Equal(2, open.Store.Count(ScanOptions.WithPrefix("a/"u8)));
        Assert.Equal(3, open.Store.Count(new ScanOptions { Prefix = [.. "a/"u8], IncludeTombstones = true }));
        Assert.Equal(1, open.Store.Count(new ScanOptions { Limit = 1 }));
        Assert.Equal(0, open.Store.Namespace("none").Count());
    }

    [Fact]
    public void GetApproximateSize_CompactedStore_GrowsWithTheRange()
    {
        using var open = new OpenStore(inMemory: false);
        var random = new Random(1);
        var value = new byte[1000];
        for (var i = 0; i < 2000; i++)
        {
            random.NextBytes(value);
            open.Store.Put(Encoding.UTF8.GetBytes($"{i:0000}"), value);
        }

        open.Store.Compact();

        var all = open.Store.GetApproximateSize();
        var half = open.Store.GetApproximateSize(new ScanOptions { To = [.. "1000"u8] });
        Assert.InRange(all, 1_500_000, 3_000_000);
        Assert.InRange(half, all * 0.4, all * 0.6);
        Assert.Equal(0, open.Store.GetApproximateSize(ScanOptions.WithPrefix("x"u8)));
        Assert.Equal(0, open.Store.Namespace("none").GetApproximateSize());
    }

    private static string? Text(byte[]? value) => value is null ? null : Encoding.UTF8.GetString(value);
}
