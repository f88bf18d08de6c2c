using System.Net;

namespace Honu.Grpc;

/// <summary>The one message of a request, framed before the call starts: its owner may change the message at once, and a refused request can be repeated.</summary>
internal sealed class UnaryRequestContent(PooledBuffer frame) : RequestContent
{
    private volatile bool _sending;

    protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context, CancellationToken cancellationToken)
    {
        _sending = true;
        await stream.WriteAsync(frame.WrittenMemory, cancellationToken).ConfigureAwait(false);
        _sending = false;
    }

    protected override void Dispose(bool disposing)
    {
        // An early answer may come while the frame is still sent: its array is left to the collector then, for nobody else may get it from the pool.
        if (disposing && !_sending)
            frame.Dispose();
        base.Dispose(disposing);
    }
}
