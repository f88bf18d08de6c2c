using System.Buffers.Binary;

namespace Honu;

/// <summary>Where an incoming stream stands, kept with its records, so that a broken one goes on instead of starting again (R5).</summary>
/// <param name="Sender">Who sends.</param>
/// <param name="Incarnation">Which incarnation of it: another one has another index.</param>
/// <param name="Target">The vector that the broken stream was made from.</param>
/// <param name="Position">The last index entry received; none when nothing has come yet, or at the end.</param>
public sealed record StreamCursor(ReplicaId Sender, Guid Incarnation, VersionVector Target, VersionId Position)
{
    internal byte[] Encode()
    {
        var bytes = new byte[32 + Target.EncodedLength];
        Incarnation.TryWriteBytes(bytes, bigEndian: true, out _);
        BinaryPrimitives.WriteUInt64LittleEndian(bytes.AsSpan(16), Position.Scalar);
        BinaryPrimitives.WriteUInt64LittleEndian(bytes.AsSpan(24), Position.Replica.ToUInt64());
        Target.Encode(bytes.AsSpan(32));
        return bytes;
    }

    internal static StreamCursor? Decode(ReplicaId sender, ReadOnlySpan<byte> bytes) =>
        bytes.Length < 32 || !VersionVector.TryDecode(bytes[32..], out var target) ? null : new StreamCursor(
            sender,
            new Guid(bytes[..16], bigEndian: true),
            target,
            new VersionId(BinaryPrimitives.ReadUInt64LittleEndian(bytes[16..]), ReplicaId.FromUInt64(BinaryPrimitives.ReadUInt64LittleEndian(bytes[24..]))));
}
