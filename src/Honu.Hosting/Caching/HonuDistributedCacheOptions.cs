namespace Honu.Hosting;

/// <summary>How a <see cref="HonuDistributedCache"/> uses its store. Checked when the cache is made.</summary>
public sealed record HonuDistributedCacheOptions
{
    /// <summary>The namespace that holds the entries. Nothing else should be in it.</summary>
    /// <value>Default <c>cache</c>.</value>
    public string Namespace { get; init; } = "cache";

    /// <summary>
    /// How much of an entry's sliding window must have passed before a read starts it anew, which is a write. An entry that is read
    /// earlier does not gain time: it goes between <c>(1 − fraction) × window</c> and one window after its last read. Smaller: closer to
    /// the window, more writes; 0 writes at every read, and each write is replicated.
    /// </summary>
    /// <value>Default 0.1: at most ten writes per entry and window.</value>
    public double SlidingRefreshFraction { get; init; } = 0.1;

    /// <summary>What a cached value survives.</summary>
    /// <value>Default <see cref="Durability.Flushed"/>, whatever the store's own is: a cache can be filled again.</value>
    public Durability Durability { get; init; } = Durability.Flushed;

    internal static void ThrowIfInvalid(HonuDistributedCacheOptions options)
    {
        if (!(options.SlidingRefreshFraction >= 0 && options.SlidingRefreshFraction < 1))
            throw new ArgumentException($"SlidingRefreshFraction ({options.SlidingRefreshFraction}) must be at least 0 and less than 1.", nameof(options));
        if (!Enum.IsDefined(options.Durability))
            throw new ArgumentException($"Durability ({options.Durability}) is not a known value.", nameof(options));
    }
}
