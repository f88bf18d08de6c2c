using Grpc.Core;
using Honu.Hosting.Security;
using Honu.Replication;
using Honu.Replication.Messages;
using Microsoft.Extensions.Logging;

namespace Honu.Hosting;

public sealed partial class ReplicaHost
{
    // How long the other side may take to end its stream after a session has ended here.
    private static readonly TimeSpan LingerTimeout = TimeSpan.FromSeconds(4);

    // How long the peer's status is waited for when writing to it has failed.
    private static readonly TimeSpan StatusTimeout = TimeSpan.FromSeconds(1);

    // Callers without a name could be many: no more than this many are told of.
    private const int MaxWarned = 1024;

    // Whoever may open sessions may ask for comparisons, each of which reads a namespace: they must not take all processors at once.
    private readonly SemaphoreSlim _scans = new(1);

    // Used by the loop only.
    private readonly HashSet<string> _warned = new(StringComparer.Ordinal);

    /// <summary>Hands an event to the loop; <paramref name="taken"/> is released when the loop has dealt with it.</summary>
    internal void Post(ReplicaEvent happened, SemaphoreSlim? taken = null) => _events.Writer.TryWrite((happened, taken, null));

    /// <summary>Serves a session that a peer has opened, until it ends.</summary>
    internal async Task ServeAsync(
        IAsyncStreamReader<SessionMessage> requests, IAsyncStreamWriter<SessionMessage> responses, PeerIdentity? identity, string caller, CancellationToken cancellationToken)
    {
        if (_loop is null || _stopping.IsCancellationRequested)
            throw new RpcException(new Status(StatusCode.Unavailable, "The replica is not running. Try again in a moment."));
        using var cancellation = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, _stopping.Token);

        // Not given up when the caller goes: the loop would add a session that nobody removes.
        var pump = await AskAsync(() => AddSession(_replica.NextSessionId(), cancellation, identity is null ? caller : $"replica {identity.Pid} at {caller}"), CancellationToken.None).ConfigureAwait(false);
        string? error = null;
        Task? reading = null;
        try
        {
            Post(new ReplicaEvent.SessionAccepted(pump.Session, identity));
            reading = pump.ReadAsync(requests);
            error = await DriveAsync(pump, pump.WriteAsync(responses), reading, isInitiator: false).ConfigureAwait(false);
        }
        finally
        {
            Post(new ReplicaEvent.SessionEnded(pump.Session, error));
            await RemoveSessionAsync(pump).ConfigureAwait(false);
        }

