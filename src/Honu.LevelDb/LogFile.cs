using System.Buffers.Binary;
using System.Numerics;

namespace Honu.LevelDb;

// LevelDB's log format, which its manifest has as well (leveldb/doc/log_format.md): blocks of 32 KiB, in each of them records
//     masked crc32c u32 | length u16 | type u8 | payload          little-endian; the checksum covers type and payload
// and, where fewer than 7 bytes are left in a block, zeros.
//
// LevelDB takes a record that reaches beyond the end of the file for one that a killed writer did not finish, and drops it without a word, whatever
// the options. A flipped bit in the length of a record in the last block looks the same, and takes everything behind it along: acknowledged writes, or, in a
// manifest, whole tables, which LevelDB then deletes. The two can be told apart: the checksum of an unfinished record fits no beginning of
// what is there, but that of a whole one with a wrong length fits at its true end.
internal static class LogFile
{
    private const int BlockBytes = 32 * 1024;
    private const int HeaderBytes = 7;

    // A type that no version of LevelDB knows: its repair steps over such a record and goes on behind it.
    private const byte UnknownType = 0x7F;

    /// <summary>Checks the ends of all logs and manifests in a directory. Reads at most one block of each.</summary>
    /// <exception cref="LevelDbException">A record has a damaged length, and LevelDB would drop it and all behind it.</exception>
    internal static void ThrowIfTailIsDamaged(string directory)
    {
        foreach (string file in LogsAndManifests(directory))
        {
            if (TailIsDamaged(Access(directory, () => LastBlock(file))))
            {
                throw new LevelDbException(
                    LevelDbErrorKind.Corruption,
                    directory,
                    $"The database '{directory}' is damaged: the length of a record near the end of {Path.GetFileName(file)} is wrong. Restore a backup, or repair the database.");
            }
        }
    }

    /// <summary>Marks every record of the logs that fails its checksum, so that LevelDB's repair, which does not check them, passes it over.</summary>
    /// <remarks>The bytes as they were are kept in the folder <c>lost</c>, where LevelDB puts what it replaces.</remarks>
    internal static void MarkDamagedRecords(string directory)
    {
        foreach (string file in Directory.EnumerateFiles(directory, "*.log").ToList())
        {
            byte[] bytes = Access(directory, () => File.ReadAllBytes(file));
            if (!MarkDamagedRecords(bytes))
                continue;
            string lost = Path.Combine(directory, "lost");
            Access(directory, () =>
            {
                Directory.CreateDirectory(lost);
                File.Copy(file, Path.Combine(lost, Path.GetFileName(file) + ".original"), overwrite: true);
                File.WriteAllBytes(file, bytes);
                return true;
            });
        }
    }

    /// <summary>Whether a record in the last block of a file runs over its end although its checksum fits a shorter one.</summary>
    internal static bool TailIsDamaged(ReadOnlySpan<byte> block)
    {
        while (block.Length >= HeaderBytes)
        {
            int length = BinaryPrimitives.ReadUInt16LittleEndian(block[4..]);
            if (HeaderBytes + length > block.Length)
                return FitsABeginning(block);
            block = block[(HeaderBytes + length)..];
        }

        return false;
    }

    /// <summary>Marks what fails its checksum in the bytes of a log; whether anything did.</summary>
    internal static bool MarkDamagedRecords(Span<byte> log)
    {
        bool any = false;
        for (int start = 0; start < log.Length; start += BlockBytes)
        {
            Span<byte> block = log.Slice(start, Math.Min(BlockBytes, log.Length - start));
            while (block.Length >= HeaderBytes)
            {
                int end = HeaderBytes + BinaryPrimitives.ReadUInt16LittleEndian(block[4..]);
                bool isWhole = end <= block.Length;
                if (isWhole && Checksum(block[6..end]) == BinaryPrimitives.ReadUInt32LittleEndian(block))
                {
                    block = block[end..];
                    continue;
                }

                any = true;
                if (isWhole && IsBeginning(block[end..]))
                {
                    block[6] = UnknownType;
                    block = block[end..];
                    continue;
                }

                // The length cannot be believed, so nobody knows where the next record begins. LevelDB leaves the rest of a block that begins with zeros.
                block.Clear();
                break;
            }
        }

        return any;
    }

    private static IEnumerable<string> LogsAndManifests(string directory) =>
        Directory.EnumerateFiles(directory, "*.log").Concat(Directory.EnumerateFiles(directory, "MANIFEST-*"));

    private static T Access<T>(string directory, Func<T> access)
    {
        try
        {
            return access();
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            // Whatever the file system says, it is the database that cannot be used.
            throw new LevelDbException(LevelDbErrorKind.IOError, directory, $"The database '{directory}' cannot be read: {error.Message} Check its permissions and the disk.", error);
        }
    }

    private static byte[] LastBlock(string file)
    {
        using var stream = new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);

        // Of a last block that is full LevelDB knows that it is no torn end, and reports it.
        stream.Position = stream.Length / BlockBytes * BlockBytes;
        byte[] block = new byte[stream.Length - stream.Position];
        stream.ReadExactly(block);
        return block;
    }

    private static bool FitsABeginning(ReadOnlySpan<byte> block)
    {
        uint wanted = BinaryPrimitives.ReadUInt32LittleEndian(block);
        uint state = uint.MaxValue;
        foreach (byte b in block[6..])
        {
            state = BitOperations.Crc32C(state, b);
            if (Mask(~state) == wanted)
                return true;
        }

        return false;
    }

    // Whether what follows a damaged record is a whole one, or the end of the block.
    private static bool IsBeginning(ReadOnlySpan<byte> rest)
    {
        if (rest.Length < HeaderBytes)
            return true;
        int end = HeaderBytes + BinaryPrimitives.ReadUInt16LittleEndian(rest[4..]);
        return end <= rest.Length && Checksum(rest[6..end]) == BinaryPrimitives.ReadUInt32LittleEndian(rest);
    }

    private static uint Checksum(ReadOnlySpan<byte> typeAndPayload)
    {
        uint state = uint.MaxValue;
        foreach (byte b in typeAndPayload)
            state = BitOperations.Crc32C(state, b);
        return Mask(~state);
    }

    private static uint Mask(uint checksum) => BitOperations.RotateRight(checksum, 15) + 0xa282ead8;
}
