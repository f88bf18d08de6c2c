namespace Honu.Hosting;

/// <summary>Which changes a watch through a server shows, and from where on.</summary>
public sealed record StoreWatch
{
    /// <summary>Only these namespaces.</summary>
    /// <value>Default <see langword="null"/>: all, also those that come into being later.</value>
    public IReadOnlyCollection<string>? Namespaces { get; init; }

    /// <summary>Only keys that begin with these bytes.</summary>
    /// <value>Default empty: every key.</value>
    public ReadOnlyMemory<byte> Prefix { get; init; }

    /// <summary>Goes on where another watch of the same server's store stood: see <see cref="StoreChange.Token"/>.</summary>
    /// <value>Default <see langword="null"/>: changes from now on.</value>
    public string? Token { get; init; }

    /// <summary>Begins with what the store holds already, tombstones included. Not together with <see cref="Token"/>.</summary>
    /// <value>Default <see langword="false"/>.</value>
    public bool FromStart { get; init; }

    /// <summary>Leaves values out: less to read and to send.</summary>
    /// <value>Default <see langword="false"/>.</value>
    public bool KeysOnly { get; init; }

    /// <summary>Ends when everything up to the present has come.</summary>
    /// <value>Default <see langword="false"/>.</value>
    public bool EndWhenCaughtUp { get; init; }

    /// <summary>Ends after so many changes.</summary>
    /// <value>Default <see langword="null"/>: never.</value>
    public long? Limit { get; init; }
}
