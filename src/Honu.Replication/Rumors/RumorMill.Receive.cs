using Google.Protobuf;
using Honu.Replication.Messages;

namespace Honu.Replication;

/// <content>
/// What peers push. A batch is checked, applied rumor by rumor, each with its range in one batch (R3), answered, and handed on: to all neighbours when it
/// comes from another region and brings news, to whom it names, or to everybody when this replica gathers for the region.
/// </content>
internal sealed partial class RumorMill
{
    private const int MaxHoles = 256;
    private const int MaxHoleTries = 6;

    private static readonly TimeSpan HolePatience = TimeSpan.FromMilliseconds(500);

    private readonly Dictionary<uint, (Guid Store, ByteString Introduction)> _introductions = [];
    private readonly List<Hole> _holes = [];

    private TimeSpan NextHole
    {
        get
        {
            var next = TimeSpan.MaxValue;
            foreach (var hole in _holes)
                next = hole.Due < next ? hole.Due : next;
            return next;
        }
    }

    /// <summary>Takes a batch.</summary>
    /// <returns>The answer.</returns>
    public RumorAnswer Receive(RumorBatch batch, PeerIdentity? identity, TimeSpan now)
    {
        _now = now;
        if (MessageValidation.FindFault(batch) is { } fault)
            return No(RumorAnswer.Types.Outcome.Malformed, fault);
        var sender = ReplicaId.FromUInt64(batch.Sender);
        if (FindObjection(sender, identity, batch.Introduction) is { } objection)
            return objection;
        Counts.Add(RumorCount.Received, batch.Rumors.Count);
        var answer = new RumorAnswer();
        var news = new List<Rumor>();
        try
        {
            Apply(batch, sender, new SessionAccess(_store.Identity, _options.Grants, identity, sender.Pid), answer, news);
        }
        catch (ForbiddenException e)
        {
            answer = No(RumorAnswer.Types.Outcome.Forbidden, e.Message);
        }
        catch (HonuException e)
        {
            // Wrong for good, or not now; either way the next rumor may be right.
            answer = No(e.Code == HonuErrorCode.MalformedRecord ? RumorAnswer.Types.Outcome.Malformed : RumorAnswer.Types.Outcome.Busy, e.Message);
        }

        if (news.Count > 0)
            LastNews = now;
        Counts.Add(RumorCount.News, news.Count);
        NoteAlive(sender.Pid);
        foreach (var rumor in news)
            NoteAlive(ReplicaId.FromUInt64(rumor.Origin).Pid);
        HandOn(batch, sender, news, answer);
        if (batch.WantsDistances)
            TellDistances(answer);
        return answer;
    }

    private RumorAnswer? FindObjection(ReplicaId sender, PeerIdentity? identity, ByteString introduction)
    {
        var own = _store.Identity;
        if (identity is not null && (identity.Cluster != own.Cluster || identity.Pid != sender.Pid))
            return No(RumorAnswer.Types.Outcome.Forbidden, $"replica {sender.Pid} shows the certificate of replica {identity.Pid} of cluster \"{identity.Cluster}\"");
        if (sender.Pid == own.Replica.Pid)
            return No(RumorAnswer.Types.Outcome.Forbidden, $"the sender calls itself {sender.Pid}, like the receiver");
        if (_host.FindStore(sender.Pid) is not { } store)
            return No(RumorAnswer.Types.Outcome.NotIntroduced, $"replica {sender.Pid} was not met here yet");
        if (!_introductions.TryGetValue(sender.Pid, out var known) || known.Store != store)
            _introductions[sender.Pid] = known = (store, RumorIntroduction.Of(own.Cluster, own.Clock, store));

        // Why they do not fit a session finds out, and says.
        return known.Introduction == introduction ? null : No(RumorAnswer.Types.Outcome.NotIntroduced, $"replica {sender.Pid} is another store, or of another cluster, than the one that was met here");
    }

