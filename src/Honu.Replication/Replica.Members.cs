namespace Honu.Replication;

/// <content>Who the peers are: those that the options name, those that operators added, and the members that were learned of.</content>
public sealed partial class Replica
{
    // More addresses than anybody opens sessions with in a reasonable time.
    private const int MaxLearnedPeers = 1024;

    private static readonly TimeSpan ExpireInterval = TimeSpan.FromHours(1);

    // Behind a name there may be another machine later.
    private static readonly TimeSpan SelfRest = TimeSpan.FromHours(1);

    private readonly Membership _membership;
    private readonly AddedPeers _added;
    private readonly AcknowledgementTable _acknowledgements = new();
    private PeerAddress? _advertised;
    private long _seenMembers = -1;
    private bool _havePeersChanged;
    private bool _isStarted;
    private bool _isExpiryDue;

    /// <summary>The members of the cluster that this replica knows, without itself, by pid.</summary>
    public IReadOnlyList<MemberSnapshot> Members => [.. _membership.Members.Others.Select(_membership.Members.Describe)];

    /// <summary>What this replica exchanges with others.</summary>
    public SubscriptionList Subscriptions => _membership.Subscriptions.List;

    /// <summary>Whether the options allow to open sessions with an address that was not configured.</summary>
    public bool MayConnect(PeerAddress address) => _options.MayConnect(address);

    /// <summary>Where this replica tells others to reach it, in place of what the options say. To be called before <see cref="ReplicaEvent.Started"/>.</summary>
    /// <param name="address">The address; <see langword="null"/> for none.</param>
    public void Advertise(PeerAddress? address) => _advertised = address;

    /// <summary>What a member holds durably, by namespace, as far as it has told since this replica was started.</summary>
    public IReadOnlyDictionary<string, VersionVector> Acknowledged(uint pid) => _acknowledgements.Of(pid).ToDictionary(StringComparer.Ordinal);

    /// <summary>The members that take part in a namespace and do not durably hold, as far as they have told, what <paramref name="vector"/> covers: deletions are kept for them.</summary>
    public IReadOnlyList<uint> Blockers(string ns, VersionVector vector)
    {
        ArgumentNullException.ThrowIfNull(vector);
        return [.. _membership.Members.ActiveFor(ns).Where(pid => !(_acknowledgements.Find(pid, ns)?.Dominates(vector) ?? false))];
    }

    /// <summary>Whether a member takes part in a namespace, as far as it has told since this replica was started.</summary>
    public bool Takes(uint pid, string ns) => _membership.Members.Takes(pid, ns);

    private void StartMembership()
    {
        _isStarted = true;
        _membership.Members.Advertise(_advertised?.Endpoint ?? "");
        foreach (var own in _peers.Where(peer => peer.Address.Endpoint == _advertised?.Endpoint))
            LeaveAlone(own);
        _membership.Subscriptions.FinishDrop();
        ExpireMembers();
    }

    private void HandleMembership(ReplicaEvent happened)
    {
        switch (happened)
        {
            case ReplicaEvent.PeerAdded added:
                AddPeer(added.Address);
                break;
            case ReplicaEvent.PeerRemoved removed:
                RemovePeer(removed.Address);
                break;
            case ReplicaEvent.MemberRetired retired:
                if (!_membership.Members.Retire(retired.Pid))
                    throw new KeyNotFoundException($"No member with the pid {retired.Pid} is known.");
                _acknowledgements.Forget(retired.Pid);
                break;
            case ReplicaEvent.MemberForgotten forgotten:
                if (!_membership.Members.Forget(forgotten.Pid))
                    throw new KeyNotFoundException($"No retired member with the pid {forgotten.Pid} is known. A member is retired before it is removed.");
                break;
            case ReplicaEvent.SubscriptionAdded subscription:
                if (_membership.Subscriptions.Add(subscription.Pattern))
                    BeginWithNewSubscriptions();
                break;
            case ReplicaEvent.SubscriptionRemoved subscription:
                RemoveSubscription(subscription.Pattern, subscription.Drop);
                break;
        }
    }

    private void ExpireMembers()
    {
        _membership.Members.Expire();
        _isExpiryDue = false;
        WatchSilence();
    }

    private void WatchSilence()
    {
        if (_isExpiryDue || !_isStarted || !_membership.Members.Others.Any())
            return;
        _isExpiryDue = true;
        _effects.Add(new ReplicaEffect.SetTimer(new ReplicaTimer(ReplicaTimerKind.Membership), _now + ExpireInterval));
    }

    private void AddPeer(PeerAddress address)
    {
        if (_peers.Exists(peer => peer.Origin == PeerOrigin.Configured && peer.Address.Endpoint == address.Endpoint))
            throw new ArgumentException($"{address.Endpoint} is a configured peer already.", nameof(address));
        _added.Add(address);
        _peers.RemoveAll(peer => peer.Address.Endpoint == address.Endpoint);
        _peers.Add(NewPeer(address, PeerOrigin.Added));
        _seenMembers = -1;
        ScheduleNextSession(TimeSpan.Zero);
    }

