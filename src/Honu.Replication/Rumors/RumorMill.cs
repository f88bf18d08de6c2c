using Google.Protobuf;

namespace Honu.Replication;

/// <summary>Pushes fresh writes at once: one push to one relay of every other region, which hands them on to its neighbours.</summary>
/// <remarks>
/// <code>
/// writer  ── Push ──→  relay of region B  ── Push ──→  its neighbours
///   │                  relay of region C  ── Push ──→  its neighbours
///   └─ Push ──→  own neighbours; under load one of them, which gathers for the region
/// </code>
/// Each push is answered at once. What is not answered in time is sent again, with everything that has come since, to another replica of
/// the same region. Nothing here is needed for correctness: a lost rumor leaves a hole that a session closes.
/// <para>By topic: <c>.Flush</c> own writes on their way out, <c>.Send</c> pushes and retries, <c>.Answers</c>, <c>.Receive</c>. Not thread-safe.</para>
/// </remarks>
internal sealed partial class RumorMill
{
    // An answer that comes later than this teaches nothing any more.
    private static readonly TimeSpan AnswerLifetime = TimeSpan.FromSeconds(15);

    private readonly ReplicationPort _store;
    private readonly ReplicaOptions _options;
    private readonly RumorOptions _pace;
    private readonly IRumorHost _host;
    private readonly Regions _regions;
    private readonly Dictionary<(uint Pid, LocalRole Role), LocalLane> _localLanes = [];
    private readonly SortedDictionary<string, RegionLane> _farLanes = new(StringComparer.Ordinal);
    private readonly List<RumorLane> _busy = [];
    private readonly Dictionary<PushId, SentPush> _pushes = [];
    private readonly Queue<(PushId Push, TimeSpan At)> _pushOrder = new();
    private readonly LoadGauge _load = new();
    private readonly ByteString _introduction;
    private TimeSpan _now;
    private TimeSpan _timer = TimeSpan.MaxValue;

    public RumorMill(ReplicationPort store, ReplicaOptions options, IRumorHost host)
    {
        _store = store;
        _options = options;
        _pace = options.Rumors;
        _host = host;
        _regions = new Regions(store.Identity.Replica.Pid, store.Description.Region);
        _crossBucket = new TokenBucket(_pace.CrossRegionRate, _pace.CrossRegionBurst);
        _flushBucket = new TokenBucket(_pace.LocalRate, _pace.LocalBurst);
        _outbox = new RumorSet(_pace.MaxBytes);
        _introduction = RumorIntroduction.Of(store.Identity.Cluster, store.Identity.Clock, store.Identity.StoreId);
        store.KeepReplacedWrites();
    }

    public Regions Regions => _regions;

    public RumorCounts Counts { get; } = new();

    /// <summary>When something new last came or went by a rumor.</summary>
    public TimeSpan? LastNews { get; private set; }

    /// <summary>Whether some peers have to be told by sessions, because they take no rumors.</summary>
    public bool HasSilentPeers(TimeSpan now)
    {
        foreach (var peer in _regions.Peers)
        {
            if (peer.UnsupportedUntil > now)
                return true;
        }

        return false;
    }

    /// <summary>Begins: what was written before is for sessions to bring.</summary>
    public void Start(TimeSpan now)
    {
        _now = now;
        _epoch = _store.ReadOwnMarks(_marks);
        foreach (var (ns, mark) in _marks)
            _told[ns] = new Told(mark, mark);
    }

    /// <summary>Takes over who there is.</summary>
    public void UpdatePeers(IEnumerable<(PeerAddress Address, uint Pid, string Region)> known, TimeSpan now)
    {
        _now = now;
        var before = _regions.Own;
        if (_regions.Update(known))
            Arrange(before);
    }

    /// <summary>A session with a peer has ended well.</summary>
    public void Met(uint pid, TimeSpan? roundTrip, TimeSpan now)
    {
        _now = now;
        if (_regions.Find(pid) is not { } peer)
            return;
        peer.Recover();
        peer.Declined.Clear();
        NoteAlive(pid);

        // A session's round trip has what both sides do to answer in it: only better than nothing, unless it was quick.
        if (roundTrip is { } time && (peer.RoundTrip.Smoothed is not { } known || time < known))
            Measure(peer, time);
    }

    /// <summary>The timer has fired. It may have done so a little early, as timers of the machine do: then it is set again.</summary>
    public void TimerDue(TimeSpan now)
    {
        _timer = TimeSpan.MaxValue;
        Tick(now);
    }

    /// <summary>Something has happened: does what is due, and sets the timer for the rest.</summary>
    public void Tick(TimeSpan now)
    {
        _now = now;
        FlushIfDue();
        for (var i = _busy.Count - 1; i >= 0; i--)
        {
            var lane = _busy[i];
            Advance(lane);
            if (!lane.IsIdle)
                continue;
            lane.Failures = 0;
            if (lane is RegionLane far)
                far.Settle();
            lane.IsBusy = false;
            _busy[i] = _busy[^1];
            _busy.RemoveAt(_busy.Count - 1);
        }

        CheckHoles();
        ForgetOldPushes();
        var due = NextFlush < NextHole ? NextFlush : NextHole;
        foreach (var lane in _busy)
        {
            var next = DueOf(lane);
            due = next < due ? next : due;
        }

        // One that fires early costs nothing but its event. One that should have fired long ago was lost, with the other effects of an event that failed.
        if (due == TimeSpan.MaxValue || (due >= _timer && _timer >= now))
            return;
        _timer = due < now ? now : due;
        _host.Add(new ReplicaEffect.SetTimer(new ReplicaTimer(ReplicaTimerKind.Rumors), _timer));
    }

    private void Measure(RumorPeer peer, TimeSpan roundTrip)
    {
        var before = _regions.Own;
        if (_regions.Measure(peer, roundTrip))
            Arrange(before);
    }

    private void Arrange(string nameBefore)
    {
        foreach (var gone in _localLanes.Where(lane => !_regions.IsNeighbour(lane.Key.Pid)).ToList())
        {
            // What it was to hand on or to carry nobody else will.
            if (!gone.Value.IsIdle)
                _host.HurrySessions();
            gone.Value.Clear();
            _localLanes.Remove(gone.Key);
        }

        foreach (var gone in _farLanes.Values.Where(lane => _regions.FindOther(lane.Region.Name) != lane.Region).ToList())
        {
            if (!gone.IsIdle)
                _host.HurrySessions();
            gone.Clear();
            _farLanes.Remove(gone.Region.Name);
        }

        foreach (var region in _regions.Others)
            _farLanes.TryAdd(region.Name, new RegionLane(region, _pace));
        if (_regions.Own != nameBefore)
            _host.RegionChanged();
    }

    private void ForgetOldPushes()
    {
        while (_pushOrder.TryPeek(out var oldest) && oldest.At + AnswerLifetime < _now)
        {
            // Another relay may have answered in its place: then nobody has judged it yet.
            if (_pushes.Remove(_pushOrder.Dequeue().Push, out var push) && push is { IsFirstContact: true, Lane: RegionLane })
                JudgeLate(push);
        }
    }

    private LocalLane LaneTo(RumorPeer peer, LocalRole role)
    {
        if (!_localLanes.TryGetValue((peer.Pid, role), out var lane))
            _localLanes.Add((peer.Pid, role), lane = new LocalLane(peer, role, _pace));
        return lane;
    }

    private void MakeBusy(RumorLane lane)
    {
        if (lane.IsBusy)
            return;
        lane.IsBusy = true;
        _busy.Add(lane);
    }
}
