namespace Honu.Hosting;

/// <summary>Which objects a scan through a server shows.</summary>
public sealed record StoreScan
{
    /// <summary>The namespace; <see langword="null"/> for all of them, in the ordinal order of their UTF-8.</summary>
    /// <value>Default <see cref="HonuStore.DefaultNamespace"/>.</value>
    public string? Namespace { get; init; } = HonuStore.DefaultNamespace;

    /// <summary>Only keys that begin with these bytes.</summary>
    /// <value>Default empty: every key.</value>
    public ReadOnlyMemory<byte> Prefix { get; init; }

    /// <summary>The first key, inclusive.</summary>
    /// <value>Default empty: from the beginning.</value>
    public ReadOnlyMemory<byte> From { get; init; }

    /// <summary>The last key, exclusive.</summary>
    /// <value>Default empty: to the end.</value>
    public ReadOnlyMemory<byte> To { get; init; }

    /// <summary>Namespaces and keys in descending order.</summary>
    /// <value>Default <see langword="false"/>.</value>
    public bool Reverse { get; init; }

    /// <summary>How many objects at most.</summary>
    /// <value>Default <see langword="null"/>: all.</value>
    public long? Limit { get; init; }

    /// <summary>Also deleted objects.</summary>
    /// <value>Default <see langword="false"/>.</value>
    public bool IncludeTombstones { get; init; }

    /// <summary>Leaves values out: less to read and to send.</summary>
    /// <value>Default <see langword="false"/>.</value>
    public bool KeysOnly { get; init; }

    /// <summary>Each object with all versions that the store still has, oldest first; the limit counts objects, not versions.</summary>
    /// <value>Default <see langword="false"/>.</value>
    public bool IncludeHistory { get; init; }
}
