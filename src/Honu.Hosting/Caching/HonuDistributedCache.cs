using System.Buffers;
using Microsoft.Extensions.Caching.Distributed;

namespace Honu.Hosting;

/// <summary>The <see cref="IDistributedCache"/> of ASP.NET on a namespace of a local store: reads never leave the process, and what is cached here reaches the replicas of the store.</summary>
/// <remarks>
/// Thread-safe; the asynchronous members complete at once. Entries expire by their record's time to live, at the same moment on every
/// replica, and the store drops their values in the background; the key remains as a tombstone, so keys should come from a bounded set.
/// A sliding window is started anew by a read only when some of it has passed (see <see cref="HonuDistributedCacheOptions.SlidingRefreshFraction"/>).
/// A read on one replica keeps an entry alive on the others once it has reached them.
/// </remarks>
public sealed class HonuDistributedCache : IBufferDistributedCache
{
    private static readonly TimeSpan MaxTimeToLive = TimeSpan.FromDays(36500);
    private static readonly TimeSpan Shortest = TimeSpan.FromMilliseconds(1);

    private readonly HonuStore _store;
    private readonly HonuNamespace _space;
    private readonly HonuDistributedCacheOptions _options;

    /// <summary>Makes a cache on a store. Its namespace keeps no history: <see cref="Retention.ParentsOnly"/>.</summary>
    /// <param name="store">The store; it must have <see cref="VersionClock.Hybrid"/>.</param>
    /// <param name="options">How to use it; <see langword="null"/> for the defaults.</param>
    /// <exception cref="ArgumentException">An option is out of its range, or the store's versions do not tell their time.</exception>
    public HonuDistributedCache(HonuStore store, HonuDistributedCacheOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(store);
        _options = options ?? new HonuDistributedCacheOptions();
        HonuDistributedCacheOptions.ThrowIfInvalid(_options);
        if (store.Identity.Clock != VersionClock.Hybrid)
            throw new ArgumentException($"A cache needs a store with the clock {VersionClock.Hybrid}: the versions of one with the clock {store.Identity.Clock} do not tell their time.", nameof(store));
        _store = store;
        _space = store.Namespace(_options.Namespace);
        if (_space.Retention != Retention.ParentsOnly)
            _space.SetRetention(Retention.ParentsOnly);
    }

    /// <inheritdoc/>
    public byte[]? Get(string key) => Find(key, out var entry) ? entry.Value.ToArray() : null;

    /// <inheritdoc/>
    public Task<byte[]?> GetAsync(string key, CancellationToken token = default)
    {
        token.ThrowIfCancellationRequested();
        return Task.FromResult(Get(key));
    }

    /// <inheritdoc/>
    public bool TryGet(string key, IBufferWriter<byte> destination)
    {
        ArgumentNullException.ThrowIfNull(destination);
        if (!Find(key, out var entry))
            return false;
        destination.Write(entry.Value.Span);
        return true;
    }

    /// <inheritdoc/>
    public ValueTask<bool> TryGetAsync(string key, IBufferWriter<byte> destination, CancellationToken token = default)
    {
        token.ThrowIfCancellationRequested();
        return ValueTask.FromResult(TryGet(key, destination));
    }

    /// <inheritdoc/>
    public void Set(string key, byte[] value, DistributedCacheEntryOptions options)
    {
        ArgumentNullException.ThrowIfNull(value);
        Set(key, new ReadOnlySequence<byte>(value), options);
    }

    /// <inheritdoc/>
    public Task SetAsync(string key, byte[] value, DistributedCacheEntryOptions options, CancellationToken token = default)
    {
        token.ThrowIfCancellationRequested();
        Set(key, value, options);
        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    public void Set(string key, ReadOnlySequence<byte> value, DistributedCacheEntryOptions options)
    {
        var bytes = CacheKey.Encode(key);
        ArgumentNullException.ThrowIfNull(options);
        var now = _store.Now;
        var entry = new CacheEntry(AbsoluteExpiration(options, now), options.SlidingExpiration, value.ToArray());
        _space.Put(bytes, entry.Encode(), WriteOptions(entry, now));
    }

    /// <inheritdoc/>
    public ValueTask SetAsync(string key, ReadOnlySequence<byte> value, DistributedCacheEntryOptions options, CancellationToken token = default)
    {
        token.ThrowIfCancellationRequested();
        Set(key, value, options);
        return ValueTask.CompletedTask;
    }

    /// <inheritdoc/>
    public void Refresh(string key) => Find(key, out _);

    /// <inheritdoc/>
    public Task RefreshAsync(string key, CancellationToken token = default)
    {
        token.ThrowIfCancellationRequested();
        Refresh(key);
        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    public void Remove(string key) => _space.Delete(CacheKey.Encode(key), new WriteOptions { Durability = _options.Durability });

    /// <inheritdoc/>
    public Task RemoveAsync(string key, CancellationToken token = default)
    {
        token.ThrowIfCancellationRequested();
        Remove(key);
        return Task.CompletedTask;
    }

    // An entry that was written by something else, or is damaged in a way that its checksum does not tell, is none.
    private bool Find(string key, out CacheEntry entry)
    {
        entry = default;
        var bytes = CacheKey.Encode(key);
        if (_space.Get(bytes, out var version) is not { } value || !CacheEntry.TryDecode(value, out entry))
            return false;
        StartAnew(bytes, value, version, entry);
        return true;
    }

    private void StartAnew(byte[] key, byte[] value, ObjectVersion version, in CacheEntry entry)
    {
        if (entry.Sliding is not { } window || version.Expires is not { } expires)
            return;

        // The last window that an absolute expiry allows is shorter, and cannot be made longer.
        var now = _store.Now;
        if (entry.Absolute is { } absolute && expires >= absolute)
            return;
        var passed = now - (expires - window);
        if (passed <= TimeSpan.Zero || passed < window * _options.SlidingRefreshFraction)
            return;

        // Somebody else may have set, removed or refreshed it meanwhile: theirs counts.
        _space.TryPut(key, value, version.Id, out _, WriteOptions(entry, now));
    }

    private WriteOptions WriteOptions(in CacheEntry entry, DateTimeOffset now)
    {
        var left = entry.Absolute - now;
        var timeToLive = entry.Sliding is { } window && (left is null || window < left) ? window : left;
        if (timeToLive > MaxTimeToLive)
            timeToLive = null;
        if (timeToLive < Shortest)
            timeToLive = Shortest;
        return new WriteOptions { Durability = _options.Durability, TimeToLive = timeToLive };
    }

    // As in the other implementations of the interface: the relative time counts when both are given, but a past one is refused all the same.
    private static DateTimeOffset? AbsoluteExpiration(DistributedCacheEntryOptions options, DateTimeOffset now)
    {
        if (options.AbsoluteExpiration <= now)
            throw new ArgumentOutOfRangeException(nameof(options), options.AbsoluteExpiration, "The absolute expiration must be in the future.");
        if (options.AbsoluteExpirationRelativeToNow is not { } relative)
            return options.AbsoluteExpiration;
        return relative > DateTimeOffset.MaxValue - now ? null : now + relative;
    }
}
