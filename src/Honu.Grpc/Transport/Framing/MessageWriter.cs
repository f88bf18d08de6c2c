using System.Buffers;
using System.Buffers.Binary;
using System.IO.Pipelines;
using Grpc.Core;

namespace Honu.Grpc;

/// <summary>Frames messages straight into a buffer writer. One per call; not thread-safe.</summary>
/// <remarks>A serializer that announces its length (generated code does) writes into the output itself; another one, or compression, costs a copy.</remarks>
internal sealed class MessageWriter(int maxMessageBytes) : SerializationContext, IBufferWriter<byte>
{
    /// <summary>Messages with a buffer hint are gathered up to this size: one DATA frame of the usual maximum.</summary>
    public const int GatherBytes = 16 * 1024;

    /// <summary>For the pipe between the writer of a stream and its connection: it holds four frames before the writer waits for flow control, and its reader
    /// runs in the writer's thread when it was idle, so that a single message is not handed from thread to thread.</summary>
    public static readonly PipeOptions PipeOptions = new(
        readerScheduler: PipeScheduler.Inline, pauseWriterThreshold: 4 * GatherBytes, resumeWriterThreshold: 2 * GatherBytes, minimumSegmentSize: GatherBytes,
        useSynchronizationContext: false);

    private IBufferWriter<byte> _output = null!;
    private ArrayBufferWriter<byte>? _scratch;
    private int _declaredBytes;
    private int _writtenBytes;
    private bool _compress;
    private bool _complete;

    /// <summary>Whether the last <see cref="Write"/> put anything into the output. If it failed then, the stream is broken.</summary>
    public bool Touched { get; private set; }

    /// <summary>Frames one message and returns the bytes that it takes.</summary>
    /// <exception cref="RpcException">The message exceeds the limit (nothing is written), or its serializer failed.</exception>
    public int Write<T>(IBufferWriter<byte> output, T message, Action<T, SerializationContext> serializer, bool compress = false)
    {
        (_output, _declaredBytes, _writtenBytes, _compress, _complete, Touched) = (output, -1, 0, compress, false, false);
        try
        {
            serializer(message, this);
            return _complete ? MessageReader.PrefixBytes + _writtenBytes : throw new InvalidOperationException("The serializer did not call Complete.");
        }
        catch (Exception exception) when (exception is not RpcException)
        {
            // Whatever the serializer throws, the caller gets one typed failure.
            throw new RpcException(new Status(StatusCode.Internal, "The message cannot be serialized.", exception));
        }
        finally
        {
            _scratch = null;
        }
    }

    public override void SetPayloadLength(int payloadLength)
    {
        CheckLimit(payloadLength);
        _declaredBytes = payloadLength;
    }

    public override IBufferWriter<byte> GetBufferWriter()
    {
        if (_scratch is not null || Touched)
            return _scratch ?? (IBufferWriter<byte>)this;
        if (_declaredBytes < 0 || _compress)
            return _scratch = new ArrayBufferWriter<byte>();

        (_output as PooledBuffer)?.EnsureFree(MessageReader.PrefixBytes + _declaredBytes);
        WritePrefix(_declaredBytes, compressed: false);
        return this;
    }

    public override void Complete()
    {
        if (_complete)
            throw new InvalidOperationException("The serializer has completed the message already.");
        if (_scratch is not null)
            WriteWhole(_scratch.WrittenSpan);
        else if (!Touched || _writtenBytes != _declaredBytes)
            throw new InvalidOperationException($"The serializer announced {_declaredBytes} bytes and wrote {_writtenBytes}.");
        _complete = true;
    }

    public override void Complete(byte[] payload)
    {
        ArgumentNullException.ThrowIfNull(payload);
        if (Touched || _scratch is not null || _complete)
            throw new InvalidOperationException("The serializer has begun to write into the buffer.");

        WriteWhole(payload);
        _complete = true;
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

        // GZipStream makes no bytes at all of none, which other runtimes take for damage.
        _compress &= !payload.IsEmpty;
        if (_compress)
            payload = Gzip.Compress(payload).Span;
        WritePrefix(payload.Length, _compress);
        _output.Write(payload);
        _writtenBytes = payload.Length;
    }

    private void WritePrefix(int payloadBytes, bool compressed)
    {
        Touched = true;
        var prefix = _output.GetSpan(MessageReader.PrefixBytes);
        prefix[0] = compressed ? (byte)1 : (byte)0;
        BinaryPrimitives.WriteUInt32BigEndian(prefix[1..], (uint)payloadBytes);
        _output.Advance(MessageReader.PrefixBytes);
    }

    private void CheckLimit(int payloadBytes)
    {
        if (payloadBytes > maxMessageBytes)
            throw new RpcException(new Status(StatusCode.ResourceExhausted, $"A message to send has {payloadBytes} bytes; the limit is {maxMessageBytes}."));
    }
}
