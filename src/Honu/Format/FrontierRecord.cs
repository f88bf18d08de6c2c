using System.Buffers.Binary;

namespace Honu.Format;

/// <summary>What of a namespace's deletions was purged: <c>purge mark u64 | frontier, a version vector</c>.</summary>
/// <param name="Frontier">The purged deletions.</param>
/// <param name="PurgeMark">The greatest scalar of a purged deletion.</param>
internal sealed record FrontierRecord(VersionVector Frontier, ulong PurgeMark)
{
    public static FrontierRecord Empty { get; } = new(new VersionVector(), 0);

    public byte[] Encode()
    {
        var bytes = new byte[8 + Frontier.EncodedLength];
        BinaryPrimitives.WriteUInt64LittleEndian(bytes, PurgeMark);
        Frontier.Encode(bytes.AsSpan(8));
        return bytes;
    }

    /// <summary><see langword="null"/> when the bytes make no sense.</summary>
    public static FrontierRecord? Decode(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length < 8 || !VersionVector.TryDecode(bytes[8..], out var frontier))
            return null;
        var mark = BinaryPrimitives.ReadUInt64LittleEndian(bytes);
        return mark <= frontier.GreatestScalar() ? new FrontierRecord(frontier, mark) : null;
    }
}
