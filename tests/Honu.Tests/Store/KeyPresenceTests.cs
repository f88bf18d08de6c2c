using Honu.TestKit;

namespace Honu.Tests.Store;

/// <summary>A key that is there is never told absent, however the store was closed, grown or copied over.</summary>
public sealed class KeyPresenceTests : IDisposable
{
    private readonly TestDirectory _directory = new();

    private string Path => _directory.Combine("store");

    public void Dispose() => _directory.Dispose();

    [Theory]
    [InlineData(12)]
    [InlineData(0)]
    public void Get_AcrossGrowthAndReopening_FindsEveryKey(int bitsPerKey)
    {
        var options = new HonuStoreOptions { PresenceFilterBitsPerKey = bitsPerKey };
        var count = 0;
        for (var opening = 0; opening < 4; opening++)
        {
            using var store = HonuStore.Open(Path, options);
            AssertAllThere(store, count);
            for (var i = 0; i < 6000; i++, count++)
            {
                store.Put(BitConverter.GetBytes(count), "v"u8);
                Assert.NotNull(store.Get(BitConverter.GetBytes(count)));
            }

            AssertAllThere(store, count);
        }
    }

    [Fact]
    public void Open_AfterACleanClose_TakesTheFileAndAfterAKillBuildsAnew()
    {
        var file = System.IO.Path.Combine(Path, "HONU.FILTER");
        using (var store = HonuStore.Open(Path))
            store.Put("k"u8, "v"u8);
        Assert.True(File.Exists(file));
        var kept = File.ReadAllBytes(file);

        using (var store = HonuStore.Open(Path))
        {
            Assert.False(File.Exists(file));
            Assert.NotNull(store.Get("k"u8));
            store.Put("new"u8, "v"u8);
        }

        // Somebody puts the older file back: it does not know the new key.
        File.WriteAllBytes(file, kept);
        using (var store = HonuStore.Open(Path))
        {
            Assert.NotNull(store.Get("new"u8));
            Assert.NotNull(store.Get("k"u8));
        }
    }

    [Fact]
    public void Apply_RecordsOfAPeer_AreFound()
    {
        using var store = HonuStore.Open(Path);
        using var peer = HonuStore.OpenInMemory(new() { Pid = 7 });
        peer.Put("theirs"u8, "v"u8);
        store.Put("ours"u8, "v"u8);

        Replicated.Pull(store, peer);

        Assert.NotNull(store.Get("theirs"u8));
        Assert.NotNull(store.Get("ours"u8));
        store.Put("theirs"u8, "w"u8);
        Assert.Equal(2, store.History("theirs"u8).Count);
    }

    /// <summary>Two threads make the first puts of a namespace at once: the namespace may come into being in the middle of either.</summary>
    [Fact]
    public async Task Put_FirstOnesOfANamespaceAtOnce_AreBothFoundAndKnowEachOther()
    {
        using var store = HonuStore.Open(Path);
        var value = new byte[256 << 10];
        for (var round = 0; round < 200; round++)
        {
            var ns = store.Namespace($"n{round}");
            using var start = new Barrier(2);
            Task Write(string key) => Task.Run(() =>
            {
                start.SignalAndWait(TimeSpan.FromSeconds(30));
                ns.Put(System.Text.Encoding.ASCII.GetBytes(key), value);
                ns.Put("shared"u8, "v"u8);
            });

            await Guard.Within(Task.WhenAll(Write("a"), Write("b")));

            Assert.True(ns.TryGetVersion("a"u8, out _), $"round {round}");
            Assert.True(ns.TryGetVersion("b"u8, out _), $"round {round}");
            Assert.Equal(2, ns.History("shared"u8).Count);
        }
    }

    private static void AssertAllThere(HonuStore store, int count)
    {
        for (var i = 0; i < count; i++)
            Assert.True(store.TryGetVersion(BitConverter.GetBytes(i), out _), $"key {i} of {count} was told absent");
        Assert.Null(store.Get("never"u8));
    }
}
