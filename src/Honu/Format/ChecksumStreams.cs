using System.Numerics;
using System.Runtime.InteropServices;

namespace Honu.Format;

/// <summary>CRC-32C in three interleaved streams (Gopal et al., "Fast CRC Computation for iSCSI Polynomial Using CRC32 Instruction", 2011).</summary>
/// <remarks>
/// A CRC is linear: that of A followed by B is that of A, moved on by as many zero bytes as B has, xor that of B begun at zero. Moving
/// on by a fixed number of bytes is a linear map of 32 bits, applied by four tables of 256.
/// </remarks>
internal static class ChecksumStreams
{
    /// <summary>Bytes per stream of the shorter run.</summary>
    public const int ShortBytes = 256;

    private const int LongBytes = 1024;
    private const uint ReversedPolynomial = 0x82F63B78;

    private static readonly uint[] LongShift = ShiftTables(LongBytes);
    private static readonly uint[] ShortShift = ShiftTables(ShortBytes);

    /// <summary>Continues <paramref name="state"/> over as much of <paramref name="bytes"/> as fills three streams, and cuts that off.</summary>
    public static uint Append(uint state, ref ReadOnlySpan<byte> bytes)
    {
        while (bytes.Length >= LongBytes * 3)
            state = Run(state, ref bytes, LongBytes, LongShift);
        while (bytes.Length >= ShortBytes * 3)
            state = Run(state, ref bytes, ShortBytes, ShortShift);
        return state;
    }

    private static uint Run(uint state, ref ReadOnlySpan<byte> bytes, int streamBytes, uint[] shift)
    {
        var first = MemoryMarshal.Cast<byte, ulong>(bytes[..streamBytes]);
        var second = MemoryMarshal.Cast<byte, ulong>(bytes.Slice(streamBytes, streamBytes))[..first.Length];
        var third = MemoryMarshal.Cast<byte, ulong>(bytes.Slice(2 * streamBytes, streamBytes))[..first.Length];
        uint b = 0, c = 0;
        for (var i = 0; i < first.Length; i++)
        {
            state = BitOperations.Crc32C(state, first[i]);
            b = BitOperations.Crc32C(b, second[i]);
            c = BitOperations.Crc32C(c, third[i]);
        }

        bytes = bytes[(3 * streamBytes)..];
        return Shift(shift, Shift(shift, state) ^ b) ^ c;
    }

    private static uint Shift(uint[] tables, uint state) =>
        tables[state & 0xFF] ^ tables[256 + ((state >> 8) & 0xFF)] ^ tables[512 + ((state >> 16) & 0xFF)] ^ tables[768 + (state >> 24)];

    // What each of the 32 bits becomes after so many zero bytes, spread out over the values of each byte.
    private static uint[] ShiftTables(int zeroBytes)
    {
        Span<uint> images = stackalloc uint[32];
        for (var bit = 0; bit < 32; bit++)
        {
            var state = 1u << bit;
            for (var i = 0; i < zeroBytes * 8; i++)
                state = (state >> 1) ^ ((state & 1) * ReversedPolynomial);
            images[bit] = state;
        }

        var tables = new uint[4 * 256];
        for (var i = 0; i < tables.Length; i++)
        {
            for (var bit = 0; bit < 8; bit++)
            {
                if ((i & (1 << bit)) != 0)
                    tables[i] ^= images[((i >> 8) * 8) + bit];
            }
        }

        return tables;
    }
}
