using Honu.Replication.Messages;

namespace Honu.Replication;

/// <content>Pushes: first tries, retries, detours.</content>
internal sealed partial class RumorMill
{
    private const int DeliverTargets = 4;

    private static readonly TimeSpan ProbePause = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan DistancesAge = TimeSpan.FromMinutes(10);

    /// <summary>Hands rumors to all neighbours.</summary>
    private void FanOut(IReadOnlyList<Rumor> rumors, uint except)
    {
        if (rumors.Count == 0)
            return;
        var neighbours = _regions.Neighbours;
        var isLarge = neighbours.Count > _pace.FanOut;
        var usable = new List<RumorPeer>(neighbours.Count);
        foreach (var peer in neighbours)
        {
            if (peer.Pid != except && peer.IsUsable(_now))
                usable.Add(peer);
        }

        if (!isLarge)
        {
            foreach (var peer in usable)
                AddAll(LaneTo(peer, LocalRole.Keep), rumors);
            return;
        }

        foreach (var (head, handsOnTo) in LocalFanOut.Divide(usable, _store.Identity.Replica.Pid, _pace.FanOut))
        {
            var lane = LaneTo(head, handsOnTo.Count > 0 ? LocalRole.HandOn : LocalRole.Keep);
            lane.HandsOnTo = handsOnTo;
            AddAll(lane, rumors);
        }
    }

    /// <summary>Hands rumors to some neighbours.</summary>
    private void HandTo(IEnumerable<uint> pids, IReadOnlyList<Rumor> rumors)
    {
        foreach (var pid in pids)
        {
            if (_regions.IsNeighbour(pid) && _regions.Find(pid) is { } peer && peer.IsUsable(_now))
                AddAll(LaneTo(peer, LocalRole.Keep), rumors);
        }
    }

    private void AddAll(LocalLane lane, IReadOnlyList<Rumor> rumors)
    {
        List<Rumor>? refused = null;
        foreach (var rumor in rumors)
        {
            // Nobody needs to be told what it wrote itself, apart from those whom it tells.
            if (lane.Role != LocalRole.HandOn && ReplicaId.FromUInt64(rumor.Origin).Pid == lane.Peer.Pid)
                continue;
            if (!Fits(lane.Peer, rumor.Namespace))
                (refused ??= []).Add(rumor);
            else if (!lane.Waiting.TryAdd(rumor))
                LeaveToSessions();
        }

        if (!lane.Waiting.IsEmpty)
            MakeBusy(lane);
        if (refused is not null)
            PassOver(lane, refused);
    }

    // A neighbour cannot do for others what it does not take itself.
    private void PassOver(LocalLane lane, IReadOnlyList<Rumor> refused)
    {
        switch (lane.Role)
        {
            case LocalRole.HandOn:
                HandTo(lane.HandsOnTo, refused);
                break;
            case LocalRole.Carry:
                Carry(refused, except: 0);
                break;
        }
    }

    private TimeSpan DueOf(RumorLane lane)
    {
        var retry = lane.RetryDue;
        if (lane.Waiting.IsEmpty || lane.Failures > 0)
            return retry;
        var send = lane is LocalLane local ? local.Bucket.When(1, _now) : _now;
        return send < retry ? send : retry;
    }

    private void Advance(RumorLane lane)
    {
        if (lane.RetryDue <= _now)
            Retry(lane);
        if (lane.Waiting.IsEmpty || lane.Failures > 0)
            return;
        if (lane is RegionLane far)
            SendFresh(far, far.Waiting.Take());
        else if (lane is LocalLane local && local.Bucket.TryTake(1, _now))
            Send(local, local.Waiting.Take(), isFirstTry: true);
    }

