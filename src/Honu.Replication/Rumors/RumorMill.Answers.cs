using Honu.Replication.Messages;

namespace Honu.Replication;

/// <content>What became of pushes.</content>
internal sealed partial class RumorMill
{
    /// <summary>A push was answered.</summary>
    public void Answered(PushId id, RumorAnswer answer, TimeSpan now)
    {
        _now = now;
        if (!_pushes.Remove(id, out var push))
            return;
        if (MessageValidation.FindFault(answer, push.Sent.Rumors.Count) is not null)
        {
            push.Peer.Rest(now);
            return;
        }

        switch (answer.Outcome)
        {
            case RumorAnswer.Types.Outcome.Accepted:
                Accepted(push, answer);
                return;
            case RumorAnswer.Types.Outcome.NotIntroduced:
                push.Peer.Rest(now);
                _host.RequestSession(push.Peer.Pid);
                break;
            case RumorAnswer.Types.Outcome.Unsupported:
                Unsupported(push);
                return;
            case RumorAnswer.Types.Outcome.Malformed:
                // Whoever else gets it will say the same.
                push.Lane.Forget(push.Sent);
                push.Peer.Rest(now);
                break;
            case RumorAnswer.Types.Outcome.Forbidden:
                // Another replica there may allow it; when none is left, sessions say why.
                push.Peer.Rest(now);
                if (push.Lane is not RegionLane far || (push.Via is null && far.Region.Peers.TrueForAll(peer => !peer.IsUsable(now))))
                    push.Lane.Forget(push.Sent);
                break;
        }

        JudgeLate(push);
    }

    /// <summary>A push will not be answered.</summary>
    public void Failed(PushId id, bool isUnsupported, TimeSpan now)
    {
        _now = now;
        if (!_pushes.Remove(id, out var push))
            return;
        if (isUnsupported)
            Unsupported(push);

        // Anything else is a lost message: its retry is due when it is due.
    }

    private void Accepted(SentPush push, RumorAnswer answer)
    {
        var time = _now - push.At;
        if (!push.IsFirstContact)
            Measure(push.Peer, time);
        push.Peer.Recover();
        if (push is { Lane: RegionLane reached, Via: null })
            NoteReached(reached);
        push.Lane.Acknowledge(push.Sent);
        if (push.Lane is RegionLane far)
        {
            var region = push.Via ?? far.Region;
            if (!push.IsJudged && !push.IsFirstContact)
            {
                push.IsJudged = true;
                _host.Add(new ReplicaEffect.RelayRewarded(push.Peer.Address, region.Chooser.Answered(push.Peer.Pid, time, region.RoundTrip ?? time)));
                if (push.Via is null && push.Sent.IsFirstTry)
                    region.Chooser.NoteFirstTry(isTimedOut: false);
            }

            if (push.Via is null)
                far.Detour = null;
            far.Tried.Remove(push.Peer.Pid);
            Learn(region, answer.Distances);
        }

        push.Peer.HasAnswered = true;
        Redirect(push, answer);
    }

    private void Learn(Region region, IEnumerable<Distance> distances)
    {
        foreach (var distance in distances)
        {
            if (_regions.OtherOf(distance.Pid) is { } other && other != region)
                region.Distances[other.Name] = TimeSpan.FromMilliseconds(distance.RoundTripMs);
        }
    }

    // What a relay or helper does not want, another one may want; what a neighbour does not want, others are told without it.
    private void Redirect(SentPush push, RumorAnswer answer)
    {
        if (answer.Declined.Count == 0)
            return;
        var declined = answer.Declined.Select(place => push.Sent.Rumors[(int)place]).Distinct().ToList();
        push.Peer.Declined.UnionWith(declined.Select(static rumor => rumor.Namespace));
        if (push.Lane is RegionLane far)
            SendFresh(far, declined);
        else if (push.Lane is LocalLane local)
            PassOver(local, declined);
    }

    private void Unsupported(SentPush push)
    {
        push.Peer.NoteUnsupported(_now);
        _host.HurrySessions();
        push.Sent.Pushes.Remove(push);
        if (push.Lane is LocalLane local)
        {
            var rumors = local.Collect(out _);
            if (rumors.Count > 0)
                GiveUp(local, rumors);
        }
        else if (push.Lane is RegionLane far && far.Outstanding.Contains(push.Sent) && push.Sent.Pushes.TrueForAll(static other => other.IsJudged))
        {
            far.Forget(push.Sent);
            SendFresh(far, [.. push.Sent.Rumors]);
        }
    }
}
