using System.Buffers;
using System.Buffers.Binary;
using System.IO.Pipelines;
using Grpc.Core;

namespace Honu.Grpc;

// A message on the wire:
//
//   byte 0      1 = the payload is compressed with the call's grpc-encoding, 0 = as it is; all else is an error
//   bytes 1..4  length of the payload, unsigned, big endian
//   bytes 5..   payload
//
// Frames of HTTP/2 cut this stream anywhere, so a message may arrive in pieces of one byte.

/// <summary>Takes messages out of a pipe, one reader at a time. Payloads are parsed where they lie, nothing is copied.</summary>
/// <param name="input">The body.</param>
/// <param name="maxMessageBytes">The largest payload, compressed or not.</param>
/// <param name="gzip">Whether the head of the stream names gzip as its encoding.</param>
internal sealed class MessageReader(PipeReader input, int maxMessageBytes, bool gzip) : DeserializationContext
{
    public const int PrefixBytes = 5;

    private ReadOnlySequence<byte> _payload;
    private RpcException? _failure;
    private int _wanted;

    public override int PayloadLength => (int)_payload.Length;

    public override byte[] PayloadAsNewBuffer() => _payload.ToArray();

    public override ReadOnlySequence<byte> PayloadAsReadOnlySequence() => _payload;

    /// <summary>The next message, or null when the stream has ended between two messages.</summary>
    /// <exception cref="RpcException">The bytes violate the protocol or a limit. Every later call throws it again.</exception>
    public async ValueTask<T?> ReadAsync<T>(Func<DeserializationContext, T> deserializer, CancellationToken cancellationToken)
        where T : class
    {
        while (_failure is null)
        {
            // The buffer grows with what has arrived, never with what a prefix declares: a peer that declares much and sends nothing costs nothing.
            var result = _wanted == 0
                ? await input.ReadAsync(cancellationToken).ConfigureAwait(false)
                : await input.ReadAtLeastAsync(_wanted, cancellationToken).ConfigureAwait(false);
            if (result.IsCanceled)
                throw new OperationCanceledException(cancellationToken);

            var buffer = result.Buffer;
            try
            {
                if (TryCut(buffer, out var payload, out var compressed))
                {
                    var message = compressed ? Decompress(payload, deserializer) : Deserialize(payload, deserializer);
                    input.AdvanceTo(payload.End);
                    return message;
                }

                if (result.IsCompleted && !buffer.IsEmpty)
                    throw Failure(StatusCode.Internal, "The stream ended in the middle of a message.");
            }
            catch (RpcException failure)
            {
                // The position in the stream is lost, so the failure stays.
                _failure = failure;
                input.AdvanceTo(buffer.End);
                break;
            }

            input.AdvanceTo(buffer.Start, buffer.End);
            if (result.IsCompleted)
                return null;
        }

        throw _failure;
    }

    /// <summary>Gives the buffers back. Not while a read is under way.</summary>
    public void Complete() => input.Complete();

    private static RpcException Failure(StatusCode code, string detail, Exception? cause = null) => new(new Status(code, detail, cause));

    // False when more bytes are needed. A prefix is judged as soon as it is complete, before the payload is waited for.
    private bool TryCut(in ReadOnlySequence<byte> buffer, out ReadOnlySequence<byte> payload, out bool compressed)
    {
        (payload, compressed) = (default, false);
        if (buffer.Length < PrefixBytes)
            return false;

        Span<byte> prefix = stackalloc byte[PrefixBytes];
        buffer.Slice(0, PrefixBytes).CopyTo(prefix);

        compressed = prefix[0] == 1;
        if (prefix[0] > 1)
            throw Failure(StatusCode.Internal, $"A message starts with {prefix[0]}; only 0 and 1 are defined.");
        if (compressed && !gzip)
            throw Failure(StatusCode.Internal, "A message is marked as compressed but the stream has no grpc-encoding.");

        var length = BinaryPrimitives.ReadUInt32BigEndian(prefix[1..]);
        if (length > maxMessageBytes)
            throw Failure(StatusCode.ResourceExhausted, $"A received message has {length} bytes; the limit is {maxMessageBytes}.");

        _wanted = (int)Math.Min(PrefixBytes + length, int.MaxValue);
        if (buffer.Length - PrefixBytes < length)
            return false;

        (payload, _wanted) = (buffer.Slice(PrefixBytes, length), 0);
        return true;
    }

    private T Decompress<T>(in ReadOnlySequence<byte> payload, Func<DeserializationContext, T> deserializer)
        where T : class
    {
        using var plain = new PooledBuffer();
        try
        {
            if (!Gzip.TryDecompress(payload, plain, maxMessageBytes))
                throw Failure(StatusCode.ResourceExhausted, $"A received message has more than {maxMessageBytes} bytes when it is decompressed; that is the limit.");
        }
        catch (InvalidDataException exception)
        {
            throw Failure(StatusCode.Internal, "A received message is not the gzip data that it is marked as.", exception);
        }

        return Deserialize(new ReadOnlySequence<byte>(plain.WrittenMemory), deserializer);
    }

    private T Deserialize<T>(in ReadOnlySequence<byte> payload, Func<DeserializationContext, T> deserializer)
        where T : class
    {
        _payload = payload;
        try
        {
            return deserializer(this) ?? throw new InvalidOperationException("The deserializer returned null.");
        }
        catch (Exception exception) when (exception is not RpcException)
        {
            // Whatever the parser dislikes, the caller gets one typed failure.
            throw Failure(StatusCode.Internal, "A received message cannot be parsed.", exception);
        }
        finally
        {
            _payload = default;
        }
    }
}
