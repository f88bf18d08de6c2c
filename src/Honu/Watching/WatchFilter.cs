namespace Honu.Watching;

/// <summary>Which objects a watch is about.</summary>
/// <param name="Namespaces">Their names, in ordinal order; <see langword="null"/> for all.</param>
/// <param name="Prefix">How their keys begin.</param>
internal sealed record WatchFilter(string[]? Namespaces, byte[] Prefix)
{
    public static WatchFilter Of(WatchOptions options)
    {
        var names = options.Namespaces?.Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal).ToArray();
        return new WatchFilter(names, options.Prefix is { } prefix ? [.. prefix] : []);
    }

    public bool Matches(string ns) => Namespaces is null || Array.BinarySearch(Namespaces, ns, StringComparer.Ordinal) >= 0;

    public bool Matches(ReadOnlySpan<byte> key) => key.StartsWith(Prefix);
}
