namespace Honu;

/// <summary>Options of one write.</summary>
public readonly record struct WriteOptions
{
    /// <summary>What the write survives.</summary>
    /// <value>Default <see langword="null"/>: the store's <see cref="HonuStoreOptions.Durability"/>.</value>
    public Durability? Durability { get; init; }

    /// <summary>The write survives power loss.</summary>
    public static WriteOptions Synced => new() { Durability = Honu.Durability.Synced };
}
