using System.Buffers;
using System.Buffers.Binary;
using Grpc.Core;

namespace Honu.Grpc;

// A message on the wire:
//
//   byte 0      1 = the payload is compressed with the call's grpc-encoding, 0 = as it is; all else is an error
//   bytes 1..4  length of the payload, unsigned, big endian
//   bytes 5..   payload
//
// Frames of HTTP/2 cut this stream anywhere, so a message may arrive in pieces of one byte.
internal static class MessageFraming
{
    public const int PrefixBytes = 5;

    public static void WritePrefix(IBufferWriter<byte> output, int payloadBytes)
    {
        var prefix = output.GetSpan(PrefixBytes);
        prefix[0] = 0;
        BinaryPrimitives.WriteUInt32BigEndian(prefix[1..], (uint)payloadBytes);
        output.Advance(PrefixBytes);
    }

    /// <summary>Finds the first message in <paramref name="buffer"/>; false when more bytes are needed.</summary>
    /// <exception cref="RpcException">The prefix is not acceptable. Thrown as soon as it is complete, before the payload is waited for.</exception>
    public static bool TryRead(in ReadOnlySequence<byte> buffer, int maxPayloadBytes, out ReadOnlySequence<byte> payload)
    {
        payload = default;
        if (buffer.Length < PrefixBytes)
            return false;

        Span<byte> prefix = stackalloc byte[PrefixBytes];
        buffer.Slice(0, PrefixBytes).CopyTo(prefix);
        if (prefix[0] == 1)
            throw new RpcException(new Status(StatusCode.Internal, "A message is marked as compressed but the call has no grpc-encoding that is supported."));
        if (prefix[0] != 0)
            throw new RpcException(new Status(StatusCode.Internal, $"A message starts with {prefix[0]}; only 0 and 1 are defined."));

        var length = BinaryPrimitives.ReadUInt32BigEndian(prefix[1..]);
        if (length > maxPayloadBytes)
            throw new RpcException(new Status(StatusCode.ResourceExhausted, $"A received message has {length} bytes; the limit is {maxPayloadBytes}."));

        if (buffer.Length - PrefixBytes < length)
            return false;

        payload = buffer.Slice(PrefixBytes, length);
        return true;
    }
}
