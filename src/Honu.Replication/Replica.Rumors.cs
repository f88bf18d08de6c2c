using Honu.Replication.Messages;

namespace Honu.Replication;

/// <content>Fresh writes, pushed at once (<see cref="Dissemination.RegionRelay"/>). Sessions then repair, mostly within the region.</content>
public sealed partial class Replica
{
    // A session is one of five with another region; when nothing has happened for a while, one of sixteen.
    private const double FarShare = 0.2;
    private const double IdleFarShare = 0.06;

    // Alone in a region, sessions with others cannot be fewer among more; they are fewer.
    private const double IdleAloneShare = 0.25;

    private const int MaxRequestedSessions = 16;

    private static readonly TimeSpan IdleAfter = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan RumorMemory = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan TellPause = TimeSpan.FromMilliseconds(250);

    private readonly RumorMill? _rumors;
    private readonly Dictionary<uint, TimeSpan> _toldAfterSession = [];

    // Whom each peer is known to be, also before it was met.
    private readonly Dictionary<Peer, uint> _rumorPids = [];
    private long _lastPushId;
    private TimeSpan _lastFound;

    /// <summary>A fresh id for a push, of a peer or of our own.</summary>
    public PushId NextPushId() => new(++_lastPushId);

    /// <summary>How rumors travel, as it is now; <see langword="null"/> when none are sent.</summary>
    public RumorStatus? Rumors => _rumors?.Describe();

    /// <summary>What rumors have done. Safe to read from any thread; <see langword="null"/> when none are sent.</summary>
    public RumorCounts? RumorCounts => _rumors?.Counts;

    private void StartRumors()
    {
        _rumors?.Start(_now);
        UpdateRumorPeers();
    }

    private void HandleRumors(ReplicaEvent happened)
    {
        switch (happened)
        {
            case ReplicaEvent.RumorsReceived received:
                var answer = _rumors?.Receive(received.Batch, received.Peer, _now)
                    ?? new RumorAnswer { Outcome = RumorAnswer.Types.Outcome.Unsupported };
                _effects.Add(new ReplicaEffect.AnswerRumors(received.Push, answer));
                break;
            case ReplicaEvent.RumorsAnswered answered:
                _rumors?.Answered(answered.Push, answered.Answer, _now);
                break;
            case ReplicaEvent.RumorsFailed failed:
                _rumors?.Failed(failed.Push, failed.IsUnsupported, _now);
                break;
        }

        _rumors?.Tick(_now);
    }

    // Who cannot be told by rumors is told by sessions, as soon as without rumors.
    private void LocalWrites()
    {
        if (_rumors is null || _rumors.Regions.Peers.Count == 0 || _rumors.HasSilentPeers(_now))
            HurryAfterLocalWrite();
        _rumors?.LocalCommit(_now);
        _rumors?.Tick(_now);
    }

    // What a session finds while rumors arrive is mostly on its way by them: no reason for more sessions.
    private bool IsBroughtByRumors => _rumors?.LastNews is { } news && _now - news < RumorMemory;

    private void AfterRumorSession(SessionEntry entry, SyncReport report)
    {
        if (_rumors is null || !report.IsSuccess || entry.Session.Remote is not { } remote)
            return;
        if (report.FoundSomething)
            _lastFound = _now;
        _rumors.Met(remote.Pid, report.RoundTrip, _now);
        if (report.Updates.Changes > 0)
            TellNeighbours(remote.Pid);
        _rumors.Tick(_now);
    }

    // What was first learned by a session the neighbours learn at once, too. In a large region it spreads from one to some others.
    private void TellNeighbours(uint source)
    {
        var neighbours = _rumors!.Regions.Neighbours;
        if (_rumors.Regions.IsNeighbour(source) && (neighbours.Count <= _options.Rumors.FanOut || IsBroughtByRumors))
            return;
        var chosen = neighbours.Where(peer => peer.Pid != source && !(_toldAfterSession.TryGetValue(peer.Pid, out var last) && _now - last < TellPause)).ToList();
        var most = neighbours.Count <= _options.Rumors.FanOut ? chosen.Count : 3;
        for (var i = 0; i < most && chosen.Count > 0; i++)
        {
            var peer = chosen[_random.Next(chosen.Count)];
            chosen.Remove(peer);
            _toldAfterSession[peer.Pid] = _now;
            RequestSession(peer.Pid);
        }
    }

