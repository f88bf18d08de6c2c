using System.Diagnostics.CodeAnalysis;
using Honu.Consistency;

namespace Honu;

/// <summary>What a replica must have before a reader or writer goes on there: how somebody who moves between replicas keeps sight of what was read and written.</summary>
/// <remarks>
/// <para>Immutable, opaque, at most <see cref="MaxBytes"/>: keep what <see cref="ToString"/> or <see cref="ToArray"/> gives, also over restarts, and hand it to
/// any replica of the cluster. A token says for each namespace up to which write of which replica everything must be covered. It therefore stays short:
/// merging keeps the greatest of each replica.</para>
/// <para>A token is satisfied where the version vector covers it. A record that has arrived by a stream that is not finished, or that waits for the clock, does not count.</para>
/// </remarks>
public sealed class CausalToken : IEquatable<CausalToken>
{
    /// <summary>Longest token in its binary form.</summary>
    public const int MaxBytes = 4096;

    private readonly SortedList<string, VersionVector> _needs;

    internal CausalToken(string? cluster, SortedList<string, VersionVector> needs)
    {
        Cluster = cluster;
        _needs = needs;
        var length = CausalTokenCodec.Length(this);
        if (length > MaxBytes)
        {
            var entries = needs.Values.Sum(static vector => vector.Count);
            throw new HonuException(HonuErrorCode.TokenTooLarge, $"A token of {needs.Count} namespaces with {entries} marks of replicas has {length} bytes, more than {MaxBytes}. Use tokens of single namespaces.");
        }
    }

    /// <summary>Asks for nothing: what a session begins with. Belongs to every cluster.</summary>
    public static CausalToken Empty { get; } = new(cluster: null, NewNeeds());

    /// <summary>Whether every replica satisfies the token.</summary>
    public bool IsEmpty => _needs.Count == 0;

    /// <summary>The namespaces that the token asks something of, in ordinal order.</summary>
    public IReadOnlyList<string> Namespaces => [.. _needs.Keys];

    /// <summary>The cluster whose versions are meant; <see langword="null"/> in <see cref="Empty"/> alone.</summary>
    internal string? Cluster { get; }

    internal SortedList<string, VersionVector> Needs => _needs;

    /// <summary>Reads a token from its text.</summary>
    /// <exception cref="ArgumentException">The text is no token, or was damaged.</exception>
    public static CausalToken Parse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        return TryParse(text, out var token) ? token : throw NoToken(nameof(text));
    }

    /// <summary>Reads a token from its text.</summary>
    /// <returns><see langword="false"/> when the text is no token, or was damaged.</returns>
    public static bool TryParse(string? text, [NotNullWhen(true)] out CausalToken? token) => CausalTokenCodec.TryParse(text, out token);

    /// <summary>Reads a token from its binary form.</summary>
    /// <exception cref="ArgumentException">The bytes are no token, or were damaged.</exception>
    public static CausalToken Parse(ReadOnlySpan<byte> bytes) => TryParse(bytes, out var token) ? token : throw NoToken(nameof(bytes));

    /// <summary>Reads a token from its binary form. Every byte is checked.</summary>
    /// <returns><see langword="false"/> when the bytes are no token, or were damaged.</returns>
    public static bool TryParse(ReadOnlySpan<byte> bytes, [NotNullWhen(true)] out CausalToken? token) => CausalTokenCodec.TryDecode(bytes, out token);

    /// <summary>A token that asks for what either of the two asks for.</summary>
    /// <exception cref="HonuException"><see cref="HonuErrorCode.ClusterMismatch"/>: they belong to two clusters. <see cref="HonuErrorCode.TokenTooLarge"/>: together they exceed <see cref="MaxBytes"/>; nothing is ever left out to make a token fit.</exception>
    public CausalToken Merge(CausalToken other)
    {
        ArgumentNullException.ThrowIfNull(other);
        if (other.IsEmpty || ReferenceEquals(this, other))
            return this;
        if (IsEmpty)
            return other;
        if (Cluster != other.Cluster)
            throw new HonuException(HonuErrorCode.ClusterMismatch, $"A token of cluster \"{Cluster}\" and one of cluster \"{other.Cluster}\" cannot be merged: no replica has the writes of both.");
        var needs = NewNeeds();
        foreach (var (ns, vector) in _needs)
            needs.Add(ns, vector);
        foreach (var (ns, vector) in other._needs)
        {
            if (!needs.TryGetValue(ns, out var known))
            {
                needs.Add(ns, vector);
                continue;
            }

            var joined = known.Clone();
            joined.Join(vector);
            needs[ns] = joined;
        }

        return new CausalToken(Cluster, needs);
    }

    /// <summary>The part of the token that is about one namespace: what an operation on that namespace waits for.</summary>
    public CausalToken For(string ns)
    {
        ArgumentNullException.ThrowIfNull(ns);
        if (!_needs.TryGetValue(ns, out var vector))
            return Empty;
        return _needs.Count == 1 ? this : new CausalToken(Cluster, NewNeeds(ns, vector));
    }

    /// <summary>The binary form as a new array. Equal tokens have equal forms.</summary>
    public byte[] ToArray() => CausalTokenCodec.Encode(this);

    /// <summary>The token as text: letters, digits, <c>-</c> and <c>_</c>.</summary>
    public override string ToString() => System.Buffers.Text.Base64Url.EncodeToString(CausalTokenCodec.Encode(this));

    /// <inheritdoc/>
    public bool Equals(CausalToken? other) =>
        other is not null && Cluster == other.Cluster && _needs.Count == other._needs.Count && _needs.Keys.SequenceEqual(other._needs.Keys, StringComparer.Ordinal) && _needs.Values.SequenceEqual(other._needs.Values);

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as CausalToken);

    /// <inheritdoc/>
    public override int GetHashCode() => IsEmpty ? 0 : HashCode.Combine(_needs.Count, _needs.Keys[0], _needs.Values[0]);

    /// <summary>A token that asks for one write, and with it for everything that its replica wrote before in the namespace.</summary>
    internal static CausalToken Of(string cluster, string ns, VersionId version)
    {
        if (version.IsNone)
            return Empty;
        var vector = new VersionVector();
        vector.Advance(version.Replica, version.Scalar);
        return new CausalToken(cluster, NewNeeds(ns, vector));
    }

    internal static SortedList<string, VersionVector> NewNeeds() => new(StringComparer.Ordinal);

    private static SortedList<string, VersionVector> NewNeeds(string ns, VersionVector vector) => new(StringComparer.Ordinal) { { ns, vector } };

    private static ArgumentException NoToken(string parameter) =>
        new("This is no causal token, or it was cut off or changed. Pass a token as it was given.", parameter);
}
