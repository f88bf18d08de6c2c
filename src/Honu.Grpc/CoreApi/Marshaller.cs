using System.Buffers;
using System.Text;

namespace Grpc.Core;

/// <summary>Turns messages of one type into bytes and back; generated stubs use the constructor on contexts, which are the runtime's own buffers.</summary>
public class Marshaller<T>(Action<T, SerializationContext> serializer, Func<DeserializationContext, T> deserializer)
{
    private readonly Func<T, byte[]>? _serializer;
    private readonly Func<byte[], T>? _deserializer;

    /// <summary>A marshaller on whole arrays; costs one array per message each way.</summary>
    public Marshaller(Func<T, byte[]> serializer, Func<byte[], T> deserializer)
        : this((value, context) => context.Complete(serializer!(value)), context => deserializer!(context.PayloadAsNewBuffer()))
    {
        _serializer = serializer ?? throw new ArgumentNullException(nameof(serializer));
        _deserializer = deserializer ?? throw new ArgumentNullException(nameof(deserializer));
    }

    /// <summary>Message to a new array.</summary>
    /// <exception cref="NotSupportedException">The marshaller works on contexts.</exception>
    public Func<T, byte[]> Serializer => _serializer ?? throw new NotSupportedException("This marshaller works on contexts.");
    /// <summary>Array to message.</summary>
    /// <exception cref="NotSupportedException">The marshaller works on contexts.</exception>
    public Func<byte[], T> Deserializer => _deserializer ?? throw new NotSupportedException("This marshaller works on contexts.");
    /// <summary>Writes a message into a context.</summary>
    public Action<T, SerializationContext> ContextualSerializer { get; } = serializer ?? throw new ArgumentNullException(nameof(serializer));
    /// <summary>Reads a message from a context.</summary>
    public Func<DeserializationContext, T> ContextualDeserializer { get; } = deserializer ?? throw new ArgumentNullException(nameof(deserializer));
}

/// <summary>Makes marshallers.</summary>
public static class Marshallers
{
    /// <summary>UTF-8 text.</summary>
    public static Marshaller<string> StringMarshaller { get; } = new(Encoding.UTF8.GetBytes, Encoding.UTF8.GetString);
    /// <summary>A marshaller on whole arrays.</summary>
    public static Marshaller<T> Create<T>(Func<T, byte[]> serializer, Func<byte[], T> deserializer) => new(serializer, deserializer);
    /// <summary>A marshaller on the runtime's own buffers.</summary>
    public static Marshaller<T> Create<T>(Action<T, SerializationContext> serializer, Func<DeserializationContext, T> deserializer) =>
        new(serializer, deserializer);
}

/// <summary>Where a serializer puts one message: either the array by <see cref="Complete(byte[])"/>, or length, buffer and <see cref="Complete()"/>.</summary>
public abstract class SerializationContext
{
    /// <summary>Ends serialization with the whole message; the runtime owns the array from here on.</summary>
    public virtual void Complete(byte[] payload) => throw new NotSupportedException();
    /// <summary>The buffer that takes the message. Call <see cref="SetPayloadLength"/> first: it spares a copy.</summary>
    public virtual IBufferWriter<byte> GetBufferWriter() => throw new NotSupportedException();
    /// <summary>Announces the exact length of the message, in bytes.</summary>
    public virtual void SetPayloadLength(int payloadLength) => throw new NotSupportedException();
    /// <summary>Ends serialization of a message that was written into <see cref="GetBufferWriter"/>.</summary>
    public virtual void Complete() => throw new NotSupportedException();
}

/// <summary>Where a deserializer finds one message. Valid only while the deserializer runs.</summary>
public abstract class DeserializationContext
{
    /// <summary>The length of the message, in bytes.</summary>
    public abstract int PayloadLength { get; }
    /// <summary>The message as a new array; allocates <see cref="PayloadLength"/> bytes.</summary>
    public virtual byte[] PayloadAsNewBuffer() => throw new NotSupportedException();
    /// <summary>The message in the receive buffers themselves; nothing is copied. Do not keep it.</summary>
    public virtual ReadOnlySequence<byte> PayloadAsReadOnlySequence() => throw new NotSupportedException();
}
