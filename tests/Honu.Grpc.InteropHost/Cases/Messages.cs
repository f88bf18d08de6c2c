using Google.Protobuf;
using Grpc.Testing;

namespace Honu.Grpc.InteropHost;

/// <summary>The messages that the descriptions of the cases prescribe.</summary>
internal static class Messages
{
    public const int LargeRequestBytes = 271_828;
    public const int LargeResponseBytes = 314_159;

    public static readonly int[] RequestSizes = [27_182, 8, 1_828, 45_904];
    public static readonly int[] ResponseSizes = [31_415, 9, 2_653, 58_979];

    public static Payload Zeros(int size) => new() { Body = ByteString.CopyFrom(new byte[size]) };

    public static SimpleRequest Large() => new() { ResponseSize = LargeResponseBytes, Payload = Zeros(LargeRequestBytes) };

    /// <summary>Asks for responses of these sizes.</summary>
    public static StreamingOutputCallRequest Wanted(int requestSize, params ReadOnlySpan<int> responseSizes)
    {
        var request = new StreamingOutputCallRequest { Payload = Zeros(requestSize) };
        foreach (var size in responseSizes)
            request.ResponseParameters.Add(new ResponseParameters { Size = size });
        return request;
    }
}
