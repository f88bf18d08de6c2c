using System.Buffers.Binary;
using Honu.Engines;

namespace Honu.Format;

/// <summary>Entries of the index: <c>L ns replica scalar → key, crc32c</c>. An entry counts only if the key's current record has exactly that version.</summary>
internal static class IndexEntry
{
    private const int ChecksumBytes = 4;

    public static void Put(EngineBatch batch, ushort ns, VersionId version, ReadOnlySpan<byte> key)
    {
        Span<byte> engineKey = stackalloc byte[KeySpaces.IndexKeyBytes];
        KeySpaces.IndexKey(engineKey, ns, version.Replica, version.Scalar);
        Span<byte> value = stackalloc byte[StoreLimits.MaxKeyBytes + ChecksumBytes];
        key.CopyTo(value);
        BinaryPrimitives.WriteUInt32LittleEndian(value[key.Length..], Checksum(engineKey, key));
        batch.Put(engineKey, value[..(key.Length + ChecksumBytes)]);
    }

    /// <summary>The key that an entry names.</summary>
    /// <exception cref="HonuCorruptionException">The entry fails its checksum.</exception>
    public static ReadOnlySpan<byte> ReadKey(ReadOnlySpan<byte> engineKey, ReadOnlySpan<byte> value)
    {
        if (value.Length < ChecksumBytes + 1)
            throw MetaRecords.Damaged(engineKey);
        var key = value[..^ChecksumBytes];
        return BinaryPrimitives.ReadUInt32LittleEndian(value[key.Length..]) == Checksum(engineKey, key) ? key : throw MetaRecords.Damaged(engineKey);
    }

    private static uint Checksum(ReadOnlySpan<byte> engineKey, ReadOnlySpan<byte> key)
    {
        Span<byte> both = stackalloc byte[KeySpaces.IndexKeyBytes + StoreLimits.MaxKeyBytes];
        engineKey.CopyTo(both);
        key.CopyTo(both[engineKey.Length..]);
        return RecordChecksum.Of(both[..(engineKey.Length + key.Length)]);
    }
}
