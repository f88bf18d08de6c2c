using Grpc.Core;

namespace Honu.Grpc;

/// <content>The requests of a streaming call.</content>
#pragma warning disable CA1001 // The content of the request is disposed where the request was sent.
internal sealed partial class ClientCall<TRequest, TResponse>
#pragma warning restore CA1001
{
    private int _writing;
    private bool _requestsEnded;

    public WriteOptions? WriteOptions { get; set; } = options.WriteOptions;

    Task IAsyncStreamWriter<TRequest>.WriteAsync(TRequest message) => WriteAsync(message, CancellationToken.None);

    public async Task WriteAsync(TRequest message, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(message);
        EnterWrite();
        var registration = RegisterCancel(cancellationToken);
        try
        {
            if (_requestsEnded)
                throw new InvalidOperationException("The requests have been completed.");

            if (End is null && !_requests!.Opened.IsCompletedSuccessfully)
                await _requests.Opened.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            if (End is { } end)
                throw AfterEnd(end);

            var flags = WriteOptions?.Flags ?? WriteFlags.None;
            FrameRequest(message, _gzip && !flags.HasFlag(WriteFlags.NoCompress));
            if ((!flags.HasFlag(WriteFlags.BufferHint) || _requests!.Writer.UnflushedBytes >= MessageWriter.GatherBytes) &&
                (await _requests!.Writer.FlushAsync(CancellationToken.None).ConfigureAwait(false)).IsCompleted)
            {
                throw await ExplainAsync().ConfigureAwait(false);
            }
        }
        finally
        {
            registration.Unregister();
            Volatile.Write(ref _writing, 0);
        }
    }

    Task IClientStreamWriter<TRequest>.CompleteAsync()
    {
        EnterWrite();
        if (!_requestsEnded)
            _requests?.Writer.Complete();
        _requestsEnded = true;
        Volatile.Write(ref _writing, 0);
        return Task.CompletedTask;
    }

    private void EnterWrite()
    {
        if (Interlocked.Exchange(ref _writing, 1) != 0)
            throw new InvalidOperationException("A write is under way: wait for it before the next one.");
    }

    private void FrameRequest(TRequest message, bool compress)
    {
        try
        {
            _writer.Write(_requests!.Writer, message, method.RequestMarshaller.ContextualSerializer, compress);
        }
        catch (RpcException exception) when (_writer.Touched)
        {
            // Half a message is in the pipe and nothing can follow it. A message above the limit has left no trace, so its call can go on.
            Abandon(exception.Status);
            throw;
        }
    }

    // The server takes no more. The reason is in the response if it gave one.
    private async Task<Exception> ExplainAsync()
    {
        await _head.ConfigureAwait(false);
        if (SingleResponse is not null)
            await ((Task)SingleResponse).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        return End is { } end
            ? AfterEnd(end)
            : new RpcException(new Status(StatusCode.Unavailable, "The server takes no more requests of this call; its responses tell why."));
    }

    private static Exception AfterEnd(CallEnd end) => end.Status.StatusCode == StatusCode.OK
        ? new InvalidOperationException("The call is over: the server has answered and takes no more requests.")
        : end.ToException();

    private CancellationTokenRegistration RegisterCancel(CancellationToken cancellationToken) =>
        cancellationToken.CanBeCanceled && cancellationToken != Options.CancellationToken ? cancellationToken.UnsafeRegister(CancelledByCaller, this) : default;
}
