using System.Buffers.Binary;

namespace Honu;

/// <summary>Where an incoming stream stands, kept with its records, so that a broken one goes on instead of starting again (R5).</summary>
/// <param name="Sender">Who sends.</param>
/// <param name="Incarnation">Which incarnation of it: another one has another index.</param>
/// <param name="Target">The vector that the stream is made from.</param>
/// <param name="Position">The last index entry received; none when nothing has come yet, at the end, and for a full stream.</param>
/// <remarks>
/// A full stream goes on where it broke if the sender's incarnation and frontier are the same and its target is the same or a later one: the sender then brings
/// the keys after <see cref="PositionKey"/>, and what the earlier target does not cover. With anything else it begins anew, and so does the receiver.
/// </remarks>
public sealed record StreamCursor(ReplicaId Sender, Guid Incarnation, VersionVector Target, VersionId Position)
{
    /// <summary>Whether it is a full stream: everything that the sender holds, in the order of the keys.</summary>
    public bool IsFull { get; init; }

    /// <summary>The last key received of a full stream; <see langword="null"/> when none has come yet, and at the end.</summary>
    public byte[]? PositionKey { get; init; }

    /// <summary>The sender's frontier when the full stream began; <see langword="null"/> when it was not told.</summary>
    public VersionVector? Frontier { get; init; }

    /// <summary>Whether the namespace held no record here when the full stream began, so that nothing needs to be compared at its end. The store finds that out itself.</summary>
    public bool WasEmpty { get; init; }

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
