using Grpc.Core;
using Honu.Replication;
using Honu.Replication.Messages;
using Microsoft.Extensions.Logging;

namespace Honu.Hosting;

public sealed partial class ReplicaHost
{
    // How long the other side may take to end its stream after a session has ended here.
    private static readonly TimeSpan LingerTimeout = TimeSpan.FromSeconds(5);

    /// <summary>Hands an event to the loop; <paramref name="taken"/> is released when the loop has dealt with it.</summary>
    internal void Post(ReplicaEvent happened, SemaphoreSlim? taken = null) => _events.Writer.TryWrite((happened, taken, null));

    /// <summary>Serves a session that a peer has opened, until it ends.</summary>
    internal async Task ServeAsync(IAsyncStreamReader<SessionMessage> requests, IAsyncStreamWriter<SessionMessage> responses, CancellationToken cancellationToken)
    {
        if (_loop is null || _stopping.IsCancellationRequested)
            throw new RpcException(new Status(StatusCode.Unavailable, "The replica is not running. Try again in a moment."));
        using var cancellation = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, _stopping.Token);
        var pump = await AskAsync(() => AddSession(_replica.NextSessionId(), cancellation), cancellationToken).ConfigureAwait(false);
        Post(new ReplicaEvent.SessionAccepted(pump.Session));
        var reading = pump.ReadAsync(requests);
        var error = await FirstErrorAsync(pump.WriteAsync(responses), reading, cancellation).ConfigureAwait(false);
        Post(new ReplicaEvent.SessionEnded(pump.Session, error));
        await RemoveSessionAsync(pump).ConfigureAwait(false);
    }

    private async Task RunAsync()
    {
        await foreach (var (happened, taken, ask) in _events.Reader.ReadAllAsync(CancellationToken.None).ConfigureAwait(false))
        {
            try
            {
                ask?.Invoke();
                if (happened is ReplicaEvent.LocalCommit)
                    Interlocked.Exchange(ref _commitPending, 0);
                if (happened is not null && !_stopping.IsCancellationRequested)
                {
                    foreach (var effect in _replica.Handle(happened, _timers.Now))
                        CarryOut(effect);
                }
            }
            catch (Exception error)
            {
                // The loop must not stop silently: whatever one event does, the next one is dealt with.
                Log.EventFailed(_logger, happened?.GetType().Name ?? "question", error);
            }
            finally
            {
                taken?.Release();
            }
        }

        foreach (var pump in _sessions.Values)
            pump.Abort();
    }

    private void CarryOut(ReplicaEffect effect)
    {
        switch (effect)
        {
            case ReplicaEffect.Send send:
                if (_sessions.TryGetValue(send.Session, out var sender))
                    sender.Send(send.Message);
                break;
            case ReplicaEffect.OpenSession open:
                Run(() => OpenAsync(open.Session, open.Address));
                break;
            case ReplicaEffect.CloseSession close:
                if (_sessions.TryGetValue(close.Session, out var closing))
                    closing.Close();
                break;
            case ReplicaEffect.AbortSession abort:
                if (_sessions.TryGetValue(abort.Session, out var aborted))
                    aborted.Abort();
                break;
            case ReplicaEffect.SetTimer set:
                _timers.Set(set.Timer, set.Due);
                break;
            case ReplicaEffect.ClearTimer clear:
                _timers.Clear(clear.Timer);
                break;
            case ReplicaEffect.SessionFinished finished:
                Finished(finished);
                break;
        }
    }

    private void Finished(ReplicaEffect.SessionFinished finished)
    {
        var report = finished.Report;
        if (report.IsSuccess)
            Interlocked.Increment(ref _succeeded);
        else
            Interlocked.Increment(ref _failed);
        Log.SessionFinished(_logger, report.Initiator, report.Responder, report.Outcome, report.ObjectsSent, report.ObjectsReceived, report.Error);
        if (finished.Request is { } id && _requests.TryRemove(id, out var request))
            request.TrySetResult(report);
    }

    // Called within the loop up to the first await, so the pump is known before any effect refers to it.
    private async Task OpenAsync(SessionId session, PeerAddress address)
    {
        using var cancellation = CancellationTokenSource.CreateLinkedTokenSource(_stopping.Token);
        var pump = AddSession(session, cancellation);
        string? error;
        try
        {
            using var call = _connections.Client(address).Session(cancellationToken: cancellation.Token);
            Post(new ReplicaEvent.SessionOpened(session));
            var reading = pump.ReadAsync(call.ResponseStream);
            error = await FirstErrorAsync(WriteAndCloseAsync(pump, call), reading, cancellation).ConfigureAwait(false);
        }
        catch (Exception failure) when (failure is RpcException or ObjectDisposedException or UriFormatException)
        {
            // The call could not even be made: told like a broken link.
            error = Describe(failure);
        }

        Post(new ReplicaEvent.SessionEnded(session, error));
        await RemoveSessionAsync(pump).ConfigureAwait(false);
    }

    private static async Task WriteAndCloseAsync(SessionPump pump, AsyncDuplexStreamingCall<SessionMessage, SessionMessage> call)
    {
        await pump.WriteAsync(call.RequestStream).ConfigureAwait(false);
        await call.RequestStream.CompleteAsync().ConfigureAwait(false);
    }

    // Both directions end; the first failure of either is the reason.
    private static async Task<string?> FirstErrorAsync(Task writing, Task reading, CancellationTokenSource cancellation)
    {
        var first = await Task.WhenAny(writing, reading).ConfigureAwait(false);
        if (first == writing && first.IsFaulted)
        {
            // The reader knows the peer's status, which says more than that writing failed.
            await Task.WhenAny(reading, Task.Delay(TimeSpan.FromSeconds(1), TimeProvider.System)).ConfigureAwait(false);
            return reading.Exception?.InnerException is { } told ? Describe(told) : Describe(writing.Exception!.InnerException!);
        }

        // Another side that never ends its stream must not keep the call for ever.
        if (first == writing)
            cancellation.CancelAfter(LingerTimeout);
        try
        {
            await reading.ConfigureAwait(false);
            await writing.ConfigureAwait(false);
            return null;
        }
        catch (Exception error) when (error is RpcException or OperationCanceledException or IOException or InvalidOperationException)
        {
            // Every way in which a stream can end early is the same to the protocol: the link broke.
            return Describe(error);
        }
    }

    private static string Describe(Exception error) => error switch
    {
        RpcException rpc => rpc.Status.Detail.Length > 0 ? $"{rpc.StatusCode}: {rpc.Status.Detail}" : rpc.StatusCode.ToString(),
        OperationCanceledException => "the session was cancelled",
        _ => error.Message,
    };

    private SessionPump AddSession(SessionId session, CancellationTokenSource cancellation)
    {
        var pump = new SessionPump(session, this, cancellation);
        _sessions.Add(session, pump);
        return pump;
    }

    // In the loop, so that no effect finds a pump whose streams are gone.
    private async Task RemoveSessionAsync(SessionPump pump)
    {
        var removed = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        if (_events.Writer.TryWrite((null, null, () =>
            {
                _sessions.Remove(pump.Session);
                pump.Dispose();
                removed.SetResult();
            })))
            await removed.Task.WaitAsync(LingerTimeout, TimeProvider.System).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    /// <summary>Asks something that only the loop may touch.</summary>
    private Task<T> AskAsync<T>(Func<T> question, CancellationToken cancellationToken)
    {
        var answer = new TaskCompletionSource<T>(TaskCreationOptions.RunContinuationsAsynchronously);
        void Ask()
        {
            try
            {
                answer.SetResult(question());
            }
            catch (Exception error)
            {
                // Belongs to the one who asked.
                answer.SetException(error);
            }
        }

        if (_loop is null || !_events.Writer.TryWrite((null, null, Ask)))
            throw new InvalidOperationException("The replica host is not running.");
        return answer.Task.WaitAsync(cancellationToken);
    }

    private void Run(Func<Task> work)
    {
        var task = work();
        _running.TryAdd(task, true);
        _ = task.ContinueWith(done => _running.TryRemove(done, out _), CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
    }

    private static partial class Log
    {
        [LoggerMessage(EventId = 3000, EventName = "SessionFinished", Level = LogLevel.Debug, Message = "Session {Initiator} → {Responder} ended as {Outcome}: {Sent} objects sent, {Received} received. {Error}")]
        public static partial void SessionFinished(ILogger logger, ReplicaId initiator, ReplicaId responder, SyncOutcome outcome, long sent, long received, string? error);

        [LoggerMessage(EventId = 3001, EventName = "EventFailed", Level = LogLevel.Error, Message = "Replication could not deal with {Event}; it goes on with the next.")]
        public static partial void EventFailed(ILogger logger, string @event, Exception error);
    }
}
