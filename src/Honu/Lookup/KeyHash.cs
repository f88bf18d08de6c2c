using System.Buffers.Binary;

namespace Honu.Lookup;

/// <summary>Keyed hashes of (namespace, key) by folded multiplication (the construction of wyhash, Wang Yi 2019).</summary>
/// <remarks>
/// The secrets are drawn per store, so that nobody can choose keys that collide; only <see cref="RepairView"/> has fixed ones, because
/// replicas must agree on its hashes: the construction is part of the protocol.
/// </remarks>
internal readonly struct KeyHash
{
    private readonly ulong _secret0;
    private readonly ulong _secret1;
    private readonly ulong _secret2;
    private readonly ulong _secret3;

    /// <summary>Secrets from 32 random bytes.</summary>
    public KeyHash(ReadOnlySpan<byte> random)
    {
        _secret0 = BinaryPrimitives.ReadUInt64LittleEndian(random);
        _secret1 = BinaryPrimitives.ReadUInt64LittleEndian(random[8..]);
        _secret2 = BinaryPrimitives.ReadUInt64LittleEndian(random[16..]);
        _secret3 = BinaryPrimitives.ReadUInt64LittleEndian(random[24..]);
    }

    public const int SecretBytes = 32;

    /// <summary>64 bits: for tables and filters that compare or tolerate.</summary>
    public ulong Of(ushort ns, ReadOnlySpan<byte> key) => Hash(ns, key, _secret0, _secret1);

    /// <summary>Another 64 bits, independent of <see cref="Of"/>: both together stand for a key that is too long to be kept.</summary>
    public ulong SecondOf(ushort ns, ReadOnlySpan<byte> key) => Hash(ns, key, _secret2, _secret3);

    private static ulong Hash(ushort ns, ReadOnlySpan<byte> key, ulong secret0, ulong secret1)
    {
        var state = secret0 ^ ((ulong)ns << 48) ^ (uint)key.Length;
        var rest = key;
        while (rest.Length > 16)
        {
            state = Mix(Read64(rest) ^ secret1, Read64(rest[8..]) ^ state);
            rest = rest[16..];
        }

        // The last 1 to 16 bytes as two words that overlap where there are fewer; the length is in the state already.
        ulong a, b;
        if (rest.Length >= 8)
        {
            a = Read64(rest);
            b = Read64(rest[^8..]);
        }
        else if (rest.Length >= 4)
        {
            a = Read32(rest);
            b = Read32(rest[^4..]);
        }
        else
        {
            a = rest.IsEmpty ? 0UL : ((ulong)rest[0] << 16) | ((ulong)rest[rest.Length >> 1] << 8) | rest[^1];
            b = 0;
        }

        return Mix(secret0 ^ 0x9E3779B97F4A7C15, Mix(a ^ secret1, b ^ state));
    }

    private static ulong Mix(ulong a, ulong b)
    {
        var high = Math.BigMul(a, b, out var low);
        return high ^ low;
    }

    private static ulong Read64(ReadOnlySpan<byte> bytes) => BinaryPrimitives.ReadUInt64LittleEndian(bytes);

    private static uint Read32(ReadOnlySpan<byte> bytes) => BinaryPrimitives.ReadUInt32LittleEndian(bytes);
}
