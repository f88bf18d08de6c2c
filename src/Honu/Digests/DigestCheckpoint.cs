using System.Buffers.Binary;
using Honu.Engines;
using Honu.Format;

namespace Honu.Digests;

/// <summary>The row <c>D ns</c>: the digest as of a clean close. The next opening removes it in the batch that ends the clean state.</summary>
/// <remarks><code>sum u128 | count u64 | clock u64 | time of the last scan in Unix milliseconds i64</code></remarks>
/// <param name="Digest">The digest.</param>
/// <param name="Clock">The clock at the close. Whatever changes records moves it, also a build that knows nothing of these rows.</param>
/// <param name="ScannedAt">When the records were last read for it.</param>
internal readonly record struct DigestCheckpoint(DigestSum Digest, ulong Clock, DateTimeOffset ScannedAt)
{
    private const int Bytes = 40;

    /// <summary>Adds the row to a batch.</summary>
    public void Stage(EngineBatch batch, ushort ns)
    {
        Span<byte> key = stackalloc byte[KeySpaces.NamespacePrefixBytes];
        Span<byte> payload = stackalloc byte[Bytes];
        BinaryPrimitives.WriteUInt128LittleEndian(payload, Digest.Sum);
        BinaryPrimitives.WriteInt64LittleEndian(payload[16..], Digest.Count);
        BinaryPrimitives.WriteUInt64LittleEndian(payload[24..], Clock);
        BinaryPrimitives.WriteInt64LittleEndian(payload[32..], ScannedAt.ToUnixTimeMilliseconds());
        MetaRecords.Put(batch, KeySpaces.Prefix(key, KeySpaces.Digest, ns), payload);
    }

    /// <summary>Reads a payload; <see langword="false"/> when it makes no sense.</summary>
    public static bool TryDecode(ReadOnlySpan<byte> payload, out DigestCheckpoint checkpoint)
    {
        checkpoint = default;
        if (payload.Length != Bytes)
            return false;
        var milliseconds = BinaryPrimitives.ReadInt64LittleEndian(payload[32..]);
        var count = BinaryPrimitives.ReadInt64LittleEndian(payload[16..]);
        if (count < 0 || milliseconds < DateTimeOffset.MinValue.ToUnixTimeMilliseconds() || milliseconds > DateTimeOffset.MaxValue.ToUnixTimeMilliseconds())
            return false;
        checkpoint = new DigestCheckpoint(
            new DigestSum(BinaryPrimitives.ReadUInt128LittleEndian(payload), count),
            BinaryPrimitives.ReadUInt64LittleEndian(payload[24..]),
            DateTimeOffset.FromUnixTimeMilliseconds(milliseconds));
        return true;
    }
}
