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
    private const int MaxCarried = 4096;

    private static readonly TimeSpan HolePatience = TimeSpan.FromMilliseconds(500);

    private readonly Dictionary<uint, (Guid Store, ByteString Introduction)> _introductions = [];
    private readonly List<Hole> _holes = [];

    // What was last carried of each writer: to its sender this replica is slow, and it comes again.
    private readonly Dictionary<(string Namespace, ulong Origin), Rumor> _carried = [];

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
        var taken = new List<Rumor>();
        var news = new List<Rumor>();
        Take(batch, sender, new SessionAccess(_store.Identity, _options.Grants, identity, sender.Pid), answer, taken, news);
        if (news.Count > 0)
            LastNews = now;
        Counts.Add(RumorCount.News, news.Count);
        NoteAlive(sender.Pid);
        foreach (var rumor in news)
            NoteAlive(ReplicaId.FromUInt64(rumor.Origin).Pid);
        HandOn(batch, sender, taken, news, answer);
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

    // One rumor that cannot be taken must not keep the others from it: they may be of other writers.
    private void Take(RumorBatch batch, ReplicaId sender, SessionAccess access, RumorAnswer answer, List<Rumor> taken, List<Rumor> news)
    {
        RumorAnswer? refusal = null;
        var isHandedOn = batch.Forward.Count > 0 || batch.Carry || batch.Deliver.Count > 0;
        for (var place = 0; place < batch.Rumors.Count; place++)
        {
            var rumor = batch.Rumors[place];
            if (!_host.Wants(rumor.Namespace) || !access.MayWrite(rumor.Namespace))
            {
                answer.Declined.Add((uint)place);
                continue;
            }

            try
            {
                if (TryApply(rumor, sender, access, isHandedOn))
                    news.Add(rumor);
                taken.Add(rumor);
            }
            catch (ForbiddenException e)
            {
                refusal ??= No(RumorAnswer.Types.Outcome.Forbidden, e.Message);
            }
            catch (HonuException e) when (e.Code is HonuErrorCode.MalformedRecord or HonuErrorCode.ClockDrift or HonuErrorCode.LimitExceeded)
            {
                // Wrong for good, or for longer than rumors are sent again.
                refusal ??= No(e.Code == HonuErrorCode.MalformedRecord ? RumorAnswer.Types.Outcome.Malformed : RumorAnswer.Types.Outcome.Busy, e.Message);
            }
            catch (HonuException e)
            {
                // The store cannot write now: none of the rest would fare better.
                (answer.Outcome, answer.Message) = (RumorAnswer.Types.Outcome.Busy, Short(e.Message));
                return;
            }
        }

        if (refusal is null)
            return;

        // Of several, those that were not taken are left to sessions, which say why.
        answer.Message = refusal.Message;
        if (taken.Count == 0 && answer.Declined.Count == 0)
            answer.Outcome = refusal.Outcome;
        else
            Counts.Add(RumorCount.LeftToSessions);
    }

    /// <returns>Whether it was new.</returns>
    private bool TryApply(Rumor rumor, ReplicaId sender, SessionAccess access, bool isHandedOn)
    {
        var origin = ReplicaId.FromUInt64(rumor.Origin);

        // What this store wrote itself it knows; if it does not, it was set back, and a session finds out.
        var isOwn = origin.Pid == _store.Identity.Replica.Pid;
        var isKnown = isOwn || _store.Covers(rumor.Namespace, origin, rumor.From, rumor.To);
        if (!isKnown && _regions.IsNeighbour(sender.Pid) && _regions.IsNeighbour(origin.Pid))
            _load.Add(_now);
        if (isKnown && !isHandedOn)
            return false;
        access.CheckRecords(rumor.Namespace, rumor.Records.Span);
        if (!isOwn && _options.Grants?.Allows(AccessGrants.Replica(origin.Pid), AccessRight.Write, rumor.Namespace) == false)
            throw new ForbiddenException($"replica {sender.Pid} brings a rumor of replica {origin.Pid}, which may not write to namespace \"{rumor.Namespace}\" of replica {_store.Identity.Replica.Pid}");

        // Others get it from this replica, which must vouch for it.
        if (isKnown && !MessageValidation.AreRecords(rumor.Records.Span))
            throw new HonuException(HonuErrorCode.MalformedRecord, "A rumor that is to be handed on has records that make no sense.");
        if (isKnown)
            return false;
        var covered = new VersionVector();
        covered.TryCover(origin, rumor.From, rumor.To);
        var result = _store.Apply(rumor.Namespace, rumor.Records.Span, cursor: null, new VectorJoin(new VersionVector(), covered));
        if (result.Deferred > 0 || result.JoinIsPending)
            _host.ApplyDeferred();
        if (rumor.From > 0 && !_store.Covers(rumor.Namespace, origin, 0, rumor.From))
            NoteHole(rumor.Namespace, origin, rumor.From, sender.Pid);
        return true;
    }

    private void HandOn(RumorBatch batch, ReplicaId sender, List<Rumor> taken, List<Rumor> news, RumorAnswer answer)
    {
        if (!_regions.IsNeighbour(sender.Pid))
            FanOut(news, except: 0);

        // Only what was taken is handed on for others: the sender tries the rest elsewhere.
        if (answer.Outcome != RumorAnswer.Types.Outcome.Accepted || taken.Count == 0)
            return;
        if (_regions.IsNeighbour(sender.Pid))
        {
            HandTo(batch.Forward.Distinct().Where(pid => pid != sender.Pid), taken);
            if (batch.Carry && taken.FindAll(IsFirstCarried) is { Count: > 0 } fresh)
                Carry(fresh, except: sender.Pid);
        }

        if (batch.Deliver.Count == 0)
            return;
        var region = batch.Deliver.Select(_regions.OtherOf).FirstOrDefault(static region => region is not null);
        if (region is not null && _farLanes.TryGetValue(region.Name, out var lane))
        {
            lane.HasCustody = true;
            if (!Wait(lane, taken))
                (answer.Outcome, answer.Message) = (RumorAnswer.Types.Outcome.Busy, "too much waits for the region that was to be reached");
            MakeBusy(lane);
        }
        else if (!batch.Deliver.Any(_regions.IsNeighbour))
        {
            (answer.Outcome, answer.Message) = (RumorAnswer.Types.Outcome.Busy, "the region that was to be reached is not known here");
        }
    }

    private bool IsFirstCarried(Rumor rumor)
    {
        var key = (rumor.Namespace, rumor.Origin);
        if (_carried.TryGetValue(key, out var last) && RumorSet.IsTold(rumor, [last]))
            return false;
        if (_carried.Count >= MaxCarried)
            _carried.Clear();

        // Without its records: only the range is looked at.
        _carried[key] = new Rumor { Namespace = rumor.Namespace, Origin = rumor.Origin, From = rumor.From, To = rumor.To };
        return true;
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

    private static RumorAnswer No(RumorAnswer.Types.Outcome outcome, string message) => new() { Outcome = outcome, Message = Short(message) };

    private static string Short(string message) => message.Length <= MessageLimits.TextBytes / 4 ? message : message[..(MessageLimits.TextBytes / 4)];

    /// <summary>Writes that later ones have overtaken.</summary>
    private readonly record struct Hole(string Namespace, ReplicaId Origin, ulong UpTo, uint Sender, TimeSpan Due, int Tries);
}
