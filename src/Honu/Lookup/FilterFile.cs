using System.Buffers.Binary;
using System.Runtime.InteropServices;
using Honu.Format;

namespace Honu.Lookup;

/// <summary>The presence filter beside a cleanly closed store, so that the next open need not read the index.</summary>
/// <remarks>
/// <code>
/// "HONUFLT1" | nonce 16 | secrets 32 | capacity u64 | count u64 | words u64 | words × u32 | crc32c u32
/// </code>
/// Little-endian. The close that wrote it stores the nonce in the engine; any other open or copy of the store makes them differ, and
/// the file is passed over: a filter of another state could say "absent" of an object that is there.
/// </remarks>
internal static class FilterFile
{
    private const string Name = "HONU.FILTER";
    private const int NonceBytes = 16;
    private const int HeaderBytes = 8 + NonceBytes + KeyHash.SecretBytes + 24;
    private const int ChecksumBytes = 4;

    // A larger one is built anew: reading a gigabyte saves little.
    private const int MaxWords = 256 << 20;

    /// <summary>Writes the file aside, makes it durable and puts it in place.</summary>
    /// <returns>Whether that succeeded. It is a convenience: a store that cannot write it is closed all the same.</returns>
    public static bool TryWrite(string directory, ReadOnlySpan<byte> nonce, ReadOnlySpan<byte> secrets, PresenceFilter filter)
    {
        if (filter.Words.Length > MaxWords)
            return false;
        var bytes = new byte[HeaderBytes + (filter.Words.Length * sizeof(uint)) + ChecksumBytes];
        "HONUFLT1"u8.CopyTo(bytes);
        nonce.CopyTo(bytes.AsSpan(8));
        secrets.CopyTo(bytes.AsSpan(8 + NonceBytes));
        var sizes = bytes.AsSpan(8 + NonceBytes + KeyHash.SecretBytes);
        BinaryPrimitives.WriteInt64LittleEndian(sizes, filter.Capacity);
        BinaryPrimitives.WriteInt64LittleEndian(sizes[8..], filter.Count);
        BinaryPrimitives.WriteInt64LittleEndian(sizes[16..], filter.Words.Length);
        MemoryMarshal.AsBytes(filter.Words).CopyTo(bytes.AsSpan(HeaderBytes));
        BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(bytes.Length - ChecksumBytes), RecordChecksum.Of(bytes.AsSpan(0, bytes.Length - ChecksumBytes)));
        var path = Path.Combine(directory, Name);
        try
        {
            using (var file = new FileStream(path + ".new", FileMode.Create, FileAccess.Write))
            {
                file.Write(bytes);
                file.Flush(flushToDisk: true);
            }

            File.Move(path + ".new", path, overwrite: true);
            return true;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }

    /// <summary>Reads the file if it belongs to the close that left <paramref name="nonce"/>; removes it in any case, because the state it describes ends now.</summary>
    public static bool TryTake(string directory, ReadOnlySpan<byte> nonce, out byte[] secrets, out PresenceFilter? filter)
    {
        secrets = [];
        filter = null;
        var path = Path.Combine(directory, Name);
        try
        {
            if (!File.Exists(path))
                return false;
            var bytes = nonce.IsEmpty ? [] : File.ReadAllBytes(path);
            File.Delete(path);
            return TryParse(bytes, nonce, out secrets, out filter);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }

    private static bool TryParse(ReadOnlySpan<byte> bytes, ReadOnlySpan<byte> nonce, out byte[] secrets, out PresenceFilter? filter)
    {
        secrets = [];
        filter = null;
        if (bytes.Length < HeaderBytes + ChecksumBytes || !bytes.StartsWith("HONUFLT1"u8) || !bytes.Slice(8, NonceBytes).SequenceEqual(nonce))
            return false;
        var sizes = bytes[(8 + NonceBytes + KeyHash.SecretBytes)..];
        var capacity = BinaryPrimitives.ReadInt64LittleEndian(sizes);
        var count = BinaryPrimitives.ReadInt64LittleEndian(sizes[8..]);
        var words = BinaryPrimitives.ReadInt64LittleEndian(sizes[16..]);
        if (capacity <= 0 || count < 0 || !PresenceFilter.IsWordCount(words) || words > MaxWords || bytes.Length != HeaderBytes + (words * sizeof(uint)) + ChecksumBytes
            || BinaryPrimitives.ReadUInt32LittleEndian(bytes[^ChecksumBytes..]) != RecordChecksum.Of(bytes[..^ChecksumBytes]))
            return false;
        secrets = bytes.Slice(8 + NonceBytes, KeyHash.SecretBytes).ToArray();
        filter = new PresenceFilter(capacity, count, MemoryMarshal.Cast<byte, uint>(bytes[HeaderBytes..^ChecksumBytes]).ToArray());
        return true;
    }
}
