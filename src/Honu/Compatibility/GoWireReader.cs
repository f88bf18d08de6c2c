using System.Diagnostics.CodeAnalysis;
using System.Text;

namespace Honu.Compatibility;

/// <summary>Walks the fields of one protobuf message. Every method returns false once <see cref="Error"/> is set.</summary>
internal ref struct GoWireReader(ReadOnlySpan<byte> data)
{
    public const int Varint = 0;
    public const int Fixed64 = 1;
    public const int Bytes = 2;
    public const int StartGroup = 3;
    public const int EndGroup = 4;
    public const int Fixed32 = 5;

    private const int MaxFieldNumber = (1 << 29) - 1;

    private readonly ReadOnlySpan<byte> _data = data;

    public int Position { get; private set; }

    public string? Error { get; private set; }

    public readonly bool AtEnd => Position == _data.Length;

    public readonly ReadOnlySpan<byte> Since(int start) => _data[start..Position];

    public bool TryReadTag(out int field, out int wireType)
    {
        field = wireType = 0;
        var start = Position;
        if (!TryReadVarint(out var tag))
            return false;
        if (tag >> 3 is 0 or > MaxFieldNumber)
            return Fail($"field number {tag >> 3} at byte {start} (allowed: 1 to {MaxFieldNumber})");
        field = (int)(tag >> 3);
        wireType = (int)(tag & 7);
        return true;
    }

    public bool TryReadVarint(out ulong value)
    {
        value = 0;
        var start = Position;
        for (var shift = 0; shift < 70; shift += 7)
        {
            if (AtEnd)
                return Fail($"number at byte {start} is cut off");
            var next = _data[Position++];
            if (shift == 63 && next > 1)
                break;
            value |= (ulong)(next & 0x7F) << shift;
            if (next < 0x80)
                return true;
        }

        return Fail($"number at byte {start} exceeds 64 bits");
    }

    public bool TryReadBytes(out ReadOnlySpan<byte> bytes)
    {
        bytes = default;
        var start = Position;
        if (!TryReadVarint(out var length))
            return false;
        if (length > (ulong)(_data.Length - Position))
            return Fail($"length {length} at byte {start} goes past the end ({_data.Length - Position} bytes left)");
        bytes = _data.Slice(Position, (int)length);
        Position += (int)length;
        return true;
    }

    public bool TryReadString([NotNullWhen(true)] out string? text)
    {
        text = null;
        var start = Position;
        if (!TryReadBytes(out var bytes))
            return false;
        if (!System.Text.Unicode.Utf8.IsValid(bytes))
            return Fail($"text at byte {start} is not valid UTF-8");
        text = Encoding.UTF8.GetString(bytes);
        return true;
    }

    /// <summary>Moves behind the value of a field whose tag was just read; a group ends at its matching end tag.</summary>
    public bool TrySkip(int field, int wireType, int depth)
    {
        switch (wireType)
        {
            case Varint:
                return TryReadVarint(out _);
            case Fixed64:
                return TryAdvance(8);
            case Bytes:
                return TryReadBytes(out _);
            case Fixed32:
                return TryAdvance(4);
            case StartGroup:
                return TrySkipGroup(field, depth);
            default:
                return Fail($"wire type {wireType} of field {field} before byte {Position}");
        }
    }

    public bool Fail(string error)
    {
        Error ??= error;
        return false;
    }

    private bool TrySkipGroup(int field, int depth)
    {
        if (depth >= GoObject.MaxDepth)
            return Fail($"more than {GoObject.MaxDepth} nested messages");
        while (TryReadTag(out var inner, out var wireType))
        {
            if (wireType == EndGroup)
                return inner == field || Fail($"group {field} is closed by {inner} before byte {Position}");
            if (!TrySkip(inner, wireType, depth + 1))
                return false;
        }

        return false;
    }

    private bool TryAdvance(int count)
    {
        if (count > _data.Length - Position)
            return Fail($"{count} bytes at byte {Position} go past the end");
        Position += count;
        return true;
    }
}
