using System.Diagnostics;
using System.Net.Http.Headers;
using Grpc.Core;

namespace Honu.Grpc;

// The life of a call at the client:
//
//   Start       ClientCall.Start.cs: sends the head of the request; sets the deadline timer and listens to the caller's token.
//   requests    ClientCall.Requests.cs: WriteAsync and CompleteAsync, independent of the response.
//   responses   ClientCall.Responses.cs: the head, MoveNext for streams, ReadSingleAsync otherwise; the end of the body brings the trailers.
//   Finish      the one place where a call ends: the first status wins, whoever brings it (server, caller, deadline, channel, connection).

/// <summary>The part of a call that needs no message types: how it ends, and what can be asked of it then.</summary>
#pragma warning disable CA1001 // The source has no timer and no links, so there is nothing to dispose; late callbacks may still use it.
internal abstract class ClientCall(RpcChannel channel, IMethod method, CallOptions options)
#pragma warning restore CA1001
{
    // Static, so that the call types need no closures.
    public static readonly Func<object, Task<Metadata>> ResponseHeaders = static call => ((ClientCall)call).GetResponseHeadersAsync();
    public static readonly Func<object, Status> Status = static call => ((ClientCall)call).GetEnd().Status;
    public static readonly Func<object, Metadata> Trailers = static call => ((ClientCall)call).GetEnd().Trailers;
    public static readonly Action<object> Dispose = static call => ((ClientCall)call).Cancel(StatusCode.Cancelled, "The call was disposed.");
    protected static readonly Action<object?> CancelledByCaller =
        static call => ((ClientCall)call!).Cancel(StatusCode.Cancelled, "The call was cancelled by its caller.");

    private readonly Lock _sync = new();
    private readonly CancellationTokenSource _cancel = new();
    private CancellationTokenRegistration _callerRegistration;
    private CancellationTokenRegistration _servedRegistration;
    private CancellationTokenRegistration _channelRegistration;
    private DeadlineTimer? _timer;
    private TaskCompletionSource? _headersAsked;
    private HttpResponseHeaders? _headers;
    private bool _hasHeaders;
    private Activity? _activity;
    private CallEnd? _end;

    protected RpcChannel Channel => channel;

    protected CallOptions Options => options;

    /// <summary>Cancelled when the call must let go of its stream.</summary>
    protected CancellationToken StreamToken => _cancel.Token;

    /// <summary>How the call ended; null while it runs.</summary>
    protected CallEnd? End => Volatile.Read(ref _end);

    /// <summary>When the call must be over, in UTC; null for never.</summary>
    protected DateTime? Deadline => options.EffectiveDeadline;

    protected DateTime Now => channel.Options.TimeProvider.GetUtcNow().UtcDateTime;

    /// <summary>Ends the call from this side. A stream that is still open is reset, so the server sees it.</summary>
    protected void Cancel(StatusCode code, string detail)
    {
        Finish(new Status(code, detail), null);
        _cancel.Cancel();
        ReleaseResponse();
    }

    /// <summary>Begins the call's trace and watches what can end it early; false if one of these has happened already.</summary>
    protected bool Watch()
    {
        _activity = RpcTelemetry.StartClient(method, channel.Address);
        var served = options.PropagationToken?.CancellationToken ?? CancellationToken.None;
        var caller = options.CancellationToken.UnsafeRegister(CancelledByCaller, this);
        var parent = served.UnsafeRegister(
            static call => ((ClientCall)call!).Cancel(StatusCode.Cancelled, "The call that this one is tied to was cancelled."), this);
        var shutdown = channel.ShutdownToken.UnsafeRegister(
            static call => ((ClientCall)call!).Cancel(StatusCode.Cancelled, "The channel was disposed."), this);
        var timer = Deadline is { } due
            ? new DeadlineTimer(channel.Options.TimeProvider, due, static call => ((ClientCall)call).Cancel(StatusCode.DeadlineExceeded, "The deadline has passed."), this)
            : null;
        lock (_sync)
            (_callerRegistration, _servedRegistration, _channelRegistration, _timer) = (caller, parent, shutdown, timer);
        if (End is null)
            return true;

        // A token that was cancelled already, or a deadline that had passed, has ended the call at once.
        ReleaseWatches();
        return false;
    }

    /// <summary>Ends the call unless it has ended. Does not touch the stream.</summary>
    protected void Finish(Status status, HttpResponseHeaders? trailers)
    {
        TaskCompletionSource? asked;
        lock (_sync)
        {
            if (_end is not null)
                return;

            // A server whose clock is ahead resets the stream first; for the caller it is the deadline all the same.
            if (status.StatusCode == StatusCode.Cancelled && Deadline <= Now)
                status = new Status(StatusCode.DeadlineExceeded, "The deadline has passed.", status.DebugException);
            _end = new CallEnd(status, trailers);
            asked = _headersAsked;
        }

        ReleaseWatches();
        OnFinished();
        RpcTelemetry.Stop(_activity, status);
        asked?.TrySetResult();
    }

    /// <summary>The head of the response has come; null if it is its end, too.</summary>
    protected void SetHeaders(HttpResponseHeaders? headers)
    {
        lock (_sync)
            (_headers, _hasHeaders) = (headers, true);
        _headersAsked?.TrySetResult();
    }

    /// <summary>Frees the response; the stream is reset if it is still open.</summary>
    protected abstract void ReleaseResponse();

    /// <summary>Called once, after <see cref="End"/> is set.</summary>
    protected abstract void OnFinished();

    private async Task<Metadata> GetResponseHeadersAsync()
    {
        var come = Task.CompletedTask;
        lock (_sync)
        {
            if (!_hasHeaders && _end is null)
                come = (_headersAsked ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)).Task;
        }

        await come.ConfigureAwait(false);
        return _hasHeaders ? Read(_headers) : throw _end!.ToException();
    }

    private static Metadata Read(HttpResponseHeaders? headers) => headers is null ? Metadata.Empty : MetadataCodec.Read(headers.NonValidated);

    private CallEnd GetEnd() => End ?? throw new InvalidOperationException("The call still runs: it has a status and trailers when it is over.");

    private void ReleaseWatches()
    {
        CancellationTokenRegistration caller, parent, shutdown;
        DeadlineTimer? timer;
        lock (_sync)
        {
            (caller, parent, shutdown, timer) = (_callerRegistration, _servedRegistration, _channelRegistration, _timer);
            (_callerRegistration, _servedRegistration, _channelRegistration, _timer) = (default, default, default, null);
        }

        // None of these waits for a callback that runs: it may be the one that ends the call.
        caller.Unregister();
        parent.Unregister();
        shutdown.Unregister();
        timer?.Cancel();
    }

    /// <summary>How a call ended.</summary>
    protected sealed class CallEnd(Status status, HttpResponseHeaders? trailers)
    {
        private Metadata? _trailers;

        public Status Status => status;

        // Most calls are over without anyone asking for these.
        public Metadata Trailers => _trailers ??= Read(trailers);

        public RpcException ToException()
        {
            try
            {
                return new RpcException(Status, Trailers);
            }
            catch (RpcException)
            {
                // The status says more than trailers that cannot be decoded.
                return new RpcException(Status);
            }
        }
    }
}
