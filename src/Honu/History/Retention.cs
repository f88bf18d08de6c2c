namespace Honu;

/// <summary>How much of an object's past a store keeps.</summary>
public readonly record struct Retention
{
    private readonly int _versions;

    private Retention(int versions) => _versions = versions;

    /// <summary>Keeps the last <paramref name="count"/> versions of every object with their values, the current one included. Pruning costs nothing: the oldest is overwritten in place.</summary>
    /// <exception cref="ArgumentOutOfRangeException">Fewer than 1, or more than 1,000,000.</exception>
    public static Retention Versions(int count)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(count, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(count, 1_000_000);
        return new Retention(count);
    }

    /// <summary>Keeps the current version and the name of its parent; no older values.</summary>
    public static Retention ParentsOnly => new(1);

    /// <summary>The last 10 versions.</summary>
    public static Retention Default => new(10);

    /// <summary>How many versions are kept, the current one included.</summary>
    public int Count => _versions == 0 ? Default._versions : _versions;
}
