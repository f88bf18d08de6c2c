using System.Buffers.Binary;
using System.Text;

namespace Honu;

/// <summary>Which writes of which replica a store holds, or knows to be superseded, in one namespace.</summary>
/// <remarks>
/// Per replica a contiguous high mark, and a few later intervals that arrived early. Mutable and not thread-safe: the store hands
/// out copies. Encoding, little-endian, by ascending replica: <c>count u16 | (replica u64, high u64, n u8, (from u64, to u64) × n)*</c>.
/// </remarks>
public sealed class VersionVector : IEquatable<VersionVector>
{
    /// <summary>Most replicas in one vector, on disk and on the wire.</summary>
    public const int MaxOrigins = 4096;

    private readonly SortedList<ReplicaId, ScalarIntervals> _origins = [];

    /// <summary>How many replicas the vector names.</summary>
    public int Count => _origins.Count;

    /// <summary>The replicas that the vector names, ascending.</summary>
    public IList<ReplicaId> Origins => _origins.Keys;

    /// <summary>A copy that shares nothing.</summary>
    public VersionVector Clone()
    {
        var copy = new VersionVector();
        foreach (var (replica, covered) in _origins)
            copy._origins.Add(replica, covered.Clone());
        return copy;
    }

    /// <summary>Whether the write <paramref name="version"/> is held or superseded.</summary>
    public bool Covers(VersionId version) => _origins.TryGetValue(version.Replica, out var covered) && covered.Covers(version.Scalar);

    /// <summary>Every write of <paramref name="replica"/> up to this scalar is covered; 0 when nothing is known of it.</summary>
    public ulong HighMark(ReplicaId replica) => _origins.TryGetValue(replica, out var covered) ? covered.High : 0;

    /// <summary>The greatest scalar of any covered write: the clock must not be below it.</summary>
    public ulong GreatestScalar()
    {
        ulong greatest = 0;
        foreach (var covered in _origins.Values)
            greatest = Math.Max(greatest, covered.Later.Count > 0 ? covered.Later[^1].To : covered.High);
        return greatest;
    }

    /// <summary>The greatest scalar of any covered write of <paramref name="replica"/>; 0 when nothing is known of it.</summary>
    internal ulong GreatestScalar(ReplicaId replica) =>
        !_origins.TryGetValue(replica, out var covered) ? 0 : covered.Later.Count > 0 ? covered.Later[^1].To : covered.High;

    /// <summary>The smallest scalar of <paramref name="replica"/> that this vector covers and <paramref name="earlier"/> did not; 0 when there is none.</summary>
    internal ulong FirstBeyond(ReplicaId replica, VersionVector earlier) =>
        !_origins.TryGetValue(replica, out var covered) ? 0 : earlier._origins.TryGetValue(replica, out var before) ? covered.FirstBeyond(before) : covered.FirstBeyond(new ScalarIntervals());

    /// <summary>The smallest scalar of <paramref name="replica"/> that is at least <paramref name="scalar"/> and not covered.</summary>
    public ulong NextUncovered(ReplicaId replica, ulong scalar) =>
        _origins.TryGetValue(replica, out var covered) ? covered.NextUncovered(scalar) : scalar;

    /// <summary>Covers everything of <paramref name="replica"/> up to <paramref name="high"/>.</summary>
    public void Advance(ReplicaId replica, ulong high) => TryCover(replica, 0, high);

    /// <summary>Covers <c>(from, to]</c> of <paramref name="replica"/>.</summary>
    /// <returns><see langword="false"/>, with nothing changed, when the replica has too many separate intervals already (R18).</returns>
    public bool TryCover(ReplicaId replica, ulong from, ulong to)
    {
        if (to <= from)
            return true;
        return IntervalsOf(replica).TryAdd(from, to);
    }

    /// <summary>What is covered of one replica, to be changed in place.</summary>
    internal ScalarIntervals IntervalsOf(ReplicaId replica)
    {
        if (!_origins.TryGetValue(replica, out var covered))
            _origins.Add(replica, covered = new ScalarIntervals());
        return covered;
    }

    /// <summary>Forgets all that is covered of <paramref name="replica"/>.</summary>
    public void Remove(ReplicaId replica) => _origins.Remove(replica);

    /// <summary>Covers everything that <paramref name="other"/> covers, apart from intervals beyond the limit (R18), whose records stay loose.</summary>
    public void Join(VersionVector other)
    {
        foreach (var replica in other._origins.Keys)
            JoinOf(replica, other);
    }

    /// <summary>Covers what <paramref name="other"/> covers of one replica.</summary>
    internal void JoinOf(ReplicaId replica, VersionVector other)
    {
        if (!other._origins.TryGetValue(replica, out var covered))
            return;
        TryCover(replica, 0, covered.High);
        foreach (var (from, to) in covered.Later)
            TryCover(replica, from, to);
    }

    /// <summary>Whether everything that <paramref name="other"/> covers of one replica is covered here.</summary>
    internal bool DominatesOf(ReplicaId replica, VersionVector other) =>
        !other._origins.TryGetValue(replica, out var covered) || covered.IsEmpty || (_origins.TryGetValue(replica, out var mine) && mine.Dominates(covered));

    /// <summary>Whether everything that <paramref name="other"/> covers is covered here.</summary>
    public bool Dominates(VersionVector other)
    {
        foreach (var replica in other._origins.Keys)
        {
            if (!DominatesOf(replica, other))
                return false;
        }

        return true;
    }

