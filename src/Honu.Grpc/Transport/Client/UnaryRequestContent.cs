using System.Net;

namespace Honu.Grpc;

/// <summary>The one message of a request, framed before the call starts: its owner may change the message at once, and a refused request can be repeated.</summary>
internal sealed class UnaryRequestContent(PooledBuffer frame) : HttpContent
{
    // One share for this content, one per copy that is under way. The last one gives the array back: an early answer may come while it is still sent.
    private int _shares = 1;

    protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context) =>
        SerializeToStreamAsync(stream, context, CancellationToken.None);

    protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context, CancellationToken cancellationToken)
    {
        if (!TryAddShare())
            throw new HttpRequestException("The call is over.");

        try
        {
            await stream.WriteAsync(frame.WrittenMemory, cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            ReleaseShare();
        }
    }

    protected override bool TryComputeLength(out long length)
    {
        length = 0;
        return false;
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing)
            ReleaseShare();
        base.Dispose(disposing);
    }

    private bool TryAddShare()
    {
        for (var seen = Volatile.Read(ref _shares); seen > 0;)
        {
            var found = Interlocked.CompareExchange(ref _shares, seen + 1, seen);
            if (found == seen)
                return true;

            seen = found;
        }

        return false;
    }

    private void ReleaseShare()
    {
        if (Interlocked.Decrement(ref _shares) == 0)
            frame.Dispose();
    }
}
