using Honu.Format;

namespace Honu;

/// <summary>Which objects a scan visits, and in what order.</summary>
public sealed record ScanOptions
{
    internal static ScanOptions All { get; } = new();

    /// <summary>Only keys that begin with these bytes; combined with <see cref="From"/> and <see cref="To"/>, all must hold.</summary>
    /// <value>Default <see langword="null"/>: any.</value>
    public byte[]? Prefix { get; init; }

    /// <summary>Only keys that are not less than this one.</summary>
    /// <value>Default <see langword="null"/>: from the first.</value>
    public byte[]? From { get; init; }

    /// <summary>Only keys that are less than this one.</summary>
    /// <value>Default <see langword="null"/>: to the last.</value>
    public byte[]? To { get; init; }

    /// <summary>Whether to go from the last key to the first.</summary>
    /// <value>Default <see langword="false"/>.</value>
    public bool Reverse { get; init; }

    /// <summary>Stop after this many objects.</summary>
    /// <value>Default <see langword="null"/>: no limit.</value>
    public int? Limit { get; init; }

    /// <summary>Whether deleted objects are visited, with an empty value and a version that says so.</summary>
    /// <value>Default <see langword="false"/>.</value>
    public bool IncludeTombstones { get; init; }

    /// <summary>Objects whose keys begin with <paramref name="prefix"/>.</summary>
    public static ScanOptions WithPrefix(ReadOnlySpan<byte> prefix) => new() { Prefix = prefix.ToArray() };

    /// <summary>The narrowest <c>[from, to)</c> of engine keys that prefix, from and to allow; <see langword="false"/> when it is empty.</summary>
    internal bool TryGetRange(ushort ns, out byte[] from, out byte[] to)
    {
        byte[] space = [KeySpaces.Current, (byte)(ns >> 8), (byte)ns];
        from = [.. space, .. Prefix ?? []];
        to = [.. from];
        to = KeySpaces.PrefixEnd(to).ToArray();
        if (From is not null)
        {
            byte[] lower = [.. space, .. From];
            from = lower.AsSpan().SequenceCompareTo(from) > 0 ? lower : from;
        }

        if (To is not null)
        {
            byte[] upper = [.. space, .. To];
            to = upper.AsSpan().SequenceCompareTo(to) < 0 ? upper : to;
        }

        return from.AsSpan().SequenceCompareTo(to) < 0;
    }

    internal static void ThrowIfInvalid(ScanOptions options)
    {
        if (options.Limit < 0)
            throw new ArgumentException($"Limit ({options.Limit}) must not be negative.", nameof(options));
    }
}
