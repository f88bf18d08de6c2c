using System.Buffers.Binary;
using System.Buffers.Text;
using System.Diagnostics.CodeAnalysis;
using Honu.Format;

namespace Honu.Consistency;

/// <summary>
/// Bytes of a token, little-endian, ascending everywhere, so that equal tokens have equal bytes:
/// <c>1 u8 | 0 u8 | crc32c u32</c> for the empty one, else
/// <c>1 u8 | 1 u8 | cluster length u8, cluster | replicas u16, (replica u64)* | namespaces u16, (name length u8, name, marks u16, (index of the replica u16, scalar u64)*)* | crc32c u32</c>.
/// </summary>
/// <remarks>Replicas stand in a table because the same few write in every namespace: a mark takes 10 bytes instead of 16.</remarks>
internal static class CausalTokenCodec
{
    private const byte Format = 1;
    private const int ChecksumBytes = 4;
    private const int MarkBytes = 2 + 8;

    // Base64url takes four characters for three bytes.
    private const int MaxTextLength = (CausalToken.MaxBytes * 4 / 3) + 4;

    public static int Length(CausalToken token)
    {
        if (token.Cluster is null)
            return 2 + ChecksumBytes;
        var length = 2 + 1 + StoreLimits.StrictUtf8.GetByteCount(token.Cluster) + 2 + (8 * Replicas(token).Count) + 2 + ChecksumBytes;
        foreach (var (ns, vector) in token.Needs)
            length += 1 + StoreLimits.StrictUtf8.GetByteCount(ns) + 2 + (MarkBytes * vector.Count);
        return length;
    }

