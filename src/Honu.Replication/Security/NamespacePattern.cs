using System.Text;

namespace Honu.Replication;

/// <summary>A namespace's name, or the beginning of names: <c>orders</c>, <c>logs/*</c>, <c>*</c>.</summary>
internal static class NamespacePattern
{
    public const string All = "*";

    public static bool Matches(string pattern, string ns) =>
        pattern.EndsWith('*') ? ns.AsSpan().StartsWith(pattern.AsSpan(0, pattern.Length - 1), StringComparison.Ordinal) : ns == pattern;

    public static bool IsWellFormed(string pattern) =>
        pattern.Length > 0 && Encoding.UTF8.GetByteCount(pattern) <= StoreLimits.MaxNamespaceBytes + (pattern.EndsWith('*') ? 1 : 0);
}
