using System.Buffers.Binary;

namespace Honu;

/// <summary>The ancestors of a version: for each replica that wrote one, the highest scalar it wrote among them.</summary>
/// <remarks>
/// With it a fork is told exactly from a successor: a version is an ancestor if the context covers it, whatever the scalars say.
/// Immutable. At most <see cref="MaxOrigins"/> replicas; beyond that the oldest entry is dropped, because a false conflict is
/// shown to the user while a missed fork is silent. Encoding: <c>count u8 | (replica u64, scalar u64)*</c>, little-endian, by replica.
/// </remarks>
public sealed class CausalContext : IEquatable<CausalContext>
{
    /// <summary>Most replicas that one context names.</summary>
    public const int MaxOrigins = 32;

    /// <summary>The context of an object's first version.</summary>
    public static CausalContext Empty { get; } = new([]);

    private const int EntryBytes = 16;

    // By ascending replica, each replica once.
    private readonly VersionId[] _entries;

    private CausalContext(VersionId[] entries) => _entries = entries;

    /// <summary>The context's entries by ascending replica.</summary>
    public ReadOnlySpan<VersionId> Entries => _entries;

    /// <summary>How many replicas the context names.</summary>
    public int Count => _entries.Length;

    /// <summary>The context that covers one version (and what its writer wrote before it).</summary>
    public static CausalContext Of(VersionId version) => version.IsNone ? Empty : new CausalContext([version]);

    /// <summary>Whether <paramref name="version"/> is among the ancestors.</summary>
    public bool Covers(VersionId version)
    {
        foreach (var entry in _entries)
        {
            if (entry.Replica == version.Replica)
                return entry.Scalar >= version.Scalar;
        }

        return false;
    }

    /// <summary>The context that covers what either covers.</summary>
    public CausalContext Join(CausalContext other)
    {
        if (other._entries.Length == 0)
            return this;
        if (_entries.Length == 0)
            return other;

        var merged = new List<VersionId>(_entries.Length + other._entries.Length);
        int i = 0, j = 0;
        while (i < _entries.Length || j < other._entries.Length)
        {
            if (j == other._entries.Length || (i < _entries.Length && _entries[i].Replica.CompareTo(other._entries[j].Replica) < 0))
            {
                merged.Add(_entries[i++]);
            }
            else if (i == _entries.Length || _entries[i].Replica != other._entries[j].Replica)
            {
                merged.Add(other._entries[j++]);
            }
            else
            {
                merged.Add(_entries[i].Scalar >= other._entries[j].Scalar ? _entries[i] : other._entries[j]);
                i++;
                j++;
            }
        }

        while (merged.Count > MaxOrigins)
            merged.Remove(merged.MinBy(entry => entry.Scalar));
        return new CausalContext([.. merged]);
    }

    /// <summary>The context that covers what this one covers and <paramref name="version"/>.</summary>
    public CausalContext With(VersionId version) => Covers(version) ? this : Join(Of(version));

    /// <summary>The context that also covers every older deletion with a scalar up to a purge mark: its entry stands under the replica 0.0, which nobody is (R14).</summary>
    public CausalContext WithPurgeMark(ulong purgeMark) => purgeMark == 0 ? this : Join(new CausalContext([new VersionId(purgeMark, default)]));

    /// <summary>Up to which scalar older deletions count as ancestors, whoever made them; 0 when none does.</summary>
    public ulong PurgeMark => _entries.Length > 0 && _entries[0].Replica == default ? _entries[0].Scalar : 0;

    /// <summary>The entries that <paramref name="other"/> (with the version it belongs to) does not cover yet.</summary>
    public CausalContext Except(CausalContext other, VersionId version)
    {
        var rest = _entries.Where(entry => entry != version && !other.Covers(entry)).ToArray();
        return rest.Length == _entries.Length ? this : rest.Length == 0 ? Empty : new CausalContext(rest);
    }

    /// <summary>Length of the encoding in bytes.</summary>
    public int EncodedLength => 1 + (_entries.Length * EntryBytes);

    /// <summary>Writes the encoding and returns its length.</summary>
    public int Encode(Span<byte> destination)
    {
        destination[0] = (byte)_entries.Length;
        var at = 1;
        foreach (var entry in _entries)
        {
            BinaryPrimitives.WriteUInt64LittleEndian(destination[at..], entry.Replica.ToUInt64());
            BinaryPrimitives.WriteUInt64LittleEndian(destination[(at + 8)..], entry.Scalar);
            at += EntryBytes;
        }

        return at;
    }

    /// <summary>Finds the length of an encoded context at the start of <paramref name="source"/> and checks it, without making the object.</summary>
    /// <returns><see langword="false"/> when it is cut off, too long, unsorted or holds a scalar of 0 or ≥ 2^63.</returns>
    public static bool TryMeasure(ReadOnlySpan<byte> source, out int length)
    {
        length = 0;
        if (source.IsEmpty || source[0] > MaxOrigins || source.Length < 1 + (source[0] * EntryBytes))
            return false;
        ulong previous = 0;
        for (var i = 0; i < source[0]; i++)
        {
            var entry = ReadEntry(source, i);
            var replica = entry.Replica.ToUInt64();
            if ((i > 0 && replica <= previous) || entry.Scalar is 0 or > StoreLimits.MaxScalar)
                return false;
            previous = replica;
        }

        length = 1 + (source[0] * EntryBytes);
        return true;
    }

    /// <summary>Whether every scalar of an encoded, measured context is less than <paramref name="scalar"/>.</summary>
    internal static bool IsBelow(ReadOnlySpan<byte> source, ulong scalar)
    {
        for (var i = 0; i < source[0]; i++)
        {
            if (ReadEntry(source, i).Scalar >= scalar)
                return false;
        }

        return true;
    }

    /// <summary>Whether an encoded, measured context covers <paramref name="version"/>; none is always covered.</summary>
    internal static bool Covers(ReadOnlySpan<byte> source, VersionId version)
    {
        for (var i = 0; i < source[0]; i++)
        {
            var entry = ReadEntry(source, i);
            if (entry.Replica == version.Replica)
                return entry.Scalar >= version.Scalar;
        }

        return version.IsNone;
    }

    /// <summary>Reads a context that <see cref="TryMeasure"/> has accepted.</summary>
    public static CausalContext Decode(ReadOnlySpan<byte> source)
    {
        if (source[0] == 0)
            return Empty;
        var entries = new VersionId[source[0]];
        for (var i = 0; i < entries.Length; i++)
            entries[i] = ReadEntry(source, i);
        return new CausalContext(entries);
    }

    /// <inheritdoc/>
    public bool Equals(CausalContext? other) => other is not null && _entries.AsSpan().SequenceEqual(other._entries);

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as CausalContext);

    /// <inheritdoc/>
    public override int GetHashCode()
    {
        var hash = default(HashCode);
        foreach (var entry in _entries)
            hash.Add(entry);
        return hash.ToHashCode();
    }

    /// <inheritdoc/>
    public override string ToString() => "{" + string.Join(", ", _entries) + "}";

    private static VersionId ReadEntry(ReadOnlySpan<byte> source, int index)
    {
        var at = source[(1 + (index * EntryBytes))..];
        return new VersionId(
            BinaryPrimitives.ReadUInt64LittleEndian(at[8..]),
            ReplicaId.FromUInt64(BinaryPrimitives.ReadUInt64LittleEndian(at)));
    }
}