    private void Retry(RumorLane lane)
    {
        var oldest = lane.Outstanding[0];
        foreach (var push in oldest.Pushes)
            JudgeLate(push);
        lane.Failures++;
        var rumors = lane.Collect(out var isWhole);
        if (!isWhole)
            LeaveToSessions();
        Counts.Add(RumorCount.Retries);
        if (lane is RegionLane far)
            SendAgain(far, rumors);
        else if (lane is LocalLane local && local.Failures > (local.Role == LocalRole.Keep ? RumorRetry.KeeperTries : RumorRetry.LocalTries))
            GiveUp(local, rumors);
        else if (lane is LocalLane again)
            Send(again, rumors, isFirstTry: false);
    }

    private void JudgeLate(SentPush push)
    {
        if (push.IsJudged)
            return;
        push.IsJudged = true;
        if (push.Lane is not RegionLane far)
            return;
        if (push.Via is null && far.Outstanding.Contains(push.Sent))
            far.Tried.Add(push.Peer.Pid);
        if (!push.Peer.HasAnswered && !push.Peer.HasUsedGrace)
        {
            push.Peer.HasUsedGrace = true;
            return;
        }

        (push.Via ?? far.Region).Chooser.Failed(push.Peer.Pid);
        _host.Add(new ReplicaEffect.RelayRewarded(push.Peer.Address, 0));
        if (push.Via is not null)
            return;
        if (push.Sent.IsFirstTry)
            far.Region.Chooser.NoteFirstTry(isTimedOut: true);
    }

    private void Send(LocalLane lane, List<Rumor> rumors, bool isFirstTry)
    {
        var sent = new SentRumors(rumors, _now, isFirstTry);
        lane.Outstanding.Add(sent);
        Push(lane, sent, lane.Peer, via: null);
    }

    // A neighbour that does not answer is left alone; what it was to do somebody else does.
    private void GiveUp(LocalLane lane, List<Rumor> rumors)
    {
        lane.Peer.Rest(_now);
        lane.Clear();
        switch (lane.Role)
        {
            case LocalRole.HandOn:
                var left = lane.HandsOnTo.Select(_regions.Find).OfType<RumorPeer>().Where(peer => peer.Region == _regions.Own && peer.IsUsable(_now)).ToList();
                foreach (var (head, handsOnTo) in LocalFanOut.Divide(left, _store.Identity.Replica.Pid, 1))
                {
                    var next = LaneTo(head, handsOnTo.Count > 0 ? LocalRole.HandOn : LocalRole.Keep);
                    next.HandsOnTo = handsOnTo;
                    AddAll(next, rumors);
                }

                break;
            case LocalRole.Carry when Gatherer is { } other:
                AddAll(LaneTo(other, LocalRole.Carry), rumors);
                break;
            case LocalRole.Carry:
                Carry(rumors, except: 0);
                break;
        }
    }

    /// <summary>Gathers for the region: neighbours and other regions get it with what else there is.</summary>
    private void Carry(IReadOnlyList<Rumor> rumors, uint except)
    {
        FanOut(rumors, except);
        if (_farLanes.Count == 0)
            return;
        foreach (var rumor in rumors)
        {
            if (!_outbox.TryAdd(rumor))
                LeaveToSessions();
        }

        FlushAcrossSoon();
    }

    /// <summary>Sends what the region has not got yet.</summary>
    private void SendFresh(RegionLane lane, List<Rumor> rumors)
    {
        MakeBusy(lane);

        // Nobody answers there: the next retry brings it along.
        if (lane.Failures >= RumorRetry.FailuresBeforeDetour && lane.Detour is null)
        {
            Wait(lane, rumors);
            return;
        }

        if (lane is { Detour: { } via, HasCustody: false } && Usable(via, lane.Tried, rumors[0].Namespace) is { Count: > 0 } helpers)
        {
            var rest = SendByWayOf(via, lane, helpers, rumors, isFirstTry: true, out var sent);
            if (_now >= lane.NextProbe && Usable(lane.Region, lane.Tried, rumors[0].Namespace).FindAll(peer => Fits(peer, sent)) is { Count: > 0 } there)
            {
                lane.NextProbe = _now + ProbePause;
                Push(lane, sent, ChooseOne(lane.Region, there), via: null);
            }

            if (rest.Count > 0)
                SendFresh(lane, rest);
            return;
        }

        SendDirectly(lane, rumors, isFirstTry: true);
    }