    private void RequestSession(uint pid)
    {
        var peer = _peers.Find(known => known.Pid == pid) ?? (_rumors?.Regions.Find(pid) is { } there ? _peers.Find(known => known.Address.Endpoint == there.Address.Endpoint) : null);
        if (peer is { HasSession: false } && peer.Backoff.Until <= _now && _sessions.Count(static entry => entry.Value.Session.IsInitiator) < MaxRequestedSessions)
            OpenSession(peer, request: null, verify: false);
    }

    /// <summary>Of the peers that a session may be opened with, those of the own region mostly; first of all those of whom too little is known.</summary>
    private IReadOnlyList<Peer> PreferNear(IReadOnlyList<Peer> peers)
    {
        if (_rumors is null)
            return peers;
        var self = peers.Where(static peer => peer.State == PeerState.Self);
        var ready = peers.Where(peer => peer is { HasSession: false } && peer.State != PeerState.Self && peer.Backoff.Until <= _now).ToList();
        var regions = _rumors.Regions;
        var unmet = ready.FindAll(peer => peer.State == PeerState.Unknown && (regions.IsMeasuredHere || !_rumorPids.ContainsKey(peer)));
        if (unmet.Count > 0)
        {
            _interval = _options.BaseInterval;
            return [.. self, .. unmet];
        }

        bool IsNear(Peer peer) => _rumorPids.TryGetValue(peer, out var pid) && regions.IsNeighbour(pid);
        var near = ready.FindAll(IsNear);
        var isIdle = _now - _lastFound > IdleAfter && !(_rumors.LastNews > _now - IdleAfter);
        var chance = _random.NextDouble();
        if (near.Count == 0)
            return isIdle && regions.Neighbours.Count == 0 && chance >= IdleAloneShare ? [.. self] : peers;
        var far = ready.FindAll(peer => !IsNear(peer));
        return [.. self, .. far.Count > 0 && chance < (isIdle ? IdleFarShare : FarShare) ? far : near];
    }

    private void UpdateRumorPeers()
    {
        if (_rumors is null)
            return;
        var members = _membership.Members;
        Dictionary<string, uint>? byEndpoint = null;
        _rumorPids.Clear();
        var known = new List<(PeerAddress Address, uint Pid, string Region)>(_peers.Count);
        foreach (var peer in _peers)
        {
            if (peer.State == PeerState.Self)
                continue;
            var pid = peer.Pid;
            if (pid is null)
            {
                // Members tell where they are: nobody needs to be met at a configured address to be known.
                byEndpoint ??= members.Others.GroupBy(member => members.AddressOf(member.Replica.Pid), StringComparer.Ordinal).ToDictionary(static group => group.Key, static group => group.First().Replica.Pid, StringComparer.Ordinal);
                pid = byEndpoint.TryGetValue(peer.Address.Endpoint, out var told) ? told : null;
            }

            if (pid is { } any)
                _rumorPids[peer] = any;
            if (pid is { } who && (members.Find(who) is null || members.StateOf(who) != MemberState.Retired))
                known.Add((peer.Address, who, members.Find(who) is { Region.Length: > 0 } row ? row.Region : peer.Region ?? ""));
        }

        _rumors.UpdatePeers(known, _now);
    }

    /// <summary>What rumors may ask of this replica.</summary>
    private sealed class RumorHost(Replica replica) : IRumorHost
    {
        public PushId NextPushId() => replica.NextPushId();

        public void Add(ReplicaEffect effect) => replica._effects.Add(effect);

        public void RequestSession(uint pid) => replica.RequestSession(pid);

        public void HurrySessions() => replica.HurryAfterLocalWrite();

        public void ApplyDeferred() => replica.ApplyDeferred();

        public void RegionChanged() => replica._membership.Members.NameRegion(replica._rumors?.Regions.Own);

        public bool Takes(uint pid, string ns) => replica._membership.Members.Takes(pid, ns);

        public bool Wants(string ns) => replica._membership.Subscriptions.List.Wants(ns);

        public Guid? FindStore(uint pid)
        {
            var row = replica._membership.Members.Find(pid);
            return row is not null && replica._membership.Members.StateOf(pid) == MemberState.Retired ? null : replica._store.FindStore(pid) ?? row?.Store;
        }
    }
}
