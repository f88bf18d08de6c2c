namespace Honu.Replication;

// Sessions that somebody waits for: a token's missing writes, a write that others should have, a bound of staleness.
public sealed partial class Replica
{
    // More would cost more than they bring: who waits is served by the sessions of the others as well.
    private const int MaxErrands = 64;
    private const int MaxPushesAtOnce = 8;

    // Nobody tells when a wait was given up.
    private static readonly TimeSpan ErrandLifetime = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan HeartbeatInterest = TimeSpan.FromSeconds(60);

    private readonly HeartbeatTable _heartbeats = new();
    private readonly List<Errand> _errands = [];
    private readonly HashSet<uint> _met = [];
    private TimeSpan _heartbeatsWantedUntil = TimeSpan.MinValue;

    internal HeartbeatTable Heartbeats => _heartbeats;

    /// <summary>Grows whenever <see cref="CountAcknowledged"/> or <see cref="CompleteUpTo"/> may have. For the thread that calls <see cref="Handle"/>.</summary>
    public long KnowledgeRevision => _acknowledgements.Revision + _heartbeats.Revision;

    /// <summary>How many other replicas have said that they hold a write durably. Safe to call from any thread.</summary>
    public int CountAcknowledged(string ns, VersionId version) => _acknowledgements.CountCovering(ns, version);

    /// <summary>Up to which moment everything that any replica wrote in a namespace is here; <see langword="null"/> while that is not known. Safe to call from any thread.</summary>
    public DateTimeOffset? CompleteUpTo(string ns) =>
        _heartbeats.CompleteUpTo(_store.Identity.Replica, _store.State(ns).Vector.Origins, _store.WallClockUnixMs) is { } unixMs ? DateTimeOffset.FromUnixTimeMilliseconds(unixMs) : null;

    private void Pull(ReplicaEvent.PullRequested request)
    {
        // One errand per namespace fetches for all who wait.
        if (_errands.OfType<PullErrand>().FirstOrDefault(errand => errand.Namespace == request.Namespace) is not { } known)
        {
            Begin(new PullErrand(request.Namespace, request.Wanted.Clone(), _now + ErrandLifetime));
            return;
        }

        if (!known.Wanted.Dominates(request.Wanted))
        {
            known.Wanted.Join(request.Wanted);
            known.Asked.Clear();
        }

        known.Until = _now + ErrandLifetime;
        RunErrands();
    }

    private void Push(ReplicaEvent.PushRequested request)
    {
        // A later write of the same replica stands for the earlier ones.
        if (_errands.OfType<PushErrand>().FirstOrDefault(errand => errand.Namespace == request.Namespace && errand.Version.Replica == request.Version.Replica) is { } known)
            _errands.Remove(known);
        Begin(new PushErrand(request.Namespace, request.Version, _now + ErrandLifetime));
    }

    private void Refresh(ReplicaEvent.RefreshRequested request)
    {
        _heartbeatsWantedUntil = _now + HeartbeatInterest;
        _heartbeats.IsWanted = true;
        if (_errands.OfType<RefreshErrand>().FirstOrDefault() is { } known)
            _errands.Remove(known);
        Begin(new RefreshErrand(request.UpTo.ToUnixTimeMilliseconds(), _now + ErrandLifetime));
    }

    private void Begin(Errand errand)
    {
        if (_errands.Count >= MaxErrands)
            _errands.RemoveAt(0);
        _errands.Add(errand);
        HurryAfterLocalWrite();
        RunErrands();
    }

    /// <summary>At the pace of sessions, peers are asked again that could not help before.</summary>
    private void RenewErrands()
    {
        _heartbeats.IsWanted = _options.KeepsHeartbeats || _now < _heartbeatsWantedUntil;
        if (_errands.Count == 0)
            return;
        foreach (var errand in _errands)
            errand.Asked.Clear();
        _interval = _options.BaseInterval;
        RunErrands();
    }

