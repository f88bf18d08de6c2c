using Grpc.Core;
using Microsoft.AspNetCore.Http.Features;

namespace Honu.Grpc;

/// <content>From the head of the request to the status.</content>
internal sealed partial class ServerCall
{
    // How long a status waits behind responses that the client does not take, once the call must end.
    private static readonly TimeSpan StatusTimeout = TimeSpan.FromSeconds(1);

    private StopReason? _stop;
    private bool _ended;

    /// <summary>Serves the call. Ends after the handler has, since the handler uses the request.</summary>
    public async Task RunAsync(Func<ServerCall, Task> serve)
    {
        var activity = RpcTelemetry.StartServer(method, http.Request);
        var aborted = http.RequestAborted.UnsafeRegister(static call => ((ServerCall)call!).Abort(), this);
        var drained = server.Drained.UnsafeRegister(
            static call => _ = ((ServerCall)call!).StopAsync(new StopReason(new Status(StatusCode.Unavailable, "The server is shutting down."))), this);
        DeadlineTimer? timer = null;
        Status status;
        try
        {
            try
            {
                ReadHead();
                if (_deadline != DateTime.MaxValue)
                    timer = new DeadlineTimer(Options.TimeProvider, _deadline, static call => _ = ((ServerCall)call).StopAsync(StopReason.Deadline), this);
                await serve(this).ConfigureAwait(false);
                status = Status;
            }
            catch (Exception exception)
            {
                // The handler may throw anything; its client gets a status in each case.
                status = ToStatus(exception);
            }

            _over = true;
            await CloseRequestsAsync().ConfigureAwait(false);
            await CloseOutboxAsync().ConfigureAwait(false);
        }
        catch (Exception exception)
        {
            // Even to describe what the handler threw, or to cancel what it left behind, runs code of others.
            RpcLog.HandlerFailed(server.Logger, method.FullName, exception);
            status = new Status(StatusCode.Unknown, "The handler failed.");
        }
        finally
        {
            // These wait for a StopAsync that has begun, since it touches the pipe before its first await.
            if (timer is not null)
                await timer.DisposeAsync().ConfigureAwait(false);
            await drained.DisposeAsync().ConfigureAwait(false);
            aborted.Unregister();
        }

        await CompleteAsync(status).ConfigureAwait(false);
        RpcTelemetry.Stop(activity, Volatile.Read(ref _stop)?.Status ?? status);
    }

    /// <summary>Why the call must stop, as the exception for a handler that still reads or writes.</summary>
    public OperationCanceledException Stopped(Exception? cause = null) =>
        new($"The call is over: {Volatile.Read(ref _stop)?.Status.Detail ?? "its handler has returned."}", cause, _cancel.Token);

    /// <summary>The client has cancelled or is gone: nothing can be sent any more.</summary>
    public void Abort()
    {
        Interlocked.CompareExchange(ref _stop, StopReason.ClientGone, null);
        _cancel.Cancel();
    }

    private void ReadHead()
    {
        var headers = http.Request.Headers;
        if (headers.TryGetValue("grpc-timeout", out var timeout))
        {
            if (!TimeoutHeader.TryDecode(timeout.ToString(), out var left))
                throw new RpcException(new Status(StatusCode.Internal, $"\"{timeout}\" is not a grpc-timeout."));

            var now = Options.TimeProvider.GetUtcNow().UtcDateTime;
            _deadline = left < DateTime.MaxValue - now ? now + left : DateTime.MaxValue;
        }

        var encoding = headers["grpc-encoding"].ToString();
        _receivesGzip = encoding == Gzip.Name;
        if (!_receivesGzip && encoding is not ("" or "identity"))
        {
            http.Response.Headers["grpc-accept-encoding"] = Gzip.Accepted;
            throw new RpcException(new Status(StatusCode.Unimplemented, $"The encoding \"{encoding}\" is not supported."));
        }
    }

