using System.Net;

namespace Honu.Grpc;

/// <summary>A request body of unknown length.</summary>
internal abstract class RequestContent : HttpContent
{
    protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context) =>
        SerializeToStreamAsync(stream, context, CancellationToken.None);

    protected override bool TryComputeLength(out long length)
    {
        length = 0;
        return false;
    }
}
