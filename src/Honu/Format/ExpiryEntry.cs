using System.Buffers.Binary;
using Honu.Engines;

namespace Honu.Format;

/// <summary>Entries <c>E scalar ns key → crc32c</c>: at that scalar a version of the key expires, the current one or one in its history. Removed when its value has been dropped.</summary>
internal static class ExpiryEntry
{
    private const int PrefixBytes = 1 + 8 + 2;

    public static void Put(EngineBatch batch, ulong expiry, ushort ns, ReadOnlySpan<byte> key)
    {
        Span<byte> engineKey = stackalloc byte[PrefixBytes + key.Length];
        engineKey[0] = KeySpaces.Expiry;
        BinaryPrimitives.WriteUInt64BigEndian(engineKey[1..], expiry);
        BinaryPrimitives.WriteUInt16BigEndian(engineKey[9..], ns);
        key.CopyTo(engineKey[PrefixBytes..]);
        MetaRecords.Put(batch, engineKey, payload: default);
    }

    /// <summary>Reads an entry.</summary>
    /// <returns><see langword="false"/> when it fails its checksum or makes no sense.</returns>
    public static bool TryRead(ReadOnlySpan<byte> engineKey, ReadOnlySpan<byte> value, out ReadOnlySpan<byte> key, out ulong expiry, out ushort ns)
    {
        key = default;
        expiry = 0;
        ns = 0;
        if (engineKey.Length <= PrefixBytes || value.Length != sizeof(uint) || BinaryPrimitives.ReadUInt32LittleEndian(value) != RecordChecksum.Of(engineKey))
            return false;
        expiry = BinaryPrimitives.ReadUInt64BigEndian(engineKey[1..]);
        ns = BinaryPrimitives.ReadUInt16BigEndian(engineKey[9..]);
        key = engineKey[PrefixBytes..];
        return true;
    }
}