    /// <summary>What differs from another vector: the replicas that are covered otherwise, and without any write those that only the other one covers.</summary>
    internal VersionVector DifferenceTo(VersionVector other)
    {
        var difference = new VersionVector();
        foreach (var (replica, covered) in _origins)
        {
            if (!other._origins.TryGetValue(replica, out var theirs) || !covered.SameAs(theirs))
                difference._origins.Add(replica, covered.Clone());
        }

        foreach (var replica in other._origins.Keys)
        {
            if (!_origins.ContainsKey(replica))
                difference._origins.Add(replica, new ScalarIntervals());
        }

        return difference;
    }

    /// <summary>The vector that <see cref="DifferenceTo"/> has compared with this one.</summary>
    internal VersionVector With(VersionVector difference)
    {
        var result = Clone();
        foreach (var (replica, covered) in difference._origins)
        {
            result._origins.Remove(replica);
            if (!covered.IsEmpty)
                result._origins.Add(replica, covered.Clone());
        }

        return result;
    }

    /// <summary>Length of the encoding in bytes.</summary>
    public int EncodedLength => 2 + _origins.Values.Sum(covered => 17 + (16 * covered.Later.Count));

    /// <summary>Writes the encoding and returns its length. Equal vectors have equal encodings.</summary>
    public int Encode(Span<byte> destination)
    {
        BinaryPrimitives.WriteUInt16LittleEndian(destination, (ushort)_origins.Count);
        var at = 2;
        foreach (var (replica, covered) in _origins)
        {
            BinaryPrimitives.WriteUInt64LittleEndian(destination[at..], replica.ToUInt64());
            BinaryPrimitives.WriteUInt64LittleEndian(destination[(at + 8)..], covered.High);
            destination[at + 16] = (byte)covered.Later.Count;
            at += 17;
            foreach (var (from, to) in covered.Later)
            {
                BinaryPrimitives.WriteUInt64LittleEndian(destination[at..], from);
                BinaryPrimitives.WriteUInt64LittleEndian(destination[(at + 8)..], to);
                at += 16;
            }
        }

        return at;
    }

    /// <summary>The encoding as a new array.</summary>
    public byte[] ToArray()
    {
        var bytes = new byte[EncodedLength];
        Encode(bytes);
        return bytes;
    }

    /// <summary>Reads an encoded vector that fills <paramref name="source"/> exactly, checking every length, order and scalar.</summary>
    public static bool TryDecode(ReadOnlySpan<byte> source, out VersionVector vector)
    {
        vector = new VersionVector();
        if (source.Length < 2)
            return false;
        int count = BinaryPrimitives.ReadUInt16LittleEndian(source);
        source = source[2..];
        // Each origin takes at least 17 bytes, so a count that does not fit is refused before anything is reserved.
        if (count > MaxOrigins || source.Length < count * 17)
            return false;
        ulong previous = 0;
        for (var i = 0; i < count; i++)
        {
            if (source.Length < 17)
                return false;
            var replica = BinaryPrimitives.ReadUInt64LittleEndian(source);
            var high = BinaryPrimitives.ReadUInt64LittleEndian(source[8..]);
            int intervals = source[16];
            source = source[17..];
            if ((i > 0 && replica <= previous) || high > StoreLimits.MaxScalar || intervals > ScalarIntervals.MaxIntervals || source.Length < intervals * 16)
                return false;
            previous = replica;

            var covered = new ScalarIntervals();
            covered.TryAdd(0, high);
            var end = high;
            for (var k = 0; k < intervals; k++)
            {
                var from = BinaryPrimitives.ReadUInt64LittleEndian(source);
                var to = BinaryPrimitives.ReadUInt64LittleEndian(source[8..]);
                source = source[16..];
                if (from <= end || to <= from || to > StoreLimits.MaxScalar)
                    return false;
                covered.TryAdd(from, to);
                end = to;
            }

            vector._origins.Add(ReplicaId.FromUInt64(replica), covered);
        }

        return source.IsEmpty;
    }

    /// <inheritdoc/>
    public bool Equals(VersionVector? other)
    {
        if (other is null || other._origins.Count != _origins.Count)
            return false;
        for (var i = 0; i < _origins.Count; i++)
        {
            if (_origins.GetKeyAtIndex(i) != other._origins.GetKeyAtIndex(i) || !_origins.GetValueAtIndex(i).SameAs(other._origins.GetValueAtIndex(i)))
                return false;
        }

        return true;
    }

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as VersionVector);

    /// <inheritdoc/>
    public override int GetHashCode() => _origins.Count == 0 ? 0 : HashCode.Combine(_origins.Count, _origins.GetKeyAtIndex(0), _origins.GetValueAtIndex(0).High);

    /// <summary>Formats as <c>{1.0: 7, 2.0: 5 (6,9]}</c>.</summary>
    public override string ToString()
    {
        var text = new StringBuilder("{");
        foreach (var (replica, covered) in _origins)
        {
            text.Append(text.Length > 1 ? ", " : "").Append(replica).Append(": ").Append(covered.High);
            foreach (var (from, to) in covered.Later)
                text.Append(" (").Append(from).Append(',').Append(to).Append(']');
        }

        return text.Append('}').ToString();
    }
}