        // What could not be read as a message at all, or was too long for one, is told by the status of the call.
        if (reading.Exception?.InnerException is RpcException unreadable)
            throw unreadable;
    }

    /// <summary>Tells the log of a caller who was not even let into a session; of each reason once.</summary>
    internal void Refused(string caller, string reason) => _events.Writer.TryWrite((null, null, () =>
    {
        if (_warned.Count < MaxWarned && _warned.Add(caller + reason))
            Log.CallerRefused(_logger, caller, reason);
    }
    ));

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
                    HandleEvent(happened);

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
        _replica.KeepLearned();
    }

    // Nothing depends on it, but who wonders why a replica explores again should find the reason.
    private void TellRestored()
    {
        if (_replica.SelectorRestored == SelectorRestore.Unreadable)
            Log.SelectorUnreadable(_logger, _replica.SelectorName);
    }

    private void HandleEvent(ReplicaEvent happened)
    {
        var effects = React(happened);
        if (effects == 0 && happened is ReplicaEvent.MessageReceived { Message.Refusal: { } refusal } late)
            RefusedLate(late.Session, refusal.Message);
        TellIfAdvanced();
    }

    /// <returns>How much there was to be done.</returns>
    private int React(ReplicaEvent happened)
    {
        IReadOnlyList<ReplicaEffect> effects = [];
        try
        {
            effects = _replica.Handle(happened, _timers.Now);
        }
        catch
        {
            // Timers and answers that were decided before must not be lost with the failure, which the caller deals with.
            effects = _replica.AfterFault(happened);
            throw;
        }
        finally
        {
            foreach (var effect in effects)
                TryCarryOut(effect);
        }

        return effects.Count;
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
                _metrics.Selected(open.Address);
                Run(() => OpenAsync(open.Session, open.Address));
                break;
            case ReplicaEffect.CloseSession close:
                if (_sessions.TryGetValue(close.Session, out var closing))
                    closing.Close();
                break;
            case ReplicaEffect.AbortSession abort:
                if (_sessions.TryGetValue(abort.Session, out var aborted))
                    aborted.AbortAfter(StatusTimeout);
                break;
            case ReplicaEffect.SendRumors push:
                Run(() => PushAsync(push));
                break;
            case ReplicaEffect.AnswerRumors answer:
                AnswerRumors(answer);
                break;
            case ReplicaEffect.RelayRewarded rewarded:
                _metrics.RelayRewarded(rewarded.Address, rewarded.Reward);
                break;
            case ReplicaEffect.RunInBackground run:
                Run(() => RunInBackgroundAsync(run));
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

    private async Task RunInBackgroundAsync(ReplicaEffect.RunInBackground run)
    {
        try
        {
            object result;
            await _scans.WaitAsync(_stopping.Token).ConfigureAwait(false);
            try
            {
                result = await Task.Run(() => run.Work(_stopping.Token), CancellationToken.None).ConfigureAwait(false);
            }
            finally
            {
                _scans.Release();
            }

            if (!_events.Writer.TryWrite((new ReplicaEvent.BackgroundDone(run.Session, result, Error: null), null, null)))
                (result as IDisposable)?.Dispose();
        }
        catch (Exception error)
        {
            // Belongs to the session that asked.
            Post(new ReplicaEvent.BackgroundDone(run.Session, Result: null, error));
        }
    }

    private void Finished(ReplicaEffect.SessionFinished finished)
    {
        var report = finished.Report;
        _metrics.Finished(report, finished.IsInitiator);
        if (finished is { Reward: { } reward, Address: { } rewarded })
            _metrics.Rewarded(rewarded, reward);
        if (finished.IsInitiator && _metrics.WantsArms)
            Volatile.Write(ref _arms, _replica.Peers);
        if (report.IsSuccess)
        {
            Interlocked.Increment(ref _succeeded);
            Interlocked.Exchange(ref _lastSuccess, _time.GetTimestamp());
        }
        else if (report.Outcome != SyncOutcome.Superseded)
        {
            Interlocked.Increment(ref _failed);
        }

        WarnOnce(finished.Address?.ToString() ?? CallerOf(finished), report);
        Log.SessionFinished(_logger, report.Initiator, report.Responder, report.Outcome, report.ObjectsSent, report.ObjectsReceived, report.Error);
        if (finished.Request is { } id && _requests.TryRemove(id, out var request))
            request.TrySetResult(report);
    }

    // A session that has ended well here may yet be refused by the other side, which was still applying: somebody should know.
    private void RefusedLate(SessionId session, string reason)
    {
        var peer = (_sessions.TryGetValue(session, out var pump) ? pump.Caller : null) ?? "A peer";
        if (_warned.Count < MaxWarned && _warned.Add(peer + reason))
            Log.RefusedLate(_logger, peer, SyncOutcome.Refused, reason.TrimEnd('.'));
    }

    private string CallerOf(ReplicaEffect.SessionFinished finished) => finished.Report.Initiator == default
        ? (_sessions.TryGetValue(finished.Session, out var pump) ? pump.Caller : null) ?? "a caller"
        : $"replica {finished.Report.Initiator}";

    // A failing peer is a warning once, until it recovers.
    private void WarnOnce(string peer, SyncReport report)
    {
        if (report.IsSuccess)
            _warned.Remove(peer);
        else if (report.Outcome != SyncOutcome.Superseded && _warned.Count < MaxWarned && _warned.Add(peer))
            Log.SessionFailed(_logger, peer, report.Outcome, report.Error?.TrimEnd('.'));
    }

    // Called within the loop up to the first await, so the pump is known before any effect refers to it.
    private async Task OpenAsync(SessionId session, PeerAddress address)
    {
        using var cancellation = CancellationTokenSource.CreateLinkedTokenSource(_stopping.Token);
        var pump = AddSession(session, cancellation, caller: null);
        string? error = null;
        PeerConnection? connection = null;
        try
        {
            connection = _connections.Get(address);
            using var call = connection.Client.Session(cancellationToken: cancellation.Token);
            Post(new ReplicaEvent.SessionOpened(session, await connection.IdentifyAsync(call).ConfigureAwait(false)));
            error = await DriveAsync(pump, WriteAndCloseAsync(pump, call), pump.ReadAsync(call.ResponseStream), isInitiator: true, connection).ConfigureAwait(false);
        }
        catch (Exception failure)
        {
            // The call could not even be made, for whatever reason: told like a broken link.
            error = connection?.DescribeHandshake(failure) ?? Describe(failure);
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
    private static async Task<string?> DriveAsync(SessionPump pump, Task writing, Task reading, bool isInitiator, PeerConnection? connection = null)
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
        var readError = reading.Exception?.InnerException is { } failure && !pump.HasReceived && connection?.DescribeHandshake(failure) is { } handshake ? handshake : ErrorOf(reading);
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

    private SessionPump AddSession(SessionId session, CancellationTokenSource cancellation, string? caller)
    {
        var pump = new SessionPump(session, this, cancellation) { Caller = caller };
        _sessions.Add(session, pump);
        Volatile.Write(ref _openSessions, _sessions.Count);
        return pump;
    }

    // In the loop, so that no effect finds a pump whose streams are gone.
    private async Task RemoveSessionAsync(SessionPump pump)
    {
        var removed = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        if (_events.Writer.TryWrite((null, null, () =>
            {
                _sessions.Remove(pump.Session);
                Volatile.Write(ref _openSessions, _sessions.Count);
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

        [LoggerMessage(EventId = 3007, EventName = "SelectorUnreadable", Level = LogLevel.Warning, Message = "What the selector {Selector} had learned of the peers could not be read, and is learned anew. Sessions go on meanwhile.")]
        public static partial void SelectorUnreadable(ILogger logger, string selector);

        [LoggerMessage(EventId = 3100, EventName = "CallerRefused", Level = LogLevel.Warning, Message = "A session that {Caller} wanted to open was refused: {Reason}. The same is not reported again.")]
        public static partial void CallerRefused(ILogger logger, string caller, string reason);

        [LoggerMessage(EventId = 3107, EventName = "RefusedLate", Level = LogLevel.Warning, Message = "{Peer} ended a session as {Outcome} that had completed here: {Reason}. The same is not reported again.")]
        public static partial void RefusedLate(ILogger logger, string peer, SyncOutcome outcome, string reason);

        [LoggerMessage(EventId = 3105, EventName = "CertificateOfAnother", Level = LogLevel.Error, Message = "TLS: the certificate of this server does not name it (honu://{Cluster}/{Pid}), so peers will refuse it: {Certificate}. Make one with honu certs replica.")]
        public static partial void CertificateOfAnother(ILogger logger, string cluster, uint pid, string certificate);

        [LoggerMessage(EventId = 3106, EventName = "GrantsUnproven", Level = LogLevel.Warning, Message = "Grants are in force, but peers are not proven by certificates: each is the replica that it says it is. Use mutual TLS.")]
        public static partial void GrantsUnproven(ILogger logger);
        [LoggerMessage(EventId = 3005, EventName = "EquivocationFound", Level = LogLevel.Error, Message = "Version {Version} in namespace {Namespace} stands {What}: two processes have written as one replica. Of two contents all replicas keep the same one. See that no directory is open twice, copied while it is open, or set back file by file.")]
        public static partial void EquivocationFound(ILogger logger, VersionId version, string @namespace, string what);

        [LoggerMessage(EventId = 3006, EventName = "StoreDiffers", Level = LogLevel.Error, Message = "Namespace {Namespace} does not hold the records that were written to it; {Missing} are missing. Damage of the disk or of the directory: run honu verify. The next sessions compare it with each peer and fetch what they have.")]
        public static partial void StoreDiffers(ILogger logger, string @namespace, long missing);

        [LoggerMessage(EventId = 3001, EventName = "EventFailed", Level = LogLevel.Error, Message = "Replication could not deal with {Event}; it goes on with the next.")]
        public static partial void EventFailed(ILogger logger, string @event, Exception error);
    }
}
