using System.Buffers;
using Honu.TestKit;
using Microsoft.Extensions.Caching.Distributed;
using Microsoft.Extensions.DependencyInjection;

namespace Honu.Hosting.Tests;

public sealed class DistributedCacheTests : IDisposable
{
    private static readonly TimeSpan Minute = TimeSpan.FromMinutes(1);

    private readonly ManualTimeProvider _time = new();
    private readonly HonuStore _store;
    private readonly HonuDistributedCache _cache;

    public DistributedCacheTests()
    {
        _store = HonuStore.OpenInMemory(new HonuStoreOptions { Environment = StoreEnvironment.Machine with { Time = _time } });
        _cache = new HonuDistributedCache(_store);
    }

    public void Dispose() => Guard.Run(_store.Dispose);

    [Fact]
    public async Task SetAndGet_SyncAndAsync_GiveTheValueBack()
    {
        _cache.Set("a", [1, 2], new DistributedCacheEntryOptions());
        await _cache.SetAsync("b", [], new DistributedCacheEntryOptions());
        await _cache.SetAsync("c", new ReadOnlySequence<byte>([3]), new DistributedCacheEntryOptions());
        var buffer = new ArrayBufferWriter<byte>();

        Assert.Equal([1, 2], await _cache.GetAsync("a"));
        Assert.Equal([], _cache.Get("b")!);
        Assert.True(await _cache.TryGetAsync("c", buffer));
        Assert.True(_cache.TryGet("a", buffer));
        Assert.Equal([3, 1, 2], buffer.WrittenSpan.ToArray());
        Assert.Null(_cache.Get("missing"));
        Assert.False(_cache.TryGet("missing", buffer));
        _cache.Refresh("missing");
        _cache.Remove("missing");
    }

    [Fact]
    public async Task Remove_AnEntry_TakesItAway()
    {
        _cache.Set("a", [1], new DistributedCacheEntryOptions());
        _cache.Set("b", [1], new DistributedCacheEntryOptions());

        _cache.Remove("a");
        await _cache.RemoveAsync("b");

        Assert.Null(_cache.Get("a"));
        Assert.Null(_cache.Get("b"));
    }

