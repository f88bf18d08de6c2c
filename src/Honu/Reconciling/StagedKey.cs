using System.Buffers.Binary;
using Honu.Format;

namespace Honu.Reconciling;

/// <summary>What a full stream has brought for a key: <c>flags u8 | scalar u64 | replica u64 | [record]</c>, under <c>R ns 1 stream key</c>.</summary>
/// <remarks>With the record when it was not applied, but may have to be at the end of the stream.</remarks>
internal static class StagedKey
{
    private const byte DeletedFlag = 1;
    private const int HeaderBytes = 17;

    public static byte[] Encode(scoped in RecordReader record, bool isDeleted, bool withRecord)
    {
        var bytes = new byte[HeaderBytes + (withRecord ? record.PortableLength : 0)];
        bytes[0] = isDeleted ? DeletedFlag : (byte)0;
        BinaryPrimitives.WriteUInt64LittleEndian(bytes.AsSpan(1), record.Version.Scalar);
        BinaryPrimitives.WriteUInt64LittleEndian(bytes.AsSpan(9), record.Version.Replica.ToUInt64());
        if (withRecord)
            record.CopyPortable(bytes.AsSpan(HeaderBytes));
        return bytes;
    }

    /// <summary>Whether a payload makes sense.</summary>
    public static bool IsWellFormed(ReadOnlySpan<byte> payload) => payload.Length >= HeaderBytes && (payload[0] & ~DeletedFlag) == 0;

    public static VersionId ReadVersion(ReadOnlySpan<byte> payload) => RecordReader.ReadVersion(payload);

    /// <summary>Whether the sender held a deletion.</summary>
    public static bool IsDeleted(ReadOnlySpan<byte> payload) => (payload[0] & DeletedFlag) != 0;

    /// <summary>The record; empty when only its version was kept.</summary>
    public static ReadOnlySpan<byte> Record(ReadOnlySpan<byte> payload) => payload[HeaderBytes..];
}
