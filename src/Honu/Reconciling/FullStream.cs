using System.Buffers.Binary;

namespace Honu.Reconciling;

/// <summary>A full stream that is being received: its header on disk, <c>R ns 0 sender</c>.</summary>
/// <remarks><code>
/// incarnation 16 bytes | stream u32 | flags u8 | target length u32 | target | frontier length u32 | frontier | last key received, to the end
/// </code></remarks>
/// <param name="Sender">Who sends.</param>
/// <param name="Incarnation">Which incarnation of it.</param>
/// <param name="Id">Under which number it stages keys; never used again while rows of it may be there.</param>
/// <param name="Target">What the receiver covers in the end.</param>
/// <param name="Frontier">The sender's frontier; the target when it was not told.</param>
internal sealed record FullStream(ReplicaId Sender, Guid Incarnation, uint Id, VersionVector Target, VersionVector Frontier)
{
    private const byte WasEmptyFlag = 1;
    private const byte BrokenFlag = 2;
    private const int HeaderBytes = 16 + 4 + 1;

    /// <summary>Nothing was ever purged at the sender, so what does not come was not deleted: nothing is staged and nothing judged.</summary>
    public bool IsPlain => Frontier.Count == 0;

    /// <summary>Nothing was here when it began: nothing needs to be staged.</summary>
    public bool WasEmpty { get; init; }

    /// <summary>Its end must not be joined: something came from elsewhere that its end would have to be compared with, and nothing was staged.</summary>
    public bool IsBroken { get; init; }

    /// <summary>The last key received; empty when none was.</summary>
    public byte[] Position { get; init; } = [];

    /// <summary>An upper bound of the sender's purge mark: that is told at the end of the stream only.</summary>
    public ulong GreatestPurged => Frontier.GreatestScalar();

    public byte[] Encode()
    {
        var target = Target.ToArray();
        var frontier = Frontier.ToArray();
        var bytes = new byte[HeaderBytes + 4 + target.Length + 4 + frontier.Length + Position.Length];
        Incarnation.TryWriteBytes(bytes, bigEndian: true, out _);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(16), Id);
        bytes[20] = (byte)((WasEmpty ? WasEmptyFlag : 0) | (IsBroken ? BrokenFlag : 0));
        BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(HeaderBytes), target.Length);
        target.CopyTo(bytes, HeaderBytes + 4);
        var at = HeaderBytes + 4 + target.Length;
        BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(at), frontier.Length);
        frontier.CopyTo(bytes, at + 4);
        Position.CopyTo(bytes, at + 4 + frontier.Length);
        return bytes;
    }

    /// <summary><see langword="null"/> when the bytes make no sense.</summary>
    public static FullStream? Decode(ReplicaId sender, ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length < HeaderBytes || (bytes[20] & ~(WasEmptyFlag | BrokenFlag)) != 0)
            return null;
        var rest = bytes[HeaderBytes..];
        if (!TryTakeVector(ref rest, out var target) || !TryTakeVector(ref rest, out var frontier) || rest.Length > StoreLimits.MaxKeyBytes)
            return null;
        return new FullStream(sender, new Guid(bytes[..16], bigEndian: true), BinaryPrimitives.ReadUInt32LittleEndian(bytes[16..]), target, frontier)
        {
            WasEmpty = (bytes[20] & WasEmptyFlag) != 0,
            IsBroken = (bytes[20] & BrokenFlag) != 0,
            Position = rest.ToArray(),
        };
    }

    public StreamCursor ToCursor() => new(Sender, Incarnation, Target, default)
    {
        IsFull = true,
        Frontier = Frontier,
        WasEmpty = WasEmpty,
        PositionKey = Position.Length > 0 ? Position : null,
    };

    private static bool TryTakeVector(ref ReadOnlySpan<byte> bytes, out VersionVector vector)
    {
        vector = new VersionVector();
        if (bytes.Length < 4 || BinaryPrimitives.ReadInt32LittleEndian(bytes) is var length && (length < 0 || length > bytes.Length - 4))
            return false;
        var isVector = VersionVector.TryDecode(bytes.Slice(4, length), out vector);
        bytes = bytes[(4 + length)..];
        return isVector;
    }
}
