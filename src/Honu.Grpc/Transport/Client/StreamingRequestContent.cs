using System.Net;

namespace Honu.Grpc;

/// <summary>A request body that the call's writer fills: hands out the stream of the connection and stays open until the writer is done.</summary>
internal sealed class StreamingRequestContent : HttpContent
{
    private readonly TaskCompletionSource<Stream> _stream = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _completed = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Where to write, once there is a connection. Faults when there never is one.</summary>
    public Task<Stream> Stream => _stream.Task;

    /// <summary>Ends the body: the server sees the half-close.</summary>
    public void Complete() => _completed.TrySetResult();

    /// <summary>Gives the body up; a stream that is still open is reset.</summary>
    public void Abort(Exception reason)
    {
        _stream.TrySetException(reason);
        _completed.TrySetException(reason);
        _ = _stream.Task.Exception;
        _ = _completed.Task.Exception;
    }

    protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context) =>
        SerializeToStreamAsync(stream, context, CancellationToken.None);

    protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context, CancellationToken cancellationToken)
    {
        // Headers wait for the first bytes of the body unless they are flushed, and a server may speak first.
        await stream.FlushAsync(cancellationToken).ConfigureAwait(false);
        if (!_stream.TrySetResult(stream))
            throw new HttpRequestException("The request has begun on a lost connection and cannot be repeated.");

        await _completed.Task.WaitAsync(cancellationToken).ConfigureAwait(false);
    }

    protected override bool TryComputeLength(out long length)
    {
        length = 0;
        return false;
    }
}