    public static byte[] Encode(CausalToken token)
    {
        var bytes = new byte[Length(token)];
        var writer = new Writer(bytes);
        writer.Byte(Format);
        if (token.Cluster is null)
        {
            writer.Byte(0);
        }
        else
        {
            writer.Byte(1);
            writer.Text(token.Cluster);
            var replicas = Replicas(token);
            writer.UInt16(replicas.Count);
            foreach (var replica in replicas)
                writer.UInt64(replica.ToUInt64());
            writer.UInt16(token.Needs.Count);
            foreach (var (ns, vector) in token.Needs)
            {
                writer.Text(ns);
                writer.UInt16(vector.Count);
                foreach (var replica in vector.Origins)
                {
                    writer.UInt16(replicas.BinarySearch(replica));
                    writer.UInt64(vector.HighMark(replica));
                }
            }
        }

        BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(^ChecksumBytes..), RecordChecksum.Of(bytes.AsSpan(..^ChecksumBytes)));
        return bytes;
    }

    public static bool TryParse(string? text, [NotNullWhen(true)] out CausalToken? token)
    {
        token = null;
        if (text is null || text.Length is 0 or > MaxTextLength || !Base64Url.IsValid(text))
            return false;
        return TryDecode(Base64Url.DecodeFromChars(text), out token);
    }

    public static bool TryDecode(ReadOnlySpan<byte> bytes, [NotNullWhen(true)] out CausalToken? token)
    {
        token = null;
        if (bytes.Length is < 2 + ChecksumBytes or > CausalToken.MaxBytes || bytes[0] != Format)
            return false;
        var payload = bytes[..^ChecksumBytes];
        if (BinaryPrimitives.ReadUInt32LittleEndian(bytes[payload.Length..]) != RecordChecksum.Of(payload))
            return false;
        var reader = new Reader(payload[2..]);
        switch (payload[1])
        {
            case 0:
                token = reader.IsAtEnd ? CausalToken.Empty : null;
                break;
            case 1 when reader.TryText(mayBeEmpty: true, out var cluster) && TryReadNeeds(ref reader, out var needs) && reader.IsAtEnd:
                token = new CausalToken(cluster, needs);
                break;
        }

        return token is not null;
    }

    private static bool TryReadNeeds(ref Reader reader, [NotNullWhen(true)] out SortedList<string, VersionVector>? needs)
    {
        needs = null;
        if (!TryReadReplicas(ref reader, out var replicas) || !reader.TryUInt16(out var count) || count == 0)
            return false;
        var read = CausalToken.NewNeeds();
        var isUsed = new bool[replicas.Length];
        string? previous = null;
        for (var i = 0; i < count; i++)
        {
            if (!reader.TryText(mayBeEmpty: false, out var ns) || string.CompareOrdinal(ns, previous) <= 0 || !TryReadMarks(ref reader, replicas, isUsed, out var vector))
                return false;
            read.Add(ns, vector);
            previous = ns;
        }

        needs = read;
        return Array.TrueForAll(isUsed, static used => used);
    }

    private static bool TryReadReplicas(ref Reader reader, out ReplicaId[] replicas)
    {
        replicas = [];
        if (!reader.TryUInt16(out var count) || !reader.Has(count * 8))
            return false;
        replicas = new ReplicaId[count];
        for (var i = 0; i < count; i++)
        {
            reader.TryUInt64(out var value);
            replicas[i] = ReplicaId.FromUInt64(value);
            if (i > 0 && replicas[i].CompareTo(replicas[i - 1]) <= 0)
                return false;
        }

        return true;
    }

    private static bool TryReadMarks(ref Reader reader, ReplicaId[] replicas, bool[] isUsed, out VersionVector vector)
    {
        vector = new VersionVector();
        if (!reader.TryUInt16(out var count) || count == 0 || !reader.Has(count * MarkBytes))
            return false;
        var previous = -1;
        for (var i = 0; i < count; i++)
        {
            reader.TryUInt16(out var index);
            reader.TryUInt64(out var scalar);
            if (index <= previous || index >= replicas.Length || scalar is 0 or > StoreLimits.MaxScalar)
                return false;
            vector.Advance(replicas[index], scalar);
            isUsed[index] = true;
            previous = index;
        }

        return true;
    }

    private static List<ReplicaId> Replicas(CausalToken token) => [.. token.Needs.Values.SelectMany(static vector => vector.Origins).Distinct().Order()];

    private ref struct Writer(Span<byte> rest)
    {
        private Span<byte> _rest = rest;

        public void Byte(byte value)
        {
            _rest[0] = value;
            _rest = _rest[1..];
        }

        public void UInt16(int value)
        {
            BinaryPrimitives.WriteUInt16LittleEndian(_rest, (ushort)value);
            _rest = _rest[2..];
        }

        public void UInt64(ulong value)
        {
            BinaryPrimitives.WriteUInt64LittleEndian(_rest, value);
            _rest = _rest[8..];
        }

        public void Text(string text)
        {
            var length = StoreLimits.StrictUtf8.GetBytes(text, _rest[1..]);
            _rest[0] = (byte)length;
            _rest = _rest[(1 + length)..];
        }
    }

    private ref struct Reader(ReadOnlySpan<byte> rest)
    {
        private ReadOnlySpan<byte> _rest = rest;

        public readonly bool IsAtEnd => _rest.IsEmpty;

        public readonly bool Has(int bytes) => _rest.Length >= bytes;

        public bool TryUInt16(out int value)
        {
            value = 0;
            if (!Has(2))
                return false;
            value = BinaryPrimitives.ReadUInt16LittleEndian(_rest);
            _rest = _rest[2..];
            return true;
        }

        public bool TryUInt64(out ulong value)
        {
            value = 0;
            if (!Has(8))
                return false;
            value = BinaryPrimitives.ReadUInt64LittleEndian(_rest);
            _rest = _rest[8..];
            return true;
        }

        public bool TryText(bool mayBeEmpty, [NotNullWhen(true)] out string? text)
        {
            text = null;
            if (!Has(1) || !Has(1 + _rest[0]) || (_rest[0] == 0 && !mayBeEmpty))
                return false;
            var bytes = _rest.Slice(1, _rest[0]);
            if (!System.Text.Unicode.Utf8.IsValid(bytes))
                return false;
            text = StoreLimits.StrictUtf8.GetString(bytes);
            _rest = _rest[(1 + bytes.Length)..];
            return true;
        }
    }
}
