using Honu.Replication.Messages;

namespace Honu.Replication;

public sealed partial class Replica
{
    // How long the other side may take to end the session that goes on in place of another one.
    private static readonly TimeSpan SupersededPause = TimeSpan.FromMilliseconds(20);

    // Enough for a Hello on its way; as long as there is room, one may take longer.
    private static readonly TimeSpan StrangerPatience = TimeSpan.FromSeconds(1);

    private void ScheduleNextSession(TimeSpan delay)
    {
        if (_peers.Count == 0 || !_options.OpensSessions)
            return;
        _nextSession = _now + delay;
        _effects.Add(new ReplicaEffect.SetTimer(new ReplicaTimer(ReplicaTimerKind.NextSession), _nextSession));
    }

    // Sessions that find nothing grow rare; a local write is something to be found.
    private void HurryAfterLocalWrite()
    {
        _interval = _options.BaseInterval;
        if (_options.PauseAfterSession is null && _nextSession > _now + _interval)
            ScheduleNextSession(_interval);
    }

    private void OpenNextSession()
    {
        OpenWaiting();
        if (!_options.OpensSessions)
            return;
        RenewErrands();
        if (IsPacing)
            return;
        var chosen = Choose(PreferNear(_peers));
        if (chosen is not null)
            Pace(OpenSession(chosen, request: null, verify: false));

        // When all peers rest, wake up as soon as the first of them may be tried again.
        var delay = _options.PauseAfterSession ?? _interval;
        if (IsPacing)
            return;
        if (chosen is null && _peers.Where(static peer => !peer.HasSession).Select(static peer => peer.Backoff.Until).DefaultIfEmpty().Min() is var first && first > _now && first - _now < delay)
            delay = first - _now;
        ScheduleNextSession(delay);
    }

    private Peer FindOrMakePeer(PeerAddress address) =>
        _peers.Find(peer => peer.Address.Endpoint == address.Endpoint && (address.Pid is null || peer.Address.Pid == address.Pid)) ?? NewPeer(address);

    private SessionId OpenSession(Peer peer, long? request, bool verify)
    {
        // Who asks for a comparison gets one of everything.
        var suspects = verify || peer.Suspects.Count == 0 ? null : peer.Suspects;
        var session = new Session(NextSessionId(), isInitiator: true, _context, peer, peer.Address.Pid, verify || suspects is not null, _now) { Suspects = suspects };
        peer.HasSession = true;
        _sessions.Add(session.Id, new SessionEntry(session, peer, request, verify));
        _effects.Add(new ReplicaEffect.OpenSession(session.Id, peer.Address));
        WatchProgress(session);
        return session.Id;
    }

    private void Accept(SessionId id, PeerIdentity? identity)
    {
        var accepted = _sessions.Values.Count(static entry => !entry.Session.IsInitiator);
        if (accepted >= _options.MaxIncomingSessions && !TryMakeRoom())
        {
            _effects.Add(new ReplicaEffect.Send(id, new SessionMessage { Refusal = new Refusal { Reason = Refusal.Types.Reason.Retry, Message = $"{accepted} sessions are open here already" } }));
            _effects.Add(new ReplicaEffect.CloseSession(id));
            return;
        }

        var session = new Session(id, isInitiator: false, _context, peer: null, expectedPid: null, verify: false, _now);
        _sessions.Add(id, new SessionEntry(session, Peer: null, Request: null, Verify: false));
        session.Opened(_now, identity);
        WatchProgress(session);
    }

    // Who has opened a session and does not say who it is, or lives on a message that it once announced, must not keep others out.
    private bool TryMakeRoom()
    {
        var idle = _sessions
            .Where(entry => !entry.Value.Session.IsInitiator && _now - entry.Value.Session.LastProgress > (entry.Value.Session.Remote is null ? StrangerPatience : _options.ProgressTimeout))
            .OrderBy(static entry => entry.Value.Session.LastProgress)
            .Select(static entry => (SessionId?)entry.Key)
            .FirstOrDefault();
        if (idle is { } id)
            Advance(id, session => session.TimedOut(_now));
        return idle is not null;
    }

    // Of two sessions of the same pair, opened at once, that of the lower replica goes on. Known only when the caller has said who it is.
    private void ReducePair(SessionEntry accepted, ReplicaId caller)
    {
        var own = _sessions.Values.FirstOrDefault(entry => entry.Session.IsInitiator && (entry.Session.Remote ?? entry.Peer?.Replica) == caller);
        if (own is null)
            return;
        var superseded = _store.Identity.Replica.CompareTo(caller) < 0 ? accepted : own;
        superseded.Session.Refuse(Refusal.Types.Reason.Duplicate, "the two replicas are in a session already", _now);
        FinishIfDone(superseded.Session.Id, superseded);
    }

    private void WatchProgress(Session session) =>
        _effects.Add(new ReplicaEffect.SetTimer(new ReplicaTimer(ReplicaTimerKind.SessionProgress, session.Id), session.Deadline));

