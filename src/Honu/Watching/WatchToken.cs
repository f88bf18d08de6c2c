using System.Buffers.Binary;
using System.Buffers.Text;
using System.Collections.Immutable;
using System.Diagnostics.CodeAnalysis;
using Honu.Format;
using Honu.Watching;

namespace Honu;

/// <summary>Where a watch stands, to go on from later, also after a restart. Opaque: keep what <see cref="ToString"/> gives, and read it by <see cref="Parse"/>.</summary>
/// <remarks>
/// Belongs to one store. Its length depends on how many namespaces were watched and how many replicas write, not on how many objects there
/// are. Encoding, little-endian, in base64url: <c>1 u8 | store id | incarnation | own replica u64 | own scalar u64 | all u8 | count u32 |
/// (name length u8, name, vector length u32, vector)* | crc32c u32</c>.
/// </remarks>
public sealed class WatchToken
{
    private const byte Format = 1;
    private const int FixedBytes = 1 + 16 + 16 + 8 + 8 + 1 + 4;
    private const int ChecksumBytes = 4;

    private readonly Func<WatchPosition>? _later;
    private WatchPosition? _position;

    internal WatchToken(Guid storeId, WatchPosition position, string[]? namespaces)
    {
        StoreId = storeId;
        Namespaces = namespaces;
        _position = position;
    }

    // Most tokens are never looked at: what takes work is done when one is.
    internal WatchToken(Guid storeId, Func<WatchPosition> position, string[]? namespaces)
    {
        StoreId = storeId;
        Namespaces = namespaces;
        _later = position;
    }

    internal Guid StoreId { get; }

    /// <summary>The namespaces that the token speaks of, in ordinal order; <see langword="null"/> for all.</summary>
    internal string[]? Namespaces { get; }

    internal WatchPosition Position => _position ??= _later!();

    /// <summary>Reads a token from its text.</summary>
    /// <exception cref="ArgumentException">The text is no token, or was damaged.</exception>
    public static WatchToken Parse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        return TryParse(text, out var token)
            ? token
            : throw new ArgumentException("This is no watch token, or it was cut off or changed. Pass the text of a token as it was given, or watch from the start.", nameof(text));
    }

    /// <summary>Reads a token from its text.</summary>
    /// <returns><see langword="false"/> when the text is no token, or was damaged.</returns>
    public static bool TryParse(string? text, [NotNullWhen(true)] out WatchToken? token)
    {
        token = null;
        if (string.IsNullOrEmpty(text) || !Base64Url.IsValid(text))
            return false;
        ReadOnlySpan<byte> bytes = Base64Url.DecodeFromChars(text);
        if (bytes.Length < FixedBytes + ChecksumBytes || bytes[0] != Format)
            return false;
        var payload = bytes[..^ChecksumBytes];
        if (BinaryPrimitives.ReadUInt32LittleEndian(bytes[payload.Length..]) != RecordChecksum.Of(payload))
            return false;

        var incarnation = new Guid(payload.Slice(17, 16), bigEndian: true);
        var own = ReplicaId.FromUInt64(BinaryPrimitives.ReadUInt64LittleEndian(payload[33..]));
        var scalar = BinaryPrimitives.ReadUInt64LittleEndian(payload[41..]);
        if (scalar > StoreLimits.MaxScalar || payload[49] > 1 || !TryReadVectors(payload[50..], out var vectors))
            return false;
        var names = payload[49] == 1 ? null : vectors.Keys.Order(StringComparer.Ordinal).ToArray();
        token = new WatchToken(new Guid(payload.Slice(1, 16), bigEndian: true), new WatchPosition(incarnation, own, scalar, vectors), names);
        return true;
    }

    /// <summary>The token as text: letters, digits, <c>-</c> and <c>_</c>.</summary>
    public override string ToString()
    {
        var position = Position;
        using var stream = new MemoryStream();
        stream.WriteByte(Format);
        stream.Write(StoreId.ToByteArray(bigEndian: true));
        stream.Write(position.Incarnation.ToByteArray(bigEndian: true));
        WriteUInt64(stream, position.Own.ToUInt64());
        WriteUInt64(stream, position.OwnScalar);
        stream.WriteByte(Namespaces is null ? (byte)1 : (byte)0);
        var names = Namespaces ?? [.. position.Vectors.Keys.Where(name => SaysMoreThanOwn(position, name)).Order(StringComparer.Ordinal)];
        WriteUInt32(stream, (uint)names.Length);
        foreach (var name in names)
        {
            var bytes = StoreLimits.StrictUtf8.GetBytes(name);
            var vector = (position.Vectors.GetValueOrDefault(name) ?? new VersionVector()).ToArray();
            stream.WriteByte((byte)bytes.Length);
            stream.Write(bytes);
            WriteUInt32(stream, (uint)vector.Length);
            stream.Write(vector);
        }

        WriteUInt32(stream, RecordChecksum.Of(stream.GetBuffer().AsSpan(0, (int)stream.Length)));
        return Base64Url.EncodeToString(stream.GetBuffer().AsSpan(0, (int)stream.Length));
    }

    // A store with thousands of namespaces and one writer has short tokens all the same.
    private static bool SaysMoreThanOwn(WatchPosition position, string ns)
    {
        var vector = position.Vectors[ns];
        return vector.Count > 1 || (vector.Count == 1 && (vector.Origins[0] != position.Own || vector.HighMark(position.Own) > position.OwnScalar));
    }

    private static bool TryReadVectors(ReadOnlySpan<byte> source, out ImmutableDictionary<string, VersionVector> vectors)
    {
        vectors = WatchPosition.NoVectors;
        var builder = vectors.ToBuilder();
        var count = BinaryPrimitives.ReadUInt32LittleEndian(source);
        source = source[4..];
        for (var i = 0u; i < count; i++)
        {
            if (source.IsEmpty || source.Length < 1 + source[0] + 4 || !System.Text.Unicode.Utf8.IsValid(source.Slice(1, source[0])))
                return false;
            var name = StoreLimits.StrictUtf8.GetString(source.Slice(1, source[0]));
            source = source[(1 + source[0])..];
            var length = BinaryPrimitives.ReadUInt32LittleEndian(source);
            source = source[4..];
            if (length > source.Length || !VersionVector.TryDecode(source[..(int)length], out var vector))
                return false;
            source = source[(int)length..];
            builder[name] = vector;
        }

        vectors = builder.ToImmutable();
        return source.IsEmpty;
    }

    private static void WriteUInt64(Stream stream, ulong value)
    {
        Span<byte> bytes = stackalloc byte[8];
        BinaryPrimitives.WriteUInt64LittleEndian(bytes, value);
        stream.Write(bytes);
    }

    private static void WriteUInt32(Stream stream, uint value)
    {
        Span<byte> bytes = stackalloc byte[4];
        BinaryPrimitives.WriteUInt32LittleEndian(bytes, value);
        stream.Write(bytes);
    }
}
