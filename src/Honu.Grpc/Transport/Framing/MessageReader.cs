using System.Buffers;
using System.IO.Pipelines;
using Grpc.Core;

namespace Honu.Grpc;

/// <summary>Takes messages out of a pipe, one reader at a time. Payloads are parsed where they lie, nothing is copied.</summary>
internal sealed class MessageReader(PipeReader input, int maxMessageBytes) : DeserializationContext
{
    private ReadOnlySequence<byte> _payload;
    private RpcException? _failure;

    public override int PayloadLength => (int)_payload.Length;

    public override byte[] PayloadAsNewBuffer() => _payload.ToArray();

    public override ReadOnlySequence<byte> PayloadAsReadOnlySequence() => _payload;

    /// <summary>The next message, or null when the stream has ended between two messages.</summary>
    /// <exception cref="RpcException">The bytes violate the protocol or a limit. Every later call throws it again.</exception>
    public async ValueTask<T?> ReadAsync<T>(Func<DeserializationContext, T> deserializer, CancellationToken cancellationToken)
        where T : class
    {
        if (_failure is not null)
            throw _failure;

        while (true)
        {
            // The buffer grows with what has arrived, never with what a prefix declares: a peer that declares much and sends nothing costs nothing.
            var result = await input.ReadAsync(cancellationToken).ConfigureAwait(false);
            if (result.IsCanceled)
                throw new OperationCanceledException(cancellationToken);

            var buffer = result.Buffer;
            try
            {
                if (MessageFraming.TryRead(buffer, maxMessageBytes, out var payload))
                {
                    var message = Deserialize(payload, deserializer);
                    input.AdvanceTo(payload.End);
                    return message;
                }

                if (result.IsCompleted && !buffer.IsEmpty)
                    throw new RpcException(new Status(StatusCode.Internal, "The stream ended in the middle of a message."));
            }
            catch (RpcException failure)
            {
                // The position in the stream is lost, so the failure stays.
                _failure = failure;
                input.AdvanceTo(buffer.End);
                throw;
            }

            input.AdvanceTo(buffer.Start, buffer.End);
            if (result.IsCompleted)
                return null;
        }
    }

    /// <summary>Gives the buffers back. Not while a read is under way.</summary>
    public void Complete() => input.Complete();

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
            throw new RpcException(new Status(StatusCode.Internal, "A received message cannot be parsed.", exception));
        }
        finally
        {
            _payload = default;
        }
    }
}