    [Fact]
    public void Set_NoExpiry_StaysForEver()
    {
        _cache.Set("a", [1], new DistributedCacheEntryOptions());
        _cache.Set("b", [1], new DistributedCacheEntryOptions { AbsoluteExpirationRelativeToNow = TimeSpan.MaxValue });

        _time.Advance(TimeSpan.FromDays(1));
        _time.SetUtcNow(_time.GetUtcNow().AddYears(50));

        Assert.NotNull(_cache.Get("a"));
        Assert.NotNull(_cache.Get("b"));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Set_AbsoluteExpiry_EndsThen(bool relative)
    {
        var options = relative
            ? new DistributedCacheEntryOptions { AbsoluteExpirationRelativeToNow = Minute }
            : new DistributedCacheEntryOptions { AbsoluteExpiration = _time.GetUtcNow() + Minute };
        _cache.Set("a", [1], options);

        _time.Advance(Minute - TimeSpan.FromMilliseconds(1));
        Assert.NotNull(_cache.Get("a"));
        _time.Advance(TimeSpan.FromMilliseconds(1));

        Assert.Null(_cache.Get("a"));
    }

    [Fact]
    public void Get_WithinASlidingWindow_KeepsTheEntryAlive()
    {
        _cache.Set("a", [1], new DistributedCacheEntryOptions { SlidingExpiration = Minute });
        _cache.Set("b", [2], new DistributedCacheEntryOptions { SlidingExpiration = Minute });
        _cache.Set("c", [3], new DistributedCacheEntryOptions { SlidingExpiration = Minute });

        for (var i = 0; i < 10; i++)
        {
            _time.Advance(0.9 * Minute);
            Assert.Equal([1], _cache.Get("a")!);
            _cache.Refresh("b");
        }

        Assert.NotNull(_cache.Get("b"));
        Assert.Null(_cache.Get("c"));
        _time.Advance(Minute);
        Assert.Null(_cache.Get("a"));
    }

    /// <summary>A tenth of the window must have passed before a read writes.</summary>
    [Fact]
    public void Get_ManyTimesInAWindow_WritesAFewTimesOnly()
    {
        _cache.Set("a", [1], new DistributedCacheEntryOptions { SlidingExpiration = Minute });
        var versions = new HashSet<VersionId>();

        for (var second = 0; second < 60; second++)
        {
            for (var i = 0; i < 20; i++)
                _cache.Get("a");
            _store.Namespace("cache").TryGetVersion("a"u8, out var version);
            versions.Add(version.Id);
            _time.Advance(TimeSpan.FromSeconds(1));
        }

        Assert.Equal(10, versions.Count);
    }

    [Fact]
    public void Get_SlidingWithAnAbsoluteEnd_EndsThenAllTheSame()
    {
        _cache.Set("a", [1], new DistributedCacheEntryOptions { SlidingExpiration = Minute, AbsoluteExpirationRelativeToNow = 3 * Minute });

        for (var i = 0; i < 5; i++)
        {
            _time.Advance(0.5 * Minute);
            Assert.NotNull(_cache.Get("a"));
        }

        _time.Advance(0.5 * Minute);
        Assert.Null(_cache.Get("a"));
    }

    /// <summary>What has expired gives its memory back: the store's own timer drops the value.</summary>
    [Fact]
    public void Set_Expired_LeavesNoValueBehind()
    {
        for (var i = 0; i < 100; i++)
            _cache.Set($"{i}", new byte[1000], new DistributedCacheEntryOptions { SlidingExpiration = Minute });

        _time.Advance(2 * Minute);

        var figures = Assert.Single(_store.GetStatistics().Namespaces);
        Assert.Equal((0L, 0L, 0L), (figures.Objects, figures.ValueBytes, figures.HistoryBytes));
    }

    [Fact]
    public void Set_Overwritten_KeepsNoHistory()
    {
        _cache.Set("a", [1], new DistributedCacheEntryOptions());
        _cache.Set("a", [2], new DistributedCacheEntryOptions());

        Assert.Equal(Retention.ParentsOnly, _store.Namespace("cache").Retention);
        Assert.Single(_store.Namespace("cache").History("a"u8));
    }

    [Fact]
    public void Set_UnusualKeys_AreKeptApart()
    {
        string[] keys = ["", "\0", "\0a", "é", "e\u0301", "\uD83D", "\uD83D\uD83D", "\uFFFD", new string('a', 4096), new string('a', 4097), new string('é', 3000), "🐢"];
        for (var i = 0; i < keys.Length; i++)
            _cache.Set(keys[i], [(byte)i], new DistributedCacheEntryOptions());

        for (var i = 0; i < keys.Length; i++)
            Assert.Equal([(byte)i], _cache.Get(keys[i])!);
    }

    [Fact]
    public async Task Members_BadArguments_AreRefused()
    {
        var none = new DistributedCacheEntryOptions();
        Assert.Throws<ArgumentNullException>(() => _cache.Get(null!));
        await Assert.ThrowsAsync<ArgumentNullException>(() => _cache.GetAsync(null!));
        Assert.Throws<ArgumentNullException>(() => _cache.Set(null!, [], none));
        Assert.Throws<ArgumentNullException>(() => _cache.Set("a", (byte[])null!, none));
        Assert.Throws<ArgumentNullException>(() => _cache.Set("a", [], null!));
        Assert.Throws<ArgumentNullException>(() => _cache.Refresh(null!));
        Assert.Throws<ArgumentNullException>(() => _cache.Remove(null!));
        Assert.Throws<ArgumentNullException>(() => _cache.TryGet("a", null!));
        Assert.Throws<ArgumentOutOfRangeException>(() => _cache.Set("a", [], new DistributedCacheEntryOptions { AbsoluteExpiration = _time.GetUtcNow() }));
        Assert.ThrowsAny<ArgumentException>(() => new HonuDistributedCache(_store, new HonuDistributedCacheOptions { SlidingRefreshFraction = 1 }));
        Assert.ThrowsAny<ArgumentException>(() => new HonuDistributedCache(_store, new HonuDistributedCacheOptions { Namespace = "" }));
        using var lamport = HonuStore.OpenInMemory(new HonuStoreOptions { Clock = VersionClock.Lamport });
        Assert.ThrowsAny<ArgumentException>(() => new HonuDistributedCache(lamport));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => _cache.GetAsync("a", new CancellationToken(canceled: true)));
    }

    [Fact]
    public void Get_ForeignValueInTheNamespace_IsNoEntry()
    {
        _store.Namespace("cache").Put("a"u8, "something else"u8);

        Assert.Null(_cache.Get("a"));
    }

    [Fact]
    public void AddHonuDistributedCache_WithAStore_RegistersIt()
    {
        using var provider = new ServiceCollection()
            .AddSingleton(_store)
            .AddHonuDistributedCache(new HonuDistributedCacheOptions { Namespace = "sessions" })
            .BuildServiceProvider();

        var cache = provider.GetRequiredService<IDistributedCache>();
        cache.SetString("key", "value");

        Assert.Same(provider.GetRequiredService<HonuDistributedCache>(), cache);
        Assert.NotNull(_store.Namespace("sessions").Get("key"u8));
        Assert.Equal("value", cache.GetString("key"));
    }

    [Fact]
    public void Options_Defaults_AreAsDocumented() =>
        Assert.Equal(new HonuDistributedCacheOptions { Namespace = "cache", SlidingRefreshFraction = 0.1, Durability = Durability.Flushed }, new HonuDistributedCacheOptions());
}
