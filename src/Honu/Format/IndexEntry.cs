using System.Buffers.Binary;
using Honu.Engines;

namespace Honu.Format;

/// <summary>Entries of the index: <c>L ns replica scalar → key, crc32c</c>. An entry counts only if the key's current record has exactly that version.</summary>
internal static class IndexEntry
{
    private const int ChecksumBytes = 4;

    /// <summary>Longest value of an entry.</summary>
    public const int MaxValueBytes = StoreLimits.MaxKeyBytes + ChecksumBytes;

    /// <summary>Adds an entry to <paramref name="batch"/>; <paramref name="scratch"/> has room for <see cref="MaxValueBytes"/>.</summary>
    public static void Put(EngineBatch batch, ushort ns, VersionId version, ReadOnlySpan<byte> key, Span<byte> scratch)
    {
        Span<byte> engineKey = stackalloc byte[KeySpaces.IndexKeyBytes];
        KeySpaces.IndexKey(engineKey, ns, version.Replica, version.Scalar);
        key.CopyTo(scratch);
        BinaryPrimitives.WriteUInt32LittleEndian(scratch[key.Length..], RecordChecksum.Of(engineKey, key));
        batch.Put(engineKey, scratch[..(key.Length + ChecksumBytes)]);
    }

    /// <summary>The key that an entry names.</summary>
    /// <exception cref="HonuCorruptionException">The entry fails its checksum.</exception>
    public static ReadOnlySpan<byte> ReadKey(ReadOnlySpan<byte> engineKey, ReadOnlySpan<byte> value)
    {
        if (value.Length < ChecksumBytes + 1)
            throw MetaRecords.Damaged(engineKey);
        var key = value[..^ChecksumBytes];
        return BinaryPrimitives.ReadUInt32LittleEndian(value[key.Length..]) == RecordChecksum.Of(engineKey, key) ? key : throw MetaRecords.Damaged(engineKey);
    }
}