    private void CheckProgress(SessionId id)
    {
        if (!_sessions.TryGetValue(id, out var entry))
            return;
        if (entry.Session.Deadline > _now)
            WatchProgress(entry.Session);
        else
            Advance(id, session => session.TimedOut(_now));
    }

    private void Receive(ReplicaEvent.MessageReceived received)
    {
        if (!_sessions.TryGetValue(received.Session, out var entry))
            return;
        var isHello = entry.Session.Remote is null;
        Advance(received.Session, session => session.Receive(received.Message, received.Bytes, _now));
        if (isHello && entry.Session is { IsInitiator: false, Report: null, Remote: { } caller })
            ReducePair(entry, caller);
    }

    // The session may have ended meanwhile: a view that nobody takes would keep its snapshot alive.
    private void TakeBackgroundWork(ReplicaEvent.BackgroundDone done)
    {
        if (_sessions.ContainsKey(done.Session))
        {
            Advance(done.Session, session => session.BackgroundDone(done.Result, done.Error, _now));
            return;
        }

        (done.Result as IDisposable)?.Dispose();
        if (_busyViews.Remove(done.Session, out var view))
            view.Dispose();
    }

    private void Advance(SessionId id, Action<Session> step)
    {
        // A message may still arrive for a session that has ended here.
        if (!_sessions.TryGetValue(id, out var entry))
            return;
        step(entry.Session);
        FinishIfDone(id, entry);
    }

    private void FinishIfDone(SessionId id, SessionEntry entry)
    {
        if (entry.Session.Report is not { } report || !_sessions.Remove(id))
            return;
        if (entry.Session.TakeBusyView() is { } view)
            _busyViews.Add(id, view);
        _effects.Add(new ReplicaEffect.ClearTimer(new ReplicaTimer(ReplicaTimerKind.SessionProgress, id)));
        var reward = entry.Peer is { } peer ? Judge(peer, entry.Session, report) : null;
        EndPace(id);
        if (report.FoundSomething && !IsBroughtByRumors)
            HurryAfterLocalWrite();
        AfterRumorSession(entry, report);
        if (report.ObjectsDeferred > 0)
            ApplyDeferred();

        // Who asked for a session gets one, when the other one has ended.
        if (report.Outcome == SyncOutcome.Superseded && entry.Request is { } request)
            _waiting.Enqueue(new WaitingRequest(entry.Peer!, request, entry.Verify));
        else
            _effects.Add(new ReplicaEffect.SessionFinished(id, entry.Request, entry.Peer?.Address, report, entry.Session.IsInitiator) { Reward = reward });
        if (report.Outcome == SyncOutcome.Superseded)
            WakeWaiting(entry.Session.Remote);
        else
            OpenWaiting();
        AfterSession(entry.Session.Remote);
    }

    // Of two sessions with one peer the older would be ended in the middle. What it brings may be older than the request, so the request gets one of its own.
    private void OpenRequested(WaitingRequest asked)
    {
        if (asked.Peer.HasSession)
            _waiting.Enqueue(asked);
        else
            OpenSession(asked.Peer, asked.Request, asked.Verify);
    }

    private void OpenWaiting()
    {
        for (var left = _waiting.Count; left > 0; left--)
            OpenRequested(_waiting.Dequeue());
    }

    // The session that goes on in place of an own one may have ended here before that one was told of it: then nothing else would wake who waits.
    private void WakeWaiting(ReplicaId? remote)
    {
        if (_waiting.Count == 0 || _sessions.Values.Any(other => other.Session.Remote == remote))
            return;
        _nextSession = _now + SupersededPause;
        _effects.Add(new ReplicaEffect.SetTimer(new ReplicaTimer(ReplicaTimerKind.NextSession), _nextSession));
    }

    private double? Judge(Peer peer, Session session, SyncReport report)
    {
        peer.HasSession = false;
        if (session.IsSelf)
        {
            LeaveAlone(peer);
            return null;
        }

        _havePeersChanged |= peer.State == PeerState.Self || (session.Remote is { } remote && remote.Pid != peer.Pid);
        peer.Replica = session.Remote ?? peer.Replica;
        peer.Region = session.RemoteRegion ?? peer.Region;
        peer.RoundTrip = report.RoundTrip ?? peer.RoundTrip;
        if (report.Outcome == SyncOutcome.Superseded)
            return null;
        peer.LastError = report.Error;
        if (report.IsSuccess)
        {
            peer.State = PeerState.Active;
            peer.LastSuccess = _now;
            peer.LastDuration = report.Duration;
            peer.Backoff.Succeeded();
            GiveUpComparing(peer);
            if (!report.FoundSomething || IsBroughtByRumors)
                _interval = Min(_interval * 2, _options.MaxInterval);
        }
        else
        {
            peer.State = report.Outcome switch
            {
                SyncOutcome.Refused => PeerState.Refused,
                SyncOutcome.Interrupted => PeerState.Interrupted,
                _ => PeerState.Unreachable,
            };
            peer.Backoff.Failed(_now, _random);
        }

        return Learn(peer, report);
    }

    private static TimeSpan Min(TimeSpan a, TimeSpan b) => a < b ? a : b;
}
