using Grpc.Core;
using Honu.Replication;
using Honu.Replication.Messages;
using Microsoft.Extensions.Logging;

namespace Honu.Hosting;

public sealed partial class ReplicaHost
{
    // How long the other side may take to end its stream after a session has ended here.
    private static readonly TimeSpan LingerTimeout = TimeSpan.FromSeconds(5);

    // How long the peer's status is waited for when writing to it has failed.
    private static readonly TimeSpan StatusTimeout = TimeSpan.FromSeconds(1);

    // Callers without a name could be many: no more than this many are told of.
    private const int MaxWarned = 1024;

    // Used by the loop only.
    private readonly HashSet<string> _warned = new(StringComparer.Ordinal);

    /// <summary>Hands an event to the loop; <paramref name="taken"/> is released when the loop has dealt with it.</summary>
    internal void Post(ReplicaEvent happened, SemaphoreSlim? taken = null) => _events.Writer.TryWrite((happened, taken, null));

    /// <summary>Serves a session that a peer has opened, until it ends.</summary>
    internal async Task ServeAsync(IAsyncStreamReader<SessionMessage> requests, IAsyncStreamWriter<SessionMessage> responses, CancellationToken cancellationToken)
    {
        if (_loop is null || _stopping.IsCancellationRequested)
            throw new RpcException(new Status(StatusCode.Unavailable, "The replica is not running. Try again in a moment."));
        using var cancellation = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, _stopping.Token);

        // Not given up when the caller goes: the loop would add a session that nobody removes.
        var pump = await AskAsync(() => AddSession(_replica.NextSessionId(), cancellation), CancellationToken.None).ConfigureAwait(false);
        string? error = null;
        try
        {
            Post(new ReplicaEvent.SessionAccepted(pump.Session));
            error = await DriveAsync(pump, pump.WriteAsync(responses), pump.ReadAsync(requests), isInitiator: false).ConfigureAwait(false);
        }
        finally
        {
            Post(new ReplicaEvent.SessionEnded(pump.Session, error));
            await RemoveSessionAsync(pump).ConfigureAwait(false);
        }
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
                        TryCarryOut(effect);
                    TellIfAdvanced();
                }

                taken?.Release();
            }
            catch (Exception error)
            {
                // The loop must not stop silently: whatever one event does, the next one is dealt with.
                Log.EventFailed(_logger, happened?.GetType().Name ?? "question", error);
            }
        }

        foreach (var pump in _sessions.Values)
            pump.Abort();
    }

    private void TryCarryOut(ReplicaEffect effect)
    {
        try
        {
            CarryOut(effect);
        }
        catch (Exception error)
        {
            // One effect that fails must not keep the others from being carried out: a request may wait for one of them.
            Log.EventFailed(_logger, effect.GetType().Name, error);
        }
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
        WarnOnce(finished.Address, report);
        Log.SessionFinished(_logger, report.Initiator, report.Responder, report.Outcome, report.ObjectsSent, report.ObjectsReceived, report.Error);
        if (finished.Request is { } id && _requests.TryRemove(id, out var request))
            request.TrySetResult(report);
    }

    // A failing peer is a warning once, until it recovers.
    private void WarnOnce(PeerAddress? address, SyncReport report)
    {
        var peer = address?.ToString() ?? (report.Initiator == default ? "a caller" : $"replica {report.Initiator}");
        if (report.IsSuccess)
            _warned.Remove(peer);
        else if (_warned.Count < MaxWarned && _warned.Add(peer))
            Log.SessionFailed(_logger, peer, report.Outcome, report.Error?.TrimEnd('.'));
    }

    // Called within the loop up to the first await, so the pump is known before any effect refers to it.
    private async Task OpenAsync(SessionId session, PeerAddress address)
    {
        using var cancellation = CancellationTokenSource.CreateLinkedTokenSource(_stopping.Token);
        var pump = AddSession(session, cancellation);
        string? error = null;
        try
        {
            using var call = _connections.Client(address).Session(cancellationToken: cancellation.Token);
            Post(new ReplicaEvent.SessionOpened(session));
            error = await DriveAsync(pump, WriteAndCloseAsync(pump, call), pump.ReadAsync(call.ResponseStream), isInitiator: true).ConfigureAwait(false);
        }
        catch (Exception failure)
        {
            // The call could not even be made, for whatever reason: told like a broken link.
            error = Describe(failure);
        }
        finally
        {
            Post(new ReplicaEvent.SessionEnded(session, error));
            await RemoveSessionAsync(pump).ConfigureAwait(false);
        }
    }

    private static async Task WriteAndCloseAsync(SessionPump pump, AsyncDuplexStreamingCall<SessionMessage, SessionMessage> call)
    {
        await pump.WriteAsync(call.RequestStream).ConfigureAwait(false);
        await call.RequestStream.CompleteAsync().ConfigureAwait(false);
    }

    /// <summary>Waits until both directions have ended, so that nothing of the session comes after its end, and tells why if it was early.</summary>
    private static async Task<string?> DriveAsync(SessionPump pump, Task writing, Task reading, bool isInitiator)
    {
        var first = await Task.WhenAny(writing, reading).ConfigureAwait(false);
        if (first == reading && !first.IsCompletedSuccessfully)
            pump.Abort();
        else if (first == reading && isInitiator)
            pump.Close();
        else if (first == writing)
            pump.AbortAfter(first.IsCompletedSuccessfully ? LingerTimeout : StatusTimeout);
        await Task.WhenAll(writing, reading).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);

        // The status that the responder ended the call with says more than how writing to it failed.
        var readError = ErrorOf(reading);
        return readError ?? (isInitiator ? null : ErrorOf(writing));
    }

    private static string? ErrorOf(Task task) =>
        task.IsCanceled ? "the session was cancelled" : task.Exception?.InnerException is { } error ? Describe(error) : null;

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
                removed.SetResult();
            }
        )))
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

        [LoggerMessage(EventId = 3002, EventName = "SessionFailed", Level = LogLevel.Warning, Message = "A session with {Peer} ended as {Outcome}: {Error}. Further ones are not reported until one succeeds.")]
        public static partial void SessionFailed(ILogger logger, string peer, SyncOutcome outcome, string? error);

        [LoggerMessage(EventId = 3001, EventName = "EventFailed", Level = LogLevel.Error, Message = "Replication could not deal with {Event}; it goes on with the next.")]
        public static partial void EventFailed(ILogger logger, string @event, Exception error);
    }
}
