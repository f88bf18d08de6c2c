namespace Honu;

/// <summary>Options of one write.</summary>
public readonly record struct WriteOptions
{
    /// <summary>What the write survives.</summary>
    /// <value>Default <see langword="null"/>: the store's <see cref="HonuStoreOptions.Durability"/>.</value>
    public Durability? Durability { get; init; }

    /// <summary>How long a put lives. Afterwards every replica treats that version as deleted, and removes its value in the background; nothing is written for it. Deletions pass over it.</summary>
    /// <value>Default <see langword="null"/>: until it is overwritten or deleted. From 1 ms to 36,500 days, to the millisecond; needs <see cref="VersionClock.Hybrid"/>.</value>
    public TimeSpan? TimeToLive { get; init; }

    /// <summary>The write survives power loss.</summary>
    public static WriteOptions Synced => new() { Durability = Honu.Durability.Synced };
}