    private void RunErrands()
    {
        if (_errands.Count == 0)
            return;
        _errands.RemoveAll(errand => errand.Until <= _now || IsDone(errand));
        foreach (var errand in _errands)
        {
            var running = errand.Asked.Count(static peer => peer.HasSession);
            var ready = _peers.Where(peer => !peer.HasSession && peer.Backoff.Until <= _now && !errand.Asked.Contains(peer) && MayHelp(errand, peer)).ToList();

            // A pull asks one after the other, the likeliest first: the others would send the same again.
            for (var limit = errand is PullErrand ? 1 : MaxPushesAtOnce; running < limit && ready.Count > 0; running++)
            {
                var peer = Likeliest(errand, ready);
                ready.Remove(peer);
                errand.Asked.Add(peer);
                OpenSession(peer, request: null, verify: false);
            }
        }
    }

    private bool IsDone(Errand errand) => errand switch
    {
        PullErrand pull => _store.State(pull.Namespace).Vector.Dominates(pull.Wanted),
        _ => _peers.TrueForAll(peer => !MayHelp(errand, peer)),
    };

    private bool MayHelp(Errand errand, Peer peer) => peer.Replica is not { } replica || errand switch
    {
        PushErrand push => _acknowledgements.Find(replica.Pid, push.Namespace)?.Covers(push.Version) != true,
        RefreshErrand refresh => _heartbeats.Mark(replica.Pid) < refresh.UpToUnixMs,
        _ => true,
    };

    private Peer Likeliest(Errand errand, List<Peer> ready)
    {
        if (errand is PullErrand pull)
        {
            var knower = ready.Find(peer => peer.Replica is { } replica && _acknowledgements.Find(replica.Pid, pull.Namespace)?.Dominates(pull.Wanted) == true)
                ?? ready.Find(peer => peer.Replica is { } replica && pull.Wanted.HighMark(replica) > 0);
            if (knower is not null)
                return knower;
        }

        return Choose(ready) ?? ready[0];
    }

    private void AfterSession(ReplicaId? remote)
    {
        if (remote is { } replica && _met.Count < VersionVector.MaxOrigins && _met.Add(replica.Pid))
            _havePeersChanged |= _met.Count == 1 || _membership.Members.Find(replica.Pid) is null;
        RunErrands();
    }

    // Marks count only if they are known of everybody who may write: members that are not retired, and whoever the configuration names.
    // Who knows nobody cannot say that there is nobody.
    private void NoteWriters()
    {
        var members = _membership.Members;
        var peers = _peers.FindAll(static peer => peer.State != PeerState.Self);
        bool IsRetired(uint pid) => members.HasRetired && members.Find(pid) is not null && members.StateOf(pid) == MemberState.Retired;
        _heartbeats.SetWriters(
            [.. peers.Select(static peer => peer.Pid).OfType<uint>().Concat(_met).Concat(members.Active).Where(pid => !IsRetired(pid)).Distinct().Order()],
            members.HasRetired ? [.. members.Others.Select(static member => member.Replica.Pid).Where(IsRetired)] : [],
            hasUnknown: (_met.Count == 0 && !members.Others.Any()) || peers.Exists(static peer => peer.Pid is null));
    }

    private abstract class Errand(TimeSpan until)
    {
        public TimeSpan Until { get; set; } = until;

        public HashSet<Peer> Asked { get; } = [];
    }

    private sealed class PullErrand(string ns, VersionVector wanted, TimeSpan until) : Errand(until)
    {
        public string Namespace { get; } = ns;

        public VersionVector Wanted { get; } = wanted;
    }

    private sealed class PushErrand(string ns, VersionId version, TimeSpan until) : Errand(until)
    {
        public string Namespace { get; } = ns;

        public VersionId Version { get; } = version;
    }

    private sealed class RefreshErrand(long upToUnixMs, TimeSpan until) : Errand(until)
    {
        public long UpToUnixMs { get; } = upToUnixMs;
    }
}
