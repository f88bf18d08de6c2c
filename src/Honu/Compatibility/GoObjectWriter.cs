using System.Numerics;
using System.Text;

namespace Honu.Compatibility;

/// <summary>Writes the message described at <see cref="GoObject"/>: fields by number, defaults left out, unknown fields last.</summary>
internal static class GoObjectWriter
{
    /// <summary>Throws on unpaired surrogates: a replacement character would silently be another namespace.</summary>
    public static readonly UTF8Encoding Utf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    public static int Measure(GoObject source)
    {
        var length = (long)LengthOfBytes(source.Key.Length) + LengthOfText(source.Namespace) + LengthOfText(source.Region) + LengthOfText(source.Owner)
            + LengthOfBytes(source.Data.Length) + source.UnknownFields.Length;
        if (source.Version is { } version)
            length += LengthOfMessage(Measure(version, 1));
        if (length > GoObject.MaxEncodedBytes)
            throw new ArgumentException($"The object has {length} encoded bytes (allowed: {GoObject.MaxEncodedBytes}).", nameof(source));
        return (int)length;
    }

    /// <summary>Fills exactly the bytes that <see cref="Measure(GoObject)"/> counted.</summary>
    public static void Write(GoObject source, Span<byte> destination)
    {
        var output = new Output(destination);
        output.Bytes(1, source.Key.Span);
        output.Text(2, source.Namespace);
        if (source.Version is { } version)
            WriteVersion(ref output, 3, version, 1);
        output.Text(4, source.Region);
        output.Text(5, source.Owner);
        output.Bytes(10, source.Data.Span);
        output.Raw(source.UnknownFields.Span);
    }

    private static void WriteVersion(ref Output output, int field, GoVersion version, int depth)
    {
        output.Varint(Tag(field, GoWireReader.Bytes));
        output.Varint((ulong)Measure(version, depth));
        output.Number(1, version.Pid);
        output.Number(2, version.Version);
        output.Text(3, version.Region);
        if (version.Parent is { } parent)
            WriteVersion(ref output, 4, parent, depth + 1);
        output.Number(5, version.Tombstone ? 1UL : 0UL);
        output.Raw(version.UnknownFields.Span);
    }

    private static int Measure(GoVersion version, int depth)
    {
        if (depth > GoObject.MaxDepth)
            throw new ArgumentException($"The version has more than {GoObject.MaxDepth} ancestors.", nameof(version));
        var length = LengthOfNumber(version.Pid) + LengthOfNumber(version.Version) + LengthOfText(version.Region)
            + LengthOfNumber(version.Tombstone ? 1UL : 0UL) + version.UnknownFields.Length;
        return version.Parent is { } parent ? length + LengthOfMessage(Measure(parent, depth + 1)) : length;
    }

    private static int LengthOfNumber(ulong value) => value == 0 ? 0 : 1 + LengthOfVarint(value);

    private static int LengthOfText(string text) => LengthOfBytes(Utf8.GetByteCount(text));

    private static int LengthOfBytes(int length) => length == 0 ? 0 : LengthOfMessage(length);

    private static int LengthOfMessage(int length) => 1 + LengthOfVarint((ulong)length) + length;

    private static int LengthOfVarint(ulong value) => (BitOperations.Log2(value | 1) / 7) + 1;

    // Every field number is below 16, so each tag is one byte.
    private static ulong Tag(int field, int wireType) => ((ulong)field << 3) | (uint)wireType;

    private ref struct Output(Span<byte> destination)
    {
        private Span<byte> _rest = destination;

        public void Number(int field, ulong value)
        {
            if (value == 0)
                return;
            Varint(Tag(field, GoWireReader.Varint));
            Varint(value);
        }

        public void Bytes(int field, ReadOnlySpan<byte> bytes)
        {
            if (bytes.IsEmpty)
                return;
            Varint(Tag(field, GoWireReader.Bytes));
            Varint((ulong)bytes.Length);
            Raw(bytes);
        }

        public void Text(int field, string text)
        {
            if (text.Length == 0)
                return;
            Varint(Tag(field, GoWireReader.Bytes));
            Varint((ulong)Utf8.GetByteCount(text));
            _rest = _rest[Utf8.GetBytes(text, _rest)..];
        }

        public void Varint(ulong value)
        {
            var count = 0;
            for (; value >= 0x80; value >>= 7)
                _rest[count++] = (byte)(value | 0x80);
            _rest[count++] = (byte)value;
            _rest = _rest[count..];
        }

        public void Raw(ReadOnlySpan<byte> bytes)
        {
            bytes.CopyTo(_rest);
            _rest = _rest[bytes.Length..];
        }
    }
}
