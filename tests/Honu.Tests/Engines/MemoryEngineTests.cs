using Honu.Engines;
using Honu.TestKit.Engines;

namespace Honu.Tests.Engines;

public sealed class MemoryEngineTests : EngineConformance
{
    protected override IStorageEngineFactory Factory => MemoryEngine.Factory;

    [Fact]
    public void New_WithContents_BeginsWithThemAndGoesItsOwnWay()
    {
        Put(Engine, "key", "1");
        using var contents = Engine.CreateSnapshot();

        using var copy = new MemoryEngine(contents);
        Put(copy, "key", "2");

        Assert.Equal("2", Get(copy, "key"));
        Assert.Equal("1", Get(Engine, "key"));
    }

    /// <summary>An option of the store rather than <see cref="HonuStore.OpenInMemory"/>: the path is a name only.</summary>
    [Fact]
    public void Store_OnTheEngineByOption_TouchesNoDisk()
    {
        var path = System.IO.Path.Combine(Path, "never-made");
        using var store = HonuStore.Open(path, new HonuStoreOptions { Engine = MemoryEngine.Factory });
        store.Put("key"u8, "1"u8);

        Assert.Equal("1"u8.ToArray(), store.Get("key"u8));
        Assert.Equal(0, store.GetStatistics().DiskBytes);
        Assert.False(Directory.Exists(path));
    }
}
