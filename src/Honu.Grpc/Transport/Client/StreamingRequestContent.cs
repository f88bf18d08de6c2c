using System.IO.Pipelines;
using System.Net;

namespace Honu.Grpc;

/// <summary>A request body that the call's writer fills, open until the writer is done.</summary>
/// <remarks>A pipe stands between the two: a write returns once it is in the pipe, and what piles up while the connection is busy leaves in one go.</remarks>
internal sealed class StreamingRequestContent : RequestContent
{
    private readonly Pipe _pipe = new(MessageWriter.PipeOptions);
    private readonly TaskCompletionSource _opened = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private Exception? _reason;

    /// <summary>Takes the framed requests. Completed by the writer alone, since it is not safe for two.</summary>
    public PipeWriter Writer => _pipe.Writer;

    /// <summary>Completes when there is a connection. Faults when there never is one.</summary>
    public Task Opened => _opened.Task;

    /// <summary>Ends the body whatever its writer does; with a reason the stream is reset.</summary>
    public void End(Exception? reason)
    {
        _reason = reason;
        if (_opened.TrySetException(reason ?? new HttpRequestException("The call is over.")))
            _ = _opened.Task.Exception;
        _pipe.Reader.CancelPendingRead();
    }

    protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context, CancellationToken cancellationToken)
    {
        // No token below: that of the body ends before the call knows why, and its cancellation would hide the reason. The stream ends by itself when the
        // connection is lost or the call cancelled, and End frees the pipe. Headers wait for the first bytes unless they are flushed, and a server may speak first.
        await stream.FlushAsync(CancellationToken.None).ConfigureAwait(false);
        if (!_opened.TrySetResult())
            throw _reason ?? new HttpRequestException("The request has begun on a lost connection and cannot be repeated.");

        try
        {
            while (true)
            {
                var result = await _pipe.Reader.ReadAsync(CancellationToken.None).ConfigureAwait(false);
                if (result.IsCanceled && _reason is not null)
                    throw _reason;

                foreach (var segment in result.Buffer)
                    await stream.WriteAsync(segment, CancellationToken.None).ConfigureAwait(false);
                if (!result.Buffer.IsEmpty)
                    await stream.FlushAsync(CancellationToken.None).ConfigureAwait(false);
                _pipe.Reader.AdvanceTo(result.Buffer.End);
                if (result.IsCompleted || result.IsCanceled)
                    return;
            }
        }
        finally
        {
            // A writer that waits goes on and finds the call over.
            await _pipe.Reader.CompleteAsync().ConfigureAwait(false);
        }
    }
}