    private Status ToStatus(Exception exception)
    {
        var stopped = _cancel.IsCancellationRequested || Volatile.Read(ref _stop) is not null;
        switch (exception)
        {
            case RpcException rpc:
                foreach (var entry in rpc.Trailers == _responseTrailers ? Metadata.Empty : rpc.Trailers)
                    ResponseTrailers.Add(entry);
                return rpc.StatusCode == StatusCode.OK ? new Status(StatusCode.Unknown, rpc.Status.Detail) : rpc.Status;
            case OperationCanceledException when stopped:
                return new Status(StatusCode.Cancelled, "The call was cancelled.");
            case not null when stopped:
                // What breaks after the call was stopped is mostly a consequence of that.
                RpcLog.HandlerFailedAfterStop(server.Logger, Method, exception);
                return new Status(StatusCode.Cancelled, "The call was cancelled.");
            default:
                RpcLog.HandlerFailed(server.Logger, Method, exception!);
                return new Status(StatusCode.Unknown, Options.IncludeExceptionDetail
                    ? $"The handler failed: {exception!.GetType().Name}: {exception.Message}"
                    : "The handler failed.");
        }
    }

    // Never faults: it is started by timers and tokens, and nobody awaits it.
    private async Task StopAsync(StopReason reason)
    {
        if (Interlocked.CompareExchange(ref _stop, reason, null) is not null)
            return;

        try
        {
            CancelFlush(); // frees the gate: a write that waits for flow control gives up
            RpcLog.CallStopped(server.Logger, Method, reason.Status.StatusCode);
            await _cancel.CancelAsync().ConfigureAwait(false);
            await _gate.WaitAsync(CancellationToken.None).ConfigureAwait(false);
            try
            {
                if (_ended)
                    return;

                _ended = true;
                await SendStatusAndResetAsync(reason.Status).ConfigureAwait(false);
            }
            finally
            {
                _gate.Release();
            }
        }
        catch (Exception exception)
        {
            // The connection was lost meanwhile: the client has its answer already.
            RpcLog.StatusNotSent(server.Logger, Method, exception);
        }
    }

    private async Task SendStatusAndResetAsync(Status status)
    {
        WriteStatus(status);
        var reset = http.Features.Get<IHttpResetFeature>();
        try
        {
            await http.Response.CompleteAsync().WaitAsync(StatusTimeout, TimeProvider.System).ConfigureAwait(false);

            // NO_ERROR: the answer is complete, the rest of the request is not wanted. But after a cancelled flush CompleteAsync may return while
            // responses still wait for the client to take them; a reset would cut these and the status off.
            if (!_flushCancelled)
                reset?.Reset(0);
        }
        catch (TimeoutException)
        {
            // The status is stuck behind responses that the client does not take; a reset needs no window.
            reset?.Reset(8); // CANCEL
        }
    }

    private async Task CompleteAsync(Status status)
    {
        await _gate.WaitAsync(CancellationToken.None).ConfigureAwait(false);
        try
        {
            if (_ended)
                return;

            _ended = true;
            var stop = Volatile.Read(ref _stop);
            if (stop == StopReason.ClientGone)
                return;

            if (_broken)
                http.Features.Get<IHttpResetFeature>()?.Reset(2); // INTERNAL_ERROR: half a message is in the stream
            else if (stop is not null)
                await SendStatusAndResetAsync(stop.Status).ConfigureAwait(false);
            else
                WriteStatus(status);
        }
        catch (Exception exception)
        {
            // The connection was lost meanwhile: there is no one to tell.
            RpcLog.StatusNotSent(server.Logger, Method, exception);
        }
        finally
        {
            _gate.Release();
        }
    }

    private sealed record StopReason(Status Status)
    {
        public static readonly StopReason Deadline = new(new Status(StatusCode.DeadlineExceeded, "The deadline has passed."));
        public static readonly StopReason ClientGone = new(new Status(StatusCode.Cancelled, "The client has cancelled the call or is gone."));
    }
}