    private void Apply(RumorBatch batch, ReplicaId sender, SessionAccess access, RumorAnswer answer, List<Rumor> news)
    {
        var isNear = _regions.IsNeighbour(sender.Pid);
        for (var place = 0; place < batch.Rumors.Count; place++)
        {
            var rumor = batch.Rumors[place];
            var origin = ReplicaId.FromUInt64(rumor.Origin);
            if (!_host.Wants(rumor.Namespace) || !access.MayWrite(rumor.Namespace))
            {
                answer.Declined.Add((uint)place);
                continue;
            }

            // What this store wrote itself it knows; if it does not, it was set back, and a session finds out.
            if (origin.Pid == _store.Identity.Replica.Pid)
                continue;
            if (isNear && _regions.IsNeighbour(origin.Pid))
                _load.Add(_now);
            if (_store.Covers(rumor.Namespace, origin, rumor.From, rumor.To))
                continue;
            access.CheckRecords(rumor.Namespace, rumor.Records.Span);
            if (_options.Grants?.Allows(AccessGrants.Replica(origin.Pid), AccessRight.Write, rumor.Namespace) == false)
                throw new ForbiddenException($"replica {sender.Pid} brings a rumor of replica {origin.Pid}, which may not write to namespace \"{rumor.Namespace}\" of replica {_store.Identity.Replica.Pid}");
            var covered = new VersionVector();
            covered.TryCover(origin, rumor.From, rumor.To);
            var result = _store.Apply(rumor.Namespace, rumor.Records.Span, cursor: null, new VectorJoin(new VersionVector(), covered));
            news.Add(rumor);
            if (result.Deferred > 0 || result.JoinIsPending)
                _host.ApplyDeferred();
            if (rumor.From > 0 && !_store.Covers(rumor.Namespace, origin, 0, rumor.From))
                NoteHole(rumor.Namespace, origin, rumor.From, sender.Pid);
        }
    }

    private void HandOn(RumorBatch batch, ReplicaId sender, List<Rumor> news, RumorAnswer answer)
    {
        if (answer.Outcome is not (RumorAnswer.Types.Outcome.Accepted or RumorAnswer.Types.Outcome.Busy))
            return;
        if (!_regions.IsNeighbour(sender.Pid))
            FanOut(news, except: 0);

        // Only what was taken is handed on for others: the sender tries the rest elsewhere.
        if (answer.Outcome != RumorAnswer.Types.Outcome.Accepted || (batch.Forward.Count == 0 && !batch.Carry && batch.Deliver.Count == 0))
            return;
        var taken = answer.Declined.Count == 0 ? [.. batch.Rumors] : batch.Rumors.Where((_, place) => !answer.Declined.Contains((uint)place)).ToList();
        if (taken.Count == 0)
            return;
        if (_regions.IsNeighbour(sender.Pid))
        {
            HandTo(batch.Forward.Where(pid => pid != sender.Pid), taken);
            if (batch.Carry)
                Carry(taken, except: sender.Pid);
        }

        if (batch.Deliver.Count == 0)
            return;
        var region = batch.Deliver.Select(_regions.OtherOf).FirstOrDefault(static region => region is not null);
        if (region is not null && _farLanes.TryGetValue(region.Name, out var lane))
        {
            lane.HasCustody = true;
            Wait(lane, taken);
            MakeBusy(lane);
        }
        else if (!batch.Deliver.Any(_regions.IsNeighbour))
        {
            answer.Outcome = RumorAnswer.Types.Outcome.Busy;
            answer.Message = "the region that was to be reached is not known here";
        }
    }

    private void TellDistances(RumorAnswer answer)
    {
        foreach (var region in _regions.Others)
        {
            if (region.RoundTrip is { } time && region.Peers.Count > 0)
                answer.Distances.Add(new Distance { Pid = region.Peers[0].Pid, RoundTripMs = (uint)Math.Clamp(time.TotalMilliseconds, 0, 60_000) });
        }
    }

    // The retry of a lost rumor mostly closes it soon; otherwise a session does.
    private void NoteHole(string ns, ReplicaId origin, ulong upTo, uint sender)
    {
        var known = _holes.FindIndex(hole => hole.Origin == origin && hole.Namespace == ns);
        if (known >= 0)
            _holes[known] = _holes[known] with { UpTo = Math.Max(_holes[known].UpTo, upTo), Sender = sender };
        else if (_holes.Count < MaxHoles)
            _holes.Add(new Hole(ns, origin, upTo, sender, _now + HolePatience, 0));
    }

    private void CheckHoles()
    {
        for (var i = _holes.Count - 1; i >= 0; i--)
        {
            var hole = _holes[i];
            if (hole.Due > _now)
                continue;
            if (hole.Tries >= MaxHoleTries || _store.Covers(hole.Namespace, hole.Origin, 0, hole.UpTo))
            {
                _holes.RemoveAt(i);
                continue;
            }

            _holes[i] = hole with { Tries = hole.Tries + 1, Due = _now + (HolePatience * Math.Pow(2, hole.Tries)) };
            _host.RequestSession(hole.Sender);
        }
    }

    private static RumorAnswer No(RumorAnswer.Types.Outcome outcome, string message) =>
        new() { Outcome = outcome, Message = message.Length <= MessageLimits.TextBytes / 4 ? message : message[..(MessageLimits.TextBytes / 4)] };

    /// <summary>Writes that later ones have overtaken.</summary>
    private readonly record struct Hole(string Namespace, ReplicaId Origin, ulong UpTo, uint Sender, TimeSpan Due, int Tries);
}