    private void SendAgain(RegionLane lane, List<Rumor> rumors)
    {
        if (rumors.Count == 0)
            return;
        _crossBucket.TakeUpTo(1, _now);
        var mayDetour = lane.Failures >= RumorRetry.FailuresBeforeDetour && !lane.HasCustody && lane.Detour is null;
        lane.Detour = null;
        if (mayDetour && FindDetour(lane) is { } via && Usable(via, lane.Tried, rumors[0].Namespace) is { Count: > 0 } helpers)
        {
            lane.Detour = via;
            lane.NextProbe = _now + ProbePause;
            rumors = SendByWayOf(via, lane, helpers, rumors, isFirstTry: false, out _);
        }

        SendDirectly(lane, rumors, isFirstTry: false);
    }

    /// <summary>Asks a relay of another region to deliver what it takes itself, and may.</summary>
    /// <returns>The rest.</returns>
    private List<Rumor> SendByWayOf(Region via, RegionLane lane, List<RumorPeer> helpers, List<Rumor> rumors, bool isFirstTry, out SentRumors sent)
    {
        var helper = ChooseOne(via, helpers);
        sent = new SentRumors(rumors.FindAll(rumor => Fits(helper, rumor.Namespace)), _now, isFirstTry);
        lane.Outstanding.Add(sent);
        Push(lane, sent, helper, via);
        return rumors.FindAll(rumor => !Fits(helper, rumor.Namespace));
    }

    private void SendDirectly(RegionLane lane, List<Rumor> rumors, bool isFirstTry)
    {
        foreach (var (relay, second, part) in Assign(lane, rumors))
        {
            var sent = new SentRumors(part, _now, isFirstTry);
            lane.Outstanding.Add(sent);
            Push(lane, sent, relay, via: null);
            if (second is null || !Fits(second, sent))
                continue;
            Counts.Add(RumorCount.Hedges);
            _crossBucket.TakeUpTo(1, _now);
            Push(lane, sent, second, via: null);
        }
    }

    /// <returns>Whether there was room for all.</returns>
    private bool Wait(RegionLane lane, List<Rumor> rumors)
    {
        var isWhole = true;
        foreach (var rumor in rumors)
            isWhole &= lane.Waiting.TryAdd(rumor);
        if (!isWhole)
            LeaveToSessions();
        return isWhole;
    }

    /// <summary>Chooses relays: one, and perhaps a second one, unless it does not take part in all the namespaces.</summary>
    private List<(RumorPeer Relay, RumorPeer? Second, List<Rumor> Part)> Assign(RegionLane lane, List<Rumor> rumors)
    {
        var assigned = new List<(RumorPeer Relay, RumorPeer? Second, List<Rumor> Part)>(1);
        while (rumors.Count > 0)
        {
            var ns = rumors[0].Namespace;
            if (Usable(lane.Region, lane.Tried, ns) is not { Count: > 0 } usable)
            {
                // Nobody there wants it, or nobody takes rumors: then sessions tell them.
                if (lane.Region.Peers.TrueForAll(peer => peer.UnsupportedUntil > _now))
                    LeaveToSessions();
                rumors = rumors.FindAll(rumor => rumor.Namespace != ns);
                continue;
            }

            // With many senders, one relay that all of them choose makes few and large batches of what it hands on.
            var (relay, second) = Choose(lane.Region, usable, prefersLowest: _load.IsHigh);
            var part = rumors.FindAll(rumor => Fits(relay, rumor.Namespace));
            assigned.Add((relay, second, part));
            rumors = part.Count == rumors.Count ? [] : rumors.FindAll(rumor => !Fits(relay, rumor.Namespace));
        }

        return assigned;
    }

