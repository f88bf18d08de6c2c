using System.Text;

namespace Honu.Tests.Store;

public class HistoryTests
{
    [Theory]
    [InlineData(false, 1)]
    [InlineData(false, 2)]
    [InlineData(false, 10)]
    [InlineData(false, 11)]
    [InlineData(false, 37)]
    [InlineData(true, 37)]
    public void History_SeveralVersions_ShowsTheLastTenNewestFirst(bool inMemory, int writes)
    {
        using var open = new OpenStore(inMemory);
        for (var i = 1; i <= writes; i++)
            open.Store.Put("key"u8, Encoding.UTF8.GetBytes($"value {i}"));

        var history = open.Store.History("key"u8);

        Assert.Equal(Enumerable.Range(0, Math.Min(10, writes)).Select(i => $"value {writes - i}").ToArray(), history.Select(Text).ToArray());
        Assert.All(history.Zip(history.Skip(1)), pair => Assert.Equal(pair.Second.Version.Id, pair.First.Version.Parent));
        Assert.All(history, entry => Assert.False(entry.LostConflict));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void History_DeletedAndUndeleted_ShowsTheTombstone(bool inMemory)
    {
        using var open = new OpenStore(inMemory);
        open.Store.Put("key"u8, "1"u8);
        open.Store.Delete("key"u8);
        open.Store.Put("key"u8, "2"u8);

        var history = open.Store.History("key"u8);

        Assert.Equal(["2", "", "1"], history.Select(Text).ToArray());
        Assert.Equal([false, true, false], history.Select(entry => entry.Version.IsDeleted));
    }

    [Fact]
    public void History_DeletedObject_StartsWithTheTombstone()
    {
        using var open = new OpenStore();
        open.Store.Put("key"u8, "1"u8);
        open.Store.Delete("key"u8, out var tombstone);

        var history = open.Store.History("key"u8);

        Assert.Equal(tombstone, history[0].Version);
        Assert.Equal("1", Text(history[1]));
    }

    [Fact]
    public void History_MissingKey_IsEmpty()
    {
        using var open = new OpenStore();

        Assert.Empty(open.Store.History("key"u8));
    }

    /// <summary>The slots of a key must not be found under keys that it is a prefix of, or that look like a slot.</summary>
    [Fact]
    public void History_KeysThatArePrefixesOfEachOther_AreKeptApart()
    {
        using var open = new OpenStore();
        byte[][] keys = [[0], [0, 0], [0, 0, 0], [0, 0, 0, 0, 0, 0, 0, 0, 1], [0xFF], [0xFF, 0xFF], [1], [1, 0], [1, 0, 0, 0, 0], [1, 0, 1]];
        for (var round = 0; round < 13; round++)
            foreach (var key in keys)
                open.Store.Put(key, [.. key, (byte)round]);

        foreach (var key in keys)
        {
            var expected = Enumerable.Range(3, 10).Reverse().Select(round => Convert.ToHexString([.. key, (byte)round])).ToArray();
            Assert.Equal(expected, open.Store.History(key).Select(entry => Convert.ToHexString(entry.Value.Span)).ToArray());
        }
    }

    [Fact]
    public void History_AfterReopenInTheMiddle_GoesOn()
    {
        using var open = new OpenStore(inMemory: false);
        for (var i = 1; i <= 15; i++)
        {
            open.Store.Put("key"u8, Encoding.UTF8.GetBytes($"{i}"));
            open.Reopen();
        }

        Assert.Equal(["15", "14", "13", "12", "11", "10", "9", "8", "7", "6"], open.Store.History("key"u8).Select(Text).ToArray());
    }

    [Fact]
    public void History_ParentsOnly_ShowsTheCurrentVersionAndItsParentsName()
    {
        using var open = new OpenStore(options: new HonuStoreOptions { Retention = Retention.ParentsOnly });
        var first = open.Store.Put("key"u8, "1"u8);
        open.Store.Put("key"u8, "2"u8);

        var entry = Assert.Single(open.Store.History("key"u8));

        Assert.Equal(first.Id, entry.Version.Parent);
        Assert.Equal("2", Text(entry));
    }

    [Fact]
    public void History_RetentionOfThree_ShowsThree()
    {
        using var open = new OpenStore(options: new HonuStoreOptions { Retention = Retention.Versions(3) });
        for (var i = 1; i <= 5; i++)
            open.Store.Put("key"u8, Encoding.UTF8.GetBytes($"{i}"));

        Assert.Equal(["5", "4", "3"], open.Store.History("key"u8).Select(Text).ToArray());
    }

    [Fact]
    public void History_RefusedWrites_LeaveNoTrace()
    {
        using var open = new OpenStore();
        open.Store.Put("key"u8, "1"u8);

        open.Store.TryPut("key"u8, "2"u8, default, out _);

        Assert.Equal(["1"], open.Store.History("key"u8).Select(Text).ToArray());
    }

    private static string Text(HistoryEntry entry) => Encoding.UTF8.GetString(entry.Value.Span);
}
