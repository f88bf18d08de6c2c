using System.Buffers.Binary;
using System.Numerics;
using System.Runtime.InteropServices;

namespace Honu.Format;

/// <summary>CRC-32C in steps: the value first, outside of the commit queue, then what only the commit knows.</summary>
internal static class RecordChecksum
{
    private const uint Initial = 0xFFFFFFFF;

    /// <summary>CRC-32C of <paramref name="bytes"/>.</summary>
    public static uint Of(ReadOnlySpan<byte> bytes) => ~Append(Initial, bytes);

    /// <summary>CRC-32C of two spans, one after the other.</summary>
    public static uint Of(ReadOnlySpan<byte> first, ReadOnlySpan<byte> second) => ~Append(Append(Initial, first), second);

    /// <summary>The first step: over the value. Continue with <see cref="Finish"/>.</summary>
    public static uint OfValue(ReadOnlySpan<byte> value) => Append(Initial, value);

    /// <summary>The checksum of a record: value, key length, key, portable flags, versions and the portable optional parts.</summary>
    public static uint Finish(uint valueState, ReadOnlySpan<byte> key, byte portableFlags, VersionId version, ReadOnlySpan<byte> portableParts)
    {
        Span<byte> fixedPart = stackalloc byte[17];
        BinaryPrimitives.WriteUInt16LittleEndian(fixedPart, (ushort)key.Length);
        var state = Append(Append(valueState, fixedPart[..2]), key);
        fixedPart[0] = portableFlags;
        BinaryPrimitives.WriteUInt64LittleEndian(fixedPart[1..], version.Scalar);
        BinaryPrimitives.WriteUInt64LittleEndian(fixedPart[9..], version.Replica.ToUInt64());
        return ~Append(Append(state, fixedPart), portableParts);
    }

    private static uint Append(uint state, ReadOnlySpan<byte> bytes)
    {
        // The processor's instruction where it has one, a table elsewhere: the runtime chooses. It takes three cycles but can begin
        // anew at each, so long runs go in three streams that are joined afterwards.
        if (BitConverter.IsLittleEndian)
        {
            if (bytes.Length >= ChecksumStreams.ShortBytes * 3)
                state = ChecksumStreams.Append(state, ref bytes);
            var words = MemoryMarshal.Cast<byte, ulong>(bytes);
            foreach (var word in words)
                state = BitOperations.Crc32C(state, word);
            bytes = bytes[(words.Length * 8)..];
            if (bytes.Length >= sizeof(uint))
            {
                state = BitOperations.Crc32C(state, MemoryMarshal.Read<uint>(bytes));
                bytes = bytes[sizeof(uint)..];
            }

            if (bytes.Length >= sizeof(ushort))
            {
                state = BitOperations.Crc32C(state, MemoryMarshal.Read<ushort>(bytes));
                bytes = bytes[sizeof(ushort)..];
            }
        }

        foreach (var b in bytes)
            state = BitOperations.Crc32C(state, b);
        return state;
    }
}
