using System.Buffers;
using Grpc.Core;

namespace Honu.Grpc;

/// <summary>Frames messages straight into a buffer writer. One per call; not thread-safe.</summary>
/// <remarks>A serializer that announces its length (generated code does) writes into the output itself; any other one costs a copy.</remarks>
internal sealed class MessageWriter(int maxMessageBytes) : SerializationContext, IBufferWriter<byte>
{
    private IBufferWriter<byte> _output = null!;
    private ArrayBufferWriter<byte>? _scratch;
    private int _declaredBytes;
    private int _writtenBytes;
    private State _state;

    private enum State
    {
        Empty,
        Direct,
        Scratch,
        Complete,
    }

    /// <summary>Whether the last <see cref="Write"/> put anything into the output. If it failed then, the stream is broken.</summary>
    public bool Touched { get; private set; }

    /// <summary>Frames one message and returns the bytes that it takes.</summary>
    /// <exception cref="RpcException">The message exceeds the limit (nothing is written), or its serializer failed.</exception>
    public int Write<T>(IBufferWriter<byte> output, T message, Action<T, SerializationContext> serializer)
    {
        (_output, _declaredBytes, _writtenBytes, _state, Touched) = (output, -1, 0, State.Empty, false);
        try
        {
            serializer(message, this);
            if (_state != State.Complete)
                throw new InvalidOperationException("The serializer did not call Complete.");

            return MessageFraming.PrefixBytes + _writtenBytes;
        }
        catch (Exception exception) when (exception is not RpcException)
        {
            // Whatever the serializer throws, the caller gets one typed failure.
            throw new RpcException(new Status(StatusCode.Internal, "The message cannot be serialized.", exception));
        }
    }

    public override void SetPayloadLength(int payloadLength)
    {
        CheckLimit(payloadLength);
        _declaredBytes = payloadLength;
    }

    public override IBufferWriter<byte> GetBufferWriter()
    {
        if (_state == State.Empty && _declaredBytes >= 0)
        {
            if (_output is PooledBuffer pooled)
                pooled.EnsureFree(MessageFraming.PrefixBytes + _declaredBytes);
            WritePrefix(_declaredBytes);
            _state = State.Direct;
        }
        else if (_state == State.Empty)
        {
            _scratch = new ArrayBufferWriter<byte>();
            _state = State.Scratch;
        }

        return _state == State.Scratch ? _scratch! : this;
    }

    public override void Complete()
    {
        if (_state == State.Scratch)
        {
            WriteWhole(_scratch!.WrittenSpan);
            _scratch = null;
            return;
        }

        if (_state != State.Direct || _writtenBytes != _declaredBytes)
            throw new InvalidOperationException($"The serializer announced {_declaredBytes} bytes and wrote {_writtenBytes}.");

        _state = State.Complete;
    }

    public override void Complete(byte[] payload)
    {
        ArgumentNullException.ThrowIfNull(payload);
        if (_state != State.Empty)
            throw new InvalidOperationException("The serializer has begun to write into the buffer.");

        WriteWhole(payload);
    }

    void IBufferWriter<byte>.Advance(int count)
    {
        _writtenBytes += count;
        if (_writtenBytes > _declaredBytes)
            throw new InvalidOperationException($"The serializer announced {_declaredBytes} bytes and wrote {_writtenBytes}.");

        _output.Advance(count);
    }

    Memory<byte> IBufferWriter<byte>.GetMemory(int sizeHint) => _output.GetMemory(sizeHint);

    Span<byte> IBufferWriter<byte>.GetSpan(int sizeHint) => _output.GetSpan(sizeHint);

    private void WriteWhole(ReadOnlySpan<byte> payload)
    {
        CheckLimit(payload.Length);
        WritePrefix(payload.Length);
        _output.Write(payload);
        _writtenBytes = payload.Length;
        _state = State.Complete;
    }

    private void WritePrefix(int payloadBytes)
    {
        Touched = true;
        MessageFraming.WritePrefix(_output, payloadBytes);
    }

    private void CheckLimit(int payloadBytes)
    {
        if (payloadBytes > maxMessageBytes)
            throw new RpcException(new Status(StatusCode.ResourceExhausted, $"A message to send has {payloadBytes} bytes; the limit is {maxMessageBytes}."));
    }
}
