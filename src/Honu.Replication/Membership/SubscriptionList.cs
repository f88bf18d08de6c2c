using System.Text;

namespace Honu.Replication;

/// <summary>What a replica wants to hold: names of namespaces, and prefixes that end with <c>*</c>. Immutable.</summary>
public sealed class SubscriptionList
{
    /// <summary>Most patterns of a list.</summary>
    public const int MaxPatterns = 1024;

    /// <summary>Most bytes of UTF-8 of all patterns of a list together.</summary>
    public const int MaxBytes = 16 * 1024;

    private SubscriptionList(IReadOnlyList<string> patterns) => Patterns = patterns;

    /// <summary>Every namespace, also those that come later.</summary>
    public static SubscriptionList Everything { get; } = new(["*"]);

    /// <summary>The patterns in ordinal order; none means that nothing is wanted.</summary>
    public IReadOnlyList<string> Patterns { get; }

    /// <summary>Makes a list.</summary>
    /// <param name="patterns">Names, or prefixes that end with <c>*</c>; one that comes twice counts once.</param>
    /// <exception cref="ArgumentException">There are too many, or one has a wrong length.</exception>
    public static SubscriptionList Create(IEnumerable<string> patterns)
    {
        ArgumentNullException.ThrowIfNull(patterns);
        string[] sorted = [.. patterns.Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal)];
        if (sorted.Length > MaxPatterns)
            throw new ArgumentException($"A replica has at most {MaxPatterns} subscriptions; these are {sorted.Length}. Use prefixes.", nameof(patterns));
        var bytes = sorted.Sum(Encoding.UTF8.GetByteCount);
        if (bytes > MaxBytes)
            throw new ArgumentException($"The subscriptions of a replica have at most {MaxBytes} bytes together; these have {bytes}. Use prefixes.", nameof(patterns));
        foreach (var pattern in sorted)
        {
            if (FindFault(pattern) is { } fault)
                throw new ArgumentException(fault, nameof(patterns));
        }

        return new SubscriptionList(sorted);
    }

    /// <summary>What is wrong with a pattern, or <see langword="null"/>.</summary>
    public static string? FindFault(string pattern) => IsPattern(pattern)
        ? null
        : $"A subscription is the name of a namespace, 1 to {StoreLimits.MaxNamespaceBytes} bytes of UTF-8, or a prefix of names that ends with *.";

    /// <summary>Whether a namespace is wanted.</summary>
    public bool Wants(string ns)
    {
        ArgumentNullException.ThrowIfNull(ns);
        foreach (var pattern in Patterns)
        {
            if (pattern.EndsWith('*') ? ns.AsSpan().StartsWith(pattern.AsSpan(0, pattern.Length - 1), StringComparison.Ordinal) : ns == pattern)
                return true;
        }

        return false;
    }

    /// <summary>The list with one pattern more.</summary>
    /// <exception cref="ArgumentException">The pattern has a wrong length, or the list is full.</exception>
    public SubscriptionList With(string pattern) => Create([.. Patterns, pattern]);

    /// <summary>The list without a pattern.</summary>
    public SubscriptionList Without(string pattern) => new([.. Patterns.Where(known => known != pattern)]);

    /// <summary>As a Hello tells it: everything is an empty list, nothing the empty name that no namespace has.</summary>
    internal IEnumerable<string> ToWire() => Patterns.Contains("*", StringComparer.Ordinal) ? [] : Patterns.Count == 0 ? [""] : Patterns;

    /// <summary>What a Hello told; its patterns were checked.</summary>
    internal static SubscriptionList FromWire(IReadOnlyList<string> told) =>
        told.Count == 0 ? Everything : new SubscriptionList([.. told.Where(static pattern => pattern.Length > 0)]);

    internal static bool IsPattern(string pattern)
    {
        // A name, or a prefix of one with its star.
        var name = pattern.EndsWith('*') ? pattern.AsSpan(0, pattern.Length - 1) : pattern;
        return pattern.Length > 0 && name.Length <= StoreLimits.MaxNamespaceBytes && Encoding.UTF8.GetByteCount(name) <= StoreLimits.MaxNamespaceBytes;
    }
}
