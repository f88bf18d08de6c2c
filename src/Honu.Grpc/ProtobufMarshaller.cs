using Google.Protobuf;
using Grpc.Core;

namespace Honu.Grpc;

/// <summary>A marshaller as generated stubs have it, for the services of the runtime itself.</summary>
internal static class ProtobufMarshaller<T>
    where T : class, IBufferMessage, IMessage<T>, new()
{
    private static readonly MessageParser<T> Parser = new(static () => new T());

    public static readonly Marshaller<T> Instance = new(
        static (message, context) =>
        {
            context.SetPayloadLength(message.CalculateSize());
            message.WriteTo(context.GetBufferWriter());
            context.Complete();
        },
        static context => Parser.ParseFrom(context.PayloadAsReadOnlySequence()));
}
