using Honu.Replication.Messages;

namespace Honu.Replication;

public sealed partial class Replica
{
    private void ScheduleNextSession(TimeSpan delay)
    {
        if (_peers.Count == 0)
            return;
        _nextSession = _now + delay;
        _effects.Add(new ReplicaEffect.SetTimer(new ReplicaTimer(ReplicaTimerKind.NextSession), _nextSession));
    }

    // Sessions that find nothing grow rare; a local write is something to be found.
    private void HurryAfterLocalWrite()
    {
        _interval = _options.BaseInterval;
        if (_nextSession > _now + _interval)
            ScheduleNextSession(_interval);
    }

    private void OpenNextSession()
    {
        RenewErrands();
        var ready = _peers.Where(peer => !peer.HasSession && peer.Backoff.Until <= _now).ToList();
        if (ready.Count > 0)
            OpenSession(ready[_selector.Select([.. ready.Select(static peer => peer.Address)], _random)], request: null);

        // When all peers rest, wake up as soon as the first of them may be tried again.
        var delay = _interval;
        if (ready.Count == 0 && _peers.Where(static peer => !peer.HasSession).Select(static peer => peer.Backoff.Until).DefaultIfEmpty().Min() is var first && first > _now && first - _now < delay)
            delay = first - _now;
        ScheduleNextSession(delay);
    }

    private Peer FindOrMakePeer(PeerAddress address) =>
        _peers.Find(peer => peer.Address.Endpoint == address.Endpoint && (address.Pid is null || peer.Address.Pid == address.Pid)) ?? NewPeer(address);

    private void OpenSession(Peer peer, long? request)
    {
        var session = new Session(NextSessionId(), isInitiator: true, _store, _options, peer.Address.Pid, _effects, _now) { Heartbeats = _heartbeats };
        peer.HasSession = true;
        _sessions.Add(session.Id, new SessionEntry(session, peer, request));
        _effects.Add(new ReplicaEffect.OpenSession(session.Id, peer.Address));
        WatchProgress(session.Id, _now);
    }

    private void Accept(SessionId id)
    {
        var accepted = _sessions.Values.Count(static entry => !entry.Session.IsInitiator);
        if (accepted >= _options.MaxIncomingSessions)
        {
            _effects.Add(new ReplicaEffect.Send(id, new SessionMessage { Refusal = new Refusal { Reason = Refusal.Types.Reason.Retry, Message = $"{accepted} sessions are open here already" } }));
            _effects.Add(new ReplicaEffect.CloseSession(id));
            return;
        }

        var session = new Session(id, isInitiator: false, _store, _options, expectedPid: null, _effects, _now) { Heartbeats = _heartbeats };
        _sessions.Add(id, new SessionEntry(session, Peer: null, Request: null));
        session.Opened(_now);
        WatchProgress(id, _now);
    }

    private void WatchProgress(SessionId id, TimeSpan lastProgress) =>
        _effects.Add(new ReplicaEffect.SetTimer(new ReplicaTimer(ReplicaTimerKind.SessionProgress, id), lastProgress + _options.ProgressTimeout));

    private void CheckProgress(SessionId id)
    {
        if (!_sessions.TryGetValue(id, out var entry))
            return;
        var lastProgress = entry.Session.LastProgress;
        if (lastProgress + _options.ProgressTimeout > _now)
            WatchProgress(id, lastProgress);
        else
            Advance(id, session => session.TimedOut(_now));
    }

    private void Advance(SessionId id, Action<Session> step)
    {
        // A message may still arrive for a session that has ended here.
        if (!_sessions.TryGetValue(id, out var entry))
            return;
        step(entry.Session);
        if (entry.Session.Report is { } report)
            Finish(id, entry, report);
    }

    private void Finish(SessionId id, SessionEntry entry, SyncReport report)
    {
        _sessions.Remove(id);
        _effects.Add(new ReplicaEffect.ClearTimer(new ReplicaTimer(ReplicaTimerKind.SessionProgress, id)));
        if (entry.Peer is { } peer)
            Judge(peer, entry.Session, report);
        if (report.FoundSomething)
            HurryAfterLocalWrite();
        _effects.Add(new ReplicaEffect.SessionFinished(id, entry.Request, entry.Peer?.Address, report));
        AfterSession(entry.Session.Remote);
    }

    private void Judge(Peer peer, Session session, SyncReport report)
    {
        peer.HasSession = false;
        peer.Replica = session.Remote ?? peer.Replica;
        peer.Region = session.RemoteRegion ?? peer.Region;
        peer.LastError = report.Error;
        if (report.IsSuccess)
        {
            peer.State = PeerState.Active;
            peer.LastSuccess = _now;
            peer.LastDuration = report.Duration;
            peer.Backoff.Succeeded();
            if (!report.FoundSomething)
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

        _selector.Learn(peer.Address, report);
    }

    private static TimeSpan Min(TimeSpan a, TimeSpan b) => a < b ? a : b;
}