    private (RumorPeer Relay, RumorPeer? Second) Choose(Region region, List<RumorPeer> usable, bool prefersLowest = false) =>
        RelayCandidates.Choose(region, usable, prefersLowest, _store.Identity.Replica.Pid, _pace.RelayCandidates, _now);

    // No time to make a connection, if there is one already.
    private RumorPeer ChooseOne(Region region, List<RumorPeer> usable)
    {
        var (relay, second) = Choose(region, usable);
        return relay.IsConnected ? relay : second ?? relay;
    }

    /// <summary>The replicas of a region that may be asked, by ascending pid: those that rest, and those that have just failed, only when there are no others.</summary>
    private List<RumorPeer> Usable(Region region, HashSet<uint> tried, string ns)
    {
        var supporting = region.Peers.FindAll(peer => peer.UnsupportedUntil <= _now && Fits(peer, ns));
        var fresh = supporting.FindAll(peer => peer.RestsUntil <= _now && !tried.Contains(peer.Pid));
        if (fresh.Count > 0)
            return fresh;
        tried.ExceptWith(region.Peers.Select(static peer => peer.Pid));
        var awake = supporting.FindAll(peer => peer.RestsUntil <= _now);
        return awake.Count > 0 ? awake : supporting;
    }

    private Region? FindDetour(RegionLane lane)
    {
        Region? best = null;
        var bestTime = TimeSpan.MaxValue;
        foreach (var other in _farLanes.Values)
        {
            if (other == lane || other.Failures > 0 || other.Detour is not null || other.Region.RoundTrip is not { } there)
                continue;
            var time = there + other.Region.Distances.GetValueOrDefault(lane.Region.Name, RumorRetry.UnknownRoundTrip);
            if (time < bestTime)
                (best, bestTime) = (other.Region, time);
        }

        return best;
    }

    private bool Fits(RumorPeer peer, SentRumors sent) => sent.Rumors.All(rumor => Fits(peer, rumor.Namespace));

    private bool Fits(RumorPeer peer, string ns) =>
        _host.Takes(peer.Pid, ns) && !peer.Declined.Contains(ns)
        && (_options.Grants is not { } grants || grants.Allows(AccessGrants.Replica(peer.Pid), AccessRight.Read, ns));

    private void Push(RumorLane lane, SentRumors sent, RumorPeer peer, Region? via)
    {
        var batch = new RumorBatch { Sender = _store.Identity.Replica.ToUInt64(), Introduction = _introduction };
        batch.Rumors.Add(sent.Rumors);
        if (lane is LocalLane local)
        {
            Counts.Add(RumorCount.LocalPushes);
            batch.Carry = local.Role == LocalRole.Carry;
            if (local.Role == LocalRole.HandOn)
                batch.Forward.Add(local.HandsOnTo);
        }
        else if (lane is RegionLane far)
        {
            Counts.Add(RumorCount.FarPushes);
            var region = via ?? far.Region;
            if (via is not null)
            {
                Counts.Add(RumorCount.Detours);
                batch.Deliver.Add(far.Region.Peers.Take(DeliverTargets).Select(static there => there.Pid));
            }

            // Who is near whom is needed only when a region is not reached: asked for early, and seldom.
            if (region.DistancesAsked == TimeSpan.MinValue || _now - region.DistancesAsked > DistancesAge)
            {
                region.DistancesAsked = _now;
                batch.WantsDistances = true;
            }
        }

        Counts.Add(RumorCount.Sent, sent.Rumors.Count);
        if (!peer.IsConnected)
            peer.FirstContact = _now;
        var push = new SentPush(lane, sent, peer, _now) { Via = via, IsFirstContact = !peer.HasAnswered };
        var id = _host.NextPushId();
        sent.Pushes.Add(push);
        _pushes.Add(id, push);
        _pushOrder.Enqueue((id, _now));
        MakeBusy(lane);
        _host.Add(new ReplicaEffect.SendRumors(id, peer.Address, batch));
    }
}
