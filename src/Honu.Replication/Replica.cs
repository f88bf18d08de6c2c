namespace Honu.Replication;

/// <summary>
/// The replication of one store as a state machine: events in, effects out. It has no sockets, timers, threads or tasks, so the same
/// code runs over gRPC and, hundreds at a time, in the simulator.
/// </summary>
/// <remarks>Not thread-safe: the shell passes one event at a time and carries out the effects in their order.</remarks>
public sealed partial class Replica
{
    private readonly ReplicationPort _store;
    private readonly ReplicaOptions _options;
    private readonly Random _random;
    private readonly List<Peer> _peers;
    private readonly Dictionary<SessionId, SessionEntry> _sessions = [];
    private readonly Queue<WaitingRequest> _waiting = new();
    private readonly Dictionary<SessionId, RepairView> _busyViews = [];
    private readonly List<ReplicaEffect> _effects = [];
    private readonly SessionContext _context;
    private TimeSpan _interval;
    private TimeSpan _nextSession;
    private long _lastSessionId;
    private TimeSpan _now;

    /// <summary>Makes the state machine of an open store. It does nothing before <see cref="ReplicaEvent.Started"/>.</summary>
    /// <exception cref="ArgumentException">An option is out of its range; the message names all that are.</exception>
    public Replica(ReplicationPort store, ReplicaOptions options)
    {
        ArgumentNullException.ThrowIfNull(store);
        var failures = ReplicaOptionsValidator.Validate(options);
        if (failures.Count > 0)
            throw new ArgumentException(string.Join(" ", failures), nameof(options));
        _store = store;
        _options = options;
        _random = new Random(options.Seed);
        _selector = PeerSelectors.Create(options.Selector, options.EgressPrices);
        _memory = new SelectorMemory(store, _selector);
        _news = new NewsEstimator(store);
        _added = new AddedPeers(store);
        _peers = [.. options.Peers.Select(address => NewPeer(address, PeerOrigin.Configured))];
        _peers.AddRange(_added.Addresses.Where(address => !_peers.Exists(peer => peer.Address.Endpoint == address.Endpoint)).Select(address => NewPeer(address, PeerOrigin.Added)));
        _membership = new Membership(store, options, _acknowledgements);
        _advertised = options.AdvertisedAddress;
        _interval = options.BaseInterval;
        _context = new SessionContext(store, options, _effects, _acknowledgements, _random)
        {
            Membership = _membership,
            Heartbeats = _heartbeats,
            FindPeer = replica => _peers.Find(peer => peer.Replica == replica),
        };
        _rumors = options.Dissemination == Dissemination.RegionRelay ? new RumorMill(store, options, new RumorHost(this)) : null;
        NoteWriters();
    }

    /// <summary>The peers as they fare now.</summary>
    public IReadOnlyList<PeerSnapshot> Peers => [.. _peers.Select(peer => peer.ToSnapshot() with { Arm = peer.State == PeerState.Self ? null : _selector.Snapshot(ToArm(peer), _now) })];

    /// <summary>What the others hold durably.</summary>
    internal AcknowledgementTable Acknowledgements => _acknowledgements;

    /// <summary>Sessions that are open now, own and accepted ones.</summary>
    public int OpenSessions => _sessions.Count;

    /// <summary>The name of the selector in use.</summary>
    public string SelectorName => _selector.Name;

    /// <summary>The name of what its choices are judged by.</summary>
    public string RewardName => _selector.Reward.Name;

    /// <summary>A fresh id for a session that a peer opens.</summary>
    public SessionId NextSessionId() => new(++_lastSessionId);

    /// <summary>Reacts to an event.</summary>
    /// <param name="happened">What happened.</param>
    /// <param name="now">The time, on a clock that never goes back.</param>
    /// <returns>What is to be done, in this order; valid until the next call.</returns>
    public IReadOnlyList<ReplicaEffect> Handle(ReplicaEvent happened, TimeSpan now)
    {
        ArgumentNullException.ThrowIfNull(happened);
        _effects.Clear();
        _now = now;
        switch (happened)
        {
            case ReplicaEvent.Started:
                StartMembership();
                StartRumors();
                _memory.Load(now);
                ScheduleNextSession(TimeSpan.Zero);
                SchedulePurge();
                ApplyDeferred();
                break;
            case ReplicaEvent.LocalCommit:
                LocalWrites();
                break;
            case ReplicaEvent.TimerDue due:
                TimerDue(due.Timer);
                break;
            case ReplicaEvent.SyncRequested request:
                OpenRequested(new WaitingRequest(FindOrMakePeer(request.Address), request.Request, request.Verify));
                break;
            case ReplicaEvent.PullRequested pull:
                Pull(pull);
                break;
            case ReplicaEvent.PushRequested push:
                Push(push);
                break;
            case ReplicaEvent.RefreshRequested refresh:
                Refresh(refresh);
                break;
            case ReplicaEvent.StoreDiffers differs:
                SuspectNamespace(differs.Namespace);
                break;
            case ReplicaEvent.SessionOpened opened:
                Advance(opened.Session, session => session.Opened(now, opened.Peer));
                break;
            case ReplicaEvent.SessionAccepted accepted:
                Accept(accepted.Session, accepted.Peer);
                break;
            case ReplicaEvent.MessageReceived received:
                Receive(received);
                break;
            case ReplicaEvent.StreamWritable writable:
                Advance(writable.Session, session => session.Writable(now));
                break;
            case ReplicaEvent.BackgroundDone done:
                TakeBackgroundWork(done);
                break;
            case ReplicaEvent.SessionEnded ended:
                Advance(ended.Session, session => session.Ended(ended.Error, now));
                break;
            case ReplicaEvent.RumorsReceived or ReplicaEvent.RumorsAnswered or ReplicaEvent.RumorsFailed:
                HandleRumors(happened);
                break;
            default:
                HandleMembership(happened);
                break;
        }

        SettleMembers();
        return _effects;
    }

    private void TimerDue(ReplicaTimer timer)
    {
        switch (timer.Kind)
        {
            case ReplicaTimerKind.NextSession:
                OpenNextSession();
                break;
            case ReplicaTimerKind.SessionProgress:
                CheckProgress(timer.Session);
                break;
            case ReplicaTimerKind.Purge:
                Purge();
                break;
            case ReplicaTimerKind.Deferred:
                ApplyDeferred();
                break;
            case ReplicaTimerKind.Membership:
                ExpireMembers();
                break;
            case ReplicaTimerKind.Rumors:
                _rumors?.TimerDue(_now);
                break;
        }
    }

    private Peer NewPeer(PeerAddress address, PeerOrigin origin = PeerOrigin.Learned) => new(address, new PeerBackoff(_options.InitialBackoff, _options.MaxBackoff)) { Origin = origin };

    private sealed record SessionEntry(Session Session, Peer? Peer, long? Request, bool Verify);

    // Somebody asked for a session with a peer that is in one.
    private sealed record WaitingRequest(Peer Peer, long Request, bool Verify);
}
