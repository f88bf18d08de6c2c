using System.Buffers;

namespace Grpc.Core;

/// <summary>Where a serializer puts one message: either the array by <see cref="Complete(byte[])"/>, or length, buffer and <see cref="Complete()"/>.</summary>
public abstract class SerializationContext
{
    /// <summary>Ends serialization with the whole message.</summary>
    /// <param name="payload">The message; owned by the runtime from here on.</param>
    public virtual void Complete(byte[] payload) => throw new NotSupportedException();

    /// <summary>The buffer that takes the message. Call <see cref="SetPayloadLength"/> first: it spares a copy.</summary>
    public virtual IBufferWriter<byte> GetBufferWriter() => throw new NotSupportedException();

    /// <summary>Announces the exact length of the message, in bytes.</summary>
    /// <param name="payloadLength">The length in bytes.</param>
    public virtual void SetPayloadLength(int payloadLength) => throw new NotSupportedException();

    /// <summary>Ends serialization of a message that was written into <see cref="GetBufferWriter"/>.</summary>
    public virtual void Complete() => throw new NotSupportedException();
}
