using System.Buffers;

namespace Grpc.Core;

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
