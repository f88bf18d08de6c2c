using Grpc.Core;

namespace Honu.Grpc;

/// <content>The requests of a streaming call.</content>
#pragma warning disable CA1001 // Ended by Finish and Cancel; the pooled buffer is left to the collector when a call is dropped in the middle of a write.
internal sealed partial class ClientCall<TRequest, TResponse>
#pragma warning restore CA1001
{
    // Hinted messages are gathered up to this size: one DATA frame of the usual maximum.
    private const int GatherBytes = 16 * 1024;

    private readonly PooledBuffer _pending = new();
    private int _writing;
    private bool _requestsEnded;

    WriteOptions? IAsyncStreamWriter<TRequest>.WriteOptions { get; set; } = options.WriteOptions;

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

            var stream = await OpenRequestsAsync().ConfigureAwait(false);
            var flags = ((IAsyncStreamWriter<TRequest>)this).WriteOptions?.Flags ?? WriteFlags.None;
            FrameRequest(message);
            if (!flags.HasFlag(WriteFlags.BufferHint) || _pending.Length >= GatherBytes)
                await FlushPendingAsync(stream).ConfigureAwait(false);
        }
        finally
        {
            registration.Unregister();
            Volatile.Write(ref _writing, 0);
        }
    }

    async Task IClientStreamWriter<TRequest>.CompleteAsync()
    {
        EnterWrite();
        try
        {
            if (_requestsEnded)
                return;

            _requestsEnded = true;
            if (_pending.Length > 0 && End is null)
                await FlushPendingAsync(await OpenRequestsAsync().ConfigureAwait(false)).ConfigureAwait(false);
            _pending.Dispose();
            _requests!.Complete();
        }
        finally
        {
            Volatile.Write(ref _writing, 0);
        }
    }

    private void EnterWrite()
    {
        if (Interlocked.Exchange(ref _writing, 1) != 0)
            throw new InvalidOperationException("A write is under way: wait for it before the next one.");
    }

    private async Task<Stream> OpenRequestsAsync()
    {
        if (End is { } end)
            throw AfterEnd(end);

        try
        {
            return await _requests!.Stream.ConfigureAwait(false);
        }
        catch (Exception) when (End is not null)
        {
            // There was never a connection; the call knows why.
            throw AfterEnd(End);
        }
    }

    private void FrameRequest(TRequest message)
    {
        var boundary = _pending.Length;
        try
        {
            _writer.Write(_pending, message, method.RequestMarshaller.ContextualSerializer);
        }
        catch (RpcException)
        {
            // Nothing of this message leaves, so the call can go on with others.
            _pending.Truncate(boundary);
            throw;
        }
    }

    private async Task FlushPendingAsync(Stream stream)
    {
        try
        {
            await stream.WriteAsync(_pending.WrittenMemory, StreamToken).ConfigureAwait(false);
            await stream.FlushAsync(StreamToken).ConfigureAwait(false);
            _pending.Clear();
        }
        catch (Exception exception)
        {
            // The stream is gone. The reason is in the response if the server gave one, so that is looked at first.
            throw await ExplainAsync(exception).ConfigureAwait(false);
        }
    }

    private async Task<Exception> ExplainAsync(Exception exception)
    {
        await _head.ConfigureAwait(false);
        if (SingleResponse is not null)
            await ((Task)SingleResponse).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        return End is { } end
            ? AfterEnd(end)
            : new RpcException(StatusMapping.FromException(exception) is { StatusCode: not StatusCode.Cancelled } status
                ? status
                : new Status(StatusCode.Unavailable, "The server takes no more requests of this call; its responses tell why.", exception));
    }

    private static Exception AfterEnd(CallEnd end) => end.Status.StatusCode == StatusCode.OK
        ? new InvalidOperationException("The call is over: the server has answered and takes no more requests.")
        : end.ToException();

    private CancellationTokenRegistration RegisterCancel(CancellationToken cancellationToken) =>
        cancellationToken.CanBeCanceled && cancellationToken != Options.CancellationToken
            ? cancellationToken.UnsafeRegister(static call => ((ClientCall)call!).Cancel(StatusCode.Cancelled, "The call was cancelled by its caller."), this)
            : default;
}
