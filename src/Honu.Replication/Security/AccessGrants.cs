using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Honu.Replication;

/// <summary>Who may do what in which namespaces. What no rule gives is refused; rules only add.</summary>
/// <remarks>Immutable and safe to use from any thread. <c>AccessGrants.Json.cs</c>: the file that operators write.</remarks>
public sealed partial class AccessGrants
{
    private const int HashBytes = SHA256.HashSizeInBytes;
    private static readonly string[] Kinds = ["replica:", "client:", "token:"];

    private readonly AccessRule[] _rules;
    private readonly KeyValuePair<string, byte[]>[] _tokens;

    /// <summary>Makes grants of rules.</summary>
    /// <param name="rules">The rules.</param>
    /// <param name="tokens">The SHA-256 of each bearer token's UTF-8, by the name that rules use for it; <see langword="null"/> for none.</param>
    /// <exception cref="ArgumentException">A rule names an impossible namespace or subject, or a hash does not have 32 bytes.</exception>
    public AccessGrants(IEnumerable<AccessRule> rules, IReadOnlyDictionary<string, byte[]>? tokens = null)
    {
        ArgumentNullException.ThrowIfNull(rules);
        _rules = [.. rules];
        _tokens = [.. tokens ?? new Dictionary<string, byte[]>(StringComparer.Ordinal)];
        foreach (var (name, hash) in _tokens)
        {
            if (name.Length == 0 || hash.Length != HashBytes)
                throw new ArgumentException($"The token \"{name}\" needs a name and the {HashBytes} bytes of its SHA-256; it has {hash.Length}.", nameof(tokens));
        }

        foreach (var rule in _rules)
            Check(rule, nameof(rules));
    }

    /// <summary>The subject of a replica.</summary>
    public static string Replica(uint pid) => string.Create(CultureInfo.InvariantCulture, $"replica:{pid}");

    /// <summary>The subject of a client with a certificate.</summary>
    public static string Client(string name) => "client:" + name;

    /// <summary>Whether a subject has a right in a namespace.</summary>
    /// <param name="subject">Such as <c>replica:2</c>; <see langword="null"/> for a caller who has shown nothing.</param>
    /// <param name="right">The right.</param>
    /// <param name="ns">The namespace.</param>
    public bool Allows(string? subject, AccessRight right, string ns) =>
        Array.Exists(_rules, rule => rule.Namespaces.Any(pattern => NamespacePattern.Matches(pattern, ns)) && Names(rule.Subjects(right), subject));

    /// <summary>Whether a subject has a right in every namespace, also in those that do not exist yet.</summary>
    /// <param name="subject">As for <see cref="Allows"/>.</param>
    /// <param name="right">The right.</param>
    public bool AllowsEverywhere(string? subject, AccessRight right) =>
        Array.Exists(_rules, rule => rule.Namespaces.Contains(NamespacePattern.All, StringComparer.Ordinal) && Names(rule.Subjects(right), subject));

    /// <summary>The names and prefixes in which a subject has a right; empty for none.</summary>
    /// <param name="subject">As for <see cref="Allows"/>.</param>
    /// <param name="right">The right.</param>
    public IReadOnlyList<string> Patterns(string? subject, AccessRight right) =>
        [.. _rules.Where(rule => Names(rule.Subjects(right), subject)).SelectMany(static rule => rule.Namespaces).Distinct(StringComparer.Ordinal)];

    /// <summary>The subject of a bearer token, or <see langword="null"/> when it is none of these. Takes as long for one as for the other.</summary>
    /// <param name="token">The token as it was shown.</param>
    public string? FindToken(string token)
    {
        ArgumentNullException.ThrowIfNull(token);
        Span<byte> hash = stackalloc byte[HashBytes];
        SHA256.HashData(Encoding.UTF8.GetBytes(token), hash);
        string? found = null;
        foreach (var (name, known) in _tokens)
        {
            // All are compared, each in constant time: how long it takes tells nothing of which one came close.
            if (CryptographicOperations.FixedTimeEquals(hash, known))
                found = "token:" + name;
        }

        return found;
    }

    private static bool Names(IReadOnlyList<string> subjects, string? subject)
    {
        foreach (var named in subjects)
        {
            if (named == "anyone" || (subject is not null && (named == "*" || named == subject || (named.EndsWith(":*", StringComparison.Ordinal) && subject.StartsWith(named[..^1], StringComparison.Ordinal)))))
                return true;
        }

        return false;
    }

    private static void Check(AccessRule rule, string parameter)
    {
        foreach (var pattern in rule.Namespaces)
        {
            if (!NamespacePattern.IsWellFormed(pattern))
                throw new ArgumentException($"\"{pattern}\" is neither a namespace nor a prefix that ends with \"*\".", parameter);
        }

        foreach (var subject in rule.Read.Concat(rule.Write).Concat(rule.Admin))
        {
            if (!IsSubject(subject))
                throw new ArgumentException($"\"{subject}\" is no subject. Write replica:PID, client:NAME, token:NAME, a kind with \"*\" such as replica:*, \"*\" for everyone with a certificate or token, or \"anyone\".", parameter);
        }
    }

    private static bool IsSubject(string subject)
    {
        if (subject is "*" or "anyone")
            return true;
        var kind = Array.Find(Kinds, kind => subject.StartsWith(kind, StringComparison.Ordinal));
        if (kind is null || subject.Length == kind.Length)
            return false;
        var name = subject[kind.Length..];
        return kind != Kinds[0] || name == "*" || (uint.TryParse(name, NumberStyles.None, CultureInfo.InvariantCulture, out var pid) && Replica(pid) == subject);
    }
}
