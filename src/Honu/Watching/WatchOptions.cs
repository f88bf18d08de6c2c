namespace Honu;

/// <summary>Which changes a watch delivers, from where on, and how much it keeps for a reader that is slow.</summary>
public sealed record WatchOptions
{
    /// <summary>Only these namespaces; they need not exist yet. Not to be set for <see cref="HonuNamespace.WatchAsync"/>, which watches its own.</summary>
    /// <value>Default <see langword="null"/>: all, also those that come into being later.</value>
    public IReadOnlyCollection<string>? Namespaces { get; init; }

    /// <summary>Only keys that begin with these bytes.</summary>
    /// <value>Default <see langword="null"/>: any.</value>
    public byte[]? Prefix { get; init; }

    /// <summary>Goes on where another watch stood: see <see cref="HonuChange.Token"/>. Its namespaces must include those of this watch.</summary>
    /// <value>Default <see langword="null"/>: changes from now on.</value>
    public WatchToken? Token { get; init; }

    /// <summary>Delivers first what the store holds already, tombstones included. Not together with <see cref="Token"/>.</summary>
    /// <value>Default <see langword="false"/>.</value>
    public bool FromStart { get; init; }

    /// <summary>Ends when everything up to the present has been delivered, instead of waiting for more: "what changed since then".</summary>
    /// <value>Default <see langword="false"/>.</value>
    public bool EndWhenCaughtUp { get; init; }

    /// <summary>Whether changes carry the value. Without: less to copy in the writer's thread and to keep.</summary>
    /// <value>Default <see langword="true"/>.</value>
    public bool IncludeValues { get; init; } = true;

    /// <summary>How many changes wait for the reader at most. One more, and all that wait are dropped and read from the store instead, where only the latest of each key is found.</summary>
    /// <value>Default 1,024.</value>
    public int MaxBufferedChanges { get; init; } = 1024;

    /// <summary>How many bytes of keys and values wait for the reader at most; beyond, as for <see cref="MaxBufferedChanges"/>. A change that is larger by itself never waits and is read from the store.</summary>
    /// <value>Default 4 MiB.</value>
    public long MaxBufferedBytes { get; init; } = 4 * 1024 * 1024;

    internal static void ThrowIfInvalid(WatchOptions options)
    {
        if (options.Token is not null && options.FromStart)
            throw new ArgumentException("Token and FromStart exclude each other: a token says where to go on.", nameof(options));
        if (options.MaxBufferedChanges < 1)
            throw new ArgumentException($"MaxBufferedChanges ({options.MaxBufferedChanges}) must be at least 1.", nameof(options));
        if (options.MaxBufferedBytes < 1)
            throw new ArgumentException($"MaxBufferedBytes ({options.MaxBufferedBytes}) must be at least 1.", nameof(options));
        if (options.Prefix is { Length: > StoreLimits.MaxKeyBytes } prefix)
            throw new ArgumentException($"Prefix has at most {StoreLimits.MaxKeyBytes} bytes; this one has {prefix.Length}.", nameof(options));
        if (options.Namespaces is { Count: 0 })
            throw new ArgumentException("Namespaces names none. Leave it null to watch all.", nameof(options));
        foreach (var name in options.Namespaces ?? [])
            StoreLimits.CheckNamespace(name);
    }
}