    private void RemovePeer(PeerAddress address)
    {
        if (!_added.Remove(address))
        {
            var known = _peers.Find(peer => peer.Address.Endpoint == address.Endpoint);
            throw known?.Origin switch
            {
                PeerOrigin.Configured => new ArgumentException($"{address.Endpoint} is a configured peer: take it out of the configuration and start the replica again.", nameof(address)),
                PeerOrigin.Learned => new ArgumentException($"{address.Endpoint} is the address of a member that was learned of: when that one has left, retire it by its pid.", nameof(address)),
                _ => new KeyNotFoundException($"No peer was added at {address.Endpoint}."),
            };
        }

        _peers.RemoveAll(peer => peer.Origin == PeerOrigin.Added && peer.Address.Endpoint == address.Endpoint);
        _seenMembers = -1;
    }

    // R10: first the list, durably; then no stream; then vectors, cursors and acknowledgements, durably; then the data.
    private void RemoveSubscription(string pattern, bool drop)
    {
        var gone = _membership.Subscriptions.Remove(pattern, drop)
            ?? throw new KeyNotFoundException($"There is no subscription \"{pattern}\"; there are: {string.Join(", ", Subscriptions.Patterns.Select(static known => $"\"{known}\""))}.");
        BeginWithNewSubscriptions();
        if (drop)
            _acknowledgements.Forget((_, ns) => gone.Contains(ns, StringComparer.Ordinal));
        _membership.Subscriptions.FinishDrop();
    }

    private void BeginWithNewSubscriptions()
    {
        foreach (var (id, _) in _sessions.ToList())
            Advance(id, session => session.EndForNewSubscriptions(_now));
        foreach (var peer in _peers.Where(static peer => peer.State != PeerState.Self))
            peer.Backoff.Succeeded();
        _interval = _options.BaseInterval;
        ScheduleNextSession(TimeSpan.Zero);
    }

    // After every event: what it told of members becomes peers, and is kept.
    private void SettleMembers()
    {
        var members = _membership.Members;
        var hasSessionEnded = _effects.Exists(static effect => effect is ReplicaEffect.SessionFinished);
        if (_seenMembers == members.Version && !hasSessionEnded)
            return;

        // Whether a retirement counts depends on when its member was heard of last: looked at while there is one.
        if (_seenMembers != members.Version || _havePeersChanged || members.HasRetired)
        {
            _havePeersChanged = false;
            members.SetSeeds(_peers.Where(static peer => peer.Origin != PeerOrigin.Learned && peer.State != PeerState.Self).Select(static peer => peer.Pid).OfType<uint>());
            UpdateLearnedPeers();
            UpdateRumorPeers();
            NoteWriters();
            WatchSilence();
            members.SuspectAfter = 10 * _options.MaxInterval * Math.Max(1, _peers.Count / 2.0);
        }

        _seenMembers = members.Version;
        try
        {
            members.Save(sync: false);
        }
        catch (Exception error) when (error is HonuException or ObjectDisposedException)
        {
            // The next event tries again. Replication must not stop because the store cannot write now; what is lost is learned again.
        }
    }

    private void UpdateLearnedPeers()
    {
        var wanted = WantedAddresses().Take(MaxLearnedPeers).ToHashSet();
        _peers.RemoveAll(peer => peer.Origin == PeerOrigin.Learned && !wanted.Contains(peer.Address));
        wanted.ExceptWith(_peers.Select(static peer => peer.Address));
        if (wanted.Count == 0)
            return;
        var hadNone = _peers.Count == 0;
        _peers.AddRange(wanted.OrderBy(static address => address.Pid).Select(address => NewPeer(address, PeerOrigin.Learned)));
        if (hadNone && _isStarted)
            ScheduleNextSession(TimeSpan.Zero);
    }

    private IEnumerable<PeerAddress> WantedAddresses()
    {
        var members = _membership.Members;
        var seeds = _peers.Where(static peer => peer.Origin != PeerOrigin.Learned).ToList();
        var seedPids = seeds.Where(static peer => peer.State != PeerState.Self).Select(static peer => peer.Pid).ToHashSet();
        HashSet<string>? seedEndpoints = null;
        foreach (var pid in members.Active)
        {
            if (!seedPids.Contains(pid)
                && PeerAddress.TryParse(members.AddressOf(pid), out var address)
                && !(seedEndpoints ??= seeds.Select(static peer => peer.Address.Endpoint).ToHashSet(StringComparer.Ordinal)).Contains(address.Endpoint)
                && address.Endpoint != _advertised?.Endpoint
                && _options.MayConnect(address))
                yield return address with { Pid = pid };
        }
    }

    private void LeaveAlone(Peer peer)
    {
        _havePeersChanged = true;
        peer.State = PeerState.Self;
        peer.Replica = null;
        peer.LastError = null;
        peer.Backoff.Rest(_now + SelfRest);
    }
}
