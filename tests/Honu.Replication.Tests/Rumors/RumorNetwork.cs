using System.Text;
using Google.Protobuf;
using Honu.Replication.Messages;
using Honu.TestKit;

namespace Honu.Replication.Tests.Rumors;

/// <summary>A few real replicas in virtual time. Messages take as long as the regions are apart; a test may lose, hold or look at any push.</summary>
internal sealed class RumorNetwork : IDisposable
{
    public static readonly TimeSpan LocalDelay = TimeSpan.FromMilliseconds(0.25);

    private readonly PriorityQueue<Action, (TimeSpan Due, long Order)> _queue = new();
    private readonly Func<ReplicaOptions, ReplicaOptions>? _configure;
    private long _order;

    public RumorNetwork(string[] regions, Func<ReplicaOptions, ReplicaOptions>? configure = null, bool namesRegions = true, Func<string, string, TimeSpan>? delay = null)
    {
        _configure = configure;
        NamesRegions = namesRegions;
        DelayBetween = delay ?? ((_, _) => TimeSpan.FromMilliseconds(50));
        for (var i = 0; i < regions.Length; i++)
            Nodes.Add(new RumorNode(this, (uint)i + 1, regions[i]));
    }

    public List<RumorNode> Nodes { get; } = [];

    public bool NamesRegions { get; }

    public Func<string, string, TimeSpan> DelayBetween { get; set; }

    public TimeSpan Now { get; private set; }

    /// <summary>Whether a push (not its answer) is lost.</summary>
    public Func<RumorNode, RumorNode, RumorBatch, bool> LosesPush { get; set; } = static (_, _, _) => false;

    /// <summary>Timers of rumors fire earlier by this than they were set.</summary>
    public TimeSpan TimersAreEarlyBy { get; set; }

    /// <summary>Whether the next push or answer is lost.</summary>
    public Func<bool> Loses { get; set; } = static () => false;

    /// <summary>Whether anything between two replicas is lost: pushes, answers, and sessions.</summary>
    public Func<RumorNode, RumorNode, bool> IsCut { get; set; } = static (_, _) => false;

    /// <summary>Sessions that are refused, as if the peer were not there.</summary>
    public bool RefusesSessions { get; set; }

    /// <summary>Pushes so far.</summary>
    public List<(RumorNode From, RumorNode To, RumorBatch Batch, TimeSpan At)> Pushes { get; } = [];

    /// <summary>Messages of sessions so far.</summary>
    public List<(RumorNode From, RumorNode To, TimeSpan At)> SessionMessages { get; } = [];

    public RumorNode this[int pid] => Nodes[pid - 1];

    public IEnumerable<(RumorNode From, RumorNode To, RumorBatch Batch, TimeSpan At)> FarPushes => Pushes.Where(static push => push.From.Region != push.To.Region);

    public ReplicaOptions Options(RumorNode node)
    {
        var options = new ReplicaOptions
        {
            Peers = [.. Nodes.Where(other => other != node).Select(static other => other.Address)],
            AdvertisedAddress = node.Address,
            Dissemination = Dissemination.RegionRelay,
            Seed = (int)node.Pid,
        };
        return _configure is null ? options : _configure(options);
    }

    /// <summary>Starts all, and lets them meet.</summary>
    public RumorNetwork Start(double seconds = 15)
    {
        foreach (var node in Nodes)
            node.Handle(new ReplicaEvent.Started());
        Run(seconds * 1000);
        Pushes.Clear();
        SessionMessages.Clear();
        return this;
    }

    public void Run(double milliseconds)
    {
        var end = Now + TimeSpan.FromMilliseconds(milliseconds);
        while (_queue.TryPeek(out _, out var next) && next.Due <= end)
        {
            var action = _queue.Dequeue();
            Advance(next.Due);
            action();
        }

        Advance(end);
    }

    /// <summary>Lets time pass until something is so.</summary>
    /// <returns>How many milliseconds that took.</returns>
    public double RunUntil(Func<bool> isSo, double limitMs = 60_000)
    {
        var start = Now;
        while (!isSo())
        {
            Assert.True((Now - start).TotalMilliseconds < limitMs, $"It is not so after {limitMs} ms.");
            Run(0.25);
        }

        return (Now - start).TotalMilliseconds;
    }

    public bool IsVisible(string key, string value) => Nodes.TrueForAll(node => node.Get(key) == value);

    public void At(TimeSpan due, Action action) => _queue.Enqueue(action, (due < Now ? Now : due, _order++));

    public TimeSpan Delay(RumorNode a, RumorNode b) => (a.Region == b.Region ? LocalDelay : DelayBetween(a.Region, b.Region)) + a.Slowness + b.Slowness;

    public void Dispose()
    {
        foreach (var node in Nodes)
            node.Dispose();
    }

    private void Advance(TimeSpan to)
    {
        foreach (var node in Nodes)
            node.Time.Advance(to - Now);
        Now = to;
    }
}

/// <summary>One replica of a <see cref="RumorNetwork"/>.</summary>
internal sealed class RumorNode : IDisposable
{
    private readonly RumorNetwork _network;
    private readonly Dictionary<ReplicaTimer, long> _timers = [];
    private readonly Dictionary<SessionId, (RumorNode To, SessionId Session)> _links = [];
    private readonly Dictionary<PushId, (RumorNode From, PushId Push)> _received = [];
    private readonly Dictionary<SessionId, TimeSpan> _lastArrival = [];
    private Replica? _machine;
    private long _timer;

    public RumorNode(RumorNetwork network, uint pid, string region)
    {
        _network = network;
        Pid = pid;
        Region = region;
        Store = HonuStore.Open("rumors", new HonuStoreOptions
        {
            Pid = pid,
            Region = network.NamesRegions ? region : null,
            Engine = Disk,
            Environment = new StoreEnvironment { Time = Time },
            MaintenanceInterval = Timeout.InfiniteTimeSpan,
        });
    }

    public uint Pid { get; }

    public string Region { get; }

    public TimeSpan Slowness { get; set; }

    public FaultyDisk Disk { get; } = new();

    public ManualTimeProvider Time { get; } = new();

    public HonuStore Store { get; }

    public Replica Machine => _machine ??= new Replica(Store.Replication, _network.Options(this));

    public PeerAddress Address => new("node", (int)Pid);

    public ReplicaId Id => Store.Identity.Replica;

    public VersionVector Vector(string ns = HonuStore.DefaultNamespace) => Store.Replication.State(ns).Vector;

    public bool IsDown { get; set; }

    /// <summary>Whether the peers are told that this one does not speak rumors.</summary>
    public bool IsMute { get; set; }

    public List<RumorAnswer> Answers { get; } = [];

    public List<SyncReport> Reports { get; } = [];

    public VersionId Put(string key, string value, string ns = HonuStore.DefaultNamespace)
    {
        var version = Store.Namespace(ns).Put(Encoding.UTF8.GetBytes(key), Encoding.UTF8.GetBytes(value)).Id;
        Handle(new ReplicaEvent.LocalCommit());
        return version;
    }

    public VersionId Delete(string key)
    {
        Assert.True(Store.Delete(Encoding.UTF8.GetBytes(key), out var tombstone));
        Handle(new ReplicaEvent.LocalCommit());
        return tombstone.Id;
    }

    public string? Get(string key, string ns = HonuStore.DefaultNamespace) => Store.Namespace(ns).Get(Encoding.UTF8.GetBytes(key)) is { } value ? Encoding.UTF8.GetString(value) : null;

    /// <summary>Opens a session with another replica at once.</summary>
    public void Sync(RumorNode other) => Handle(new ReplicaEvent.SyncRequested(0, other.Address));

    /// <summary>Takes a batch as if it came over the network; the answer is the last one of <see cref="Answers"/>.</summary>
    public RumorAnswer Take(RumorBatch batch, PeerIdentity? identity = null)
    {
        Handle(new ReplicaEvent.RumorsReceived(Machine.NextPushId(), identity, RumorBatch.Parser.ParseFrom(batch.ToByteArray()), batch.CalculateSize() + 5));
        return Answers[^1];
    }

    public void Handle(ReplicaEvent happened)
    {
        if (IsDown)
            return;
        foreach (var effect in Machine.Handle(happened, _network.Now).ToArray())
            CarryOut(effect);
    }

    public void Dispose() => Guard.Run(Store.Dispose);

    private void CarryOut(ReplicaEffect effect)
    {
        switch (effect)
        {
            case ReplicaEffect.SetTimer set:
                var number = _timers[set.Timer] = ++_timer;
                _network.At(set.Due - (set.Timer.Kind == ReplicaTimerKind.Rumors && set.Due - _network.Now > _network.TimersAreEarlyBy ? _network.TimersAreEarlyBy : TimeSpan.Zero), () =>
                {
                    if (_timers.GetValueOrDefault(set.Timer) == number)
                        Handle(new ReplicaEvent.TimerDue(set.Timer));
                });
                break;
            case ReplicaEffect.ClearTimer clear:
                _timers.Remove(clear.Timer);
                break;
            case ReplicaEffect.SendRumors send:
                Push(send);
                break;
            case ReplicaEffect.AnswerRumors answer:
                Answers.Add(answer.Answer);
                if (_received.Remove(answer.Push, out var push))
                    Deliver(push.From, new ReplicaEvent.RumorsAnswered(push.Push, RumorAnswer.Parser.ParseFrom(answer.Answer.ToByteArray()), answer.Answer.CalculateSize() + 5));
                break;
            case ReplicaEffect.OpenSession open:
                Open(open);
                break;
            case ReplicaEffect.Send send when _links.TryGetValue(send.Session, out var link):
                var bytes = send.Message.ToByteArray();
                _network.SessionMessages.Add((this, link.To, _network.Now));
                DeliverInOrder(send.Session, link.To, new ReplicaEvent.MessageReceived(link.Session, SessionMessage.Parser.ParseFrom(bytes), bytes.Length + 5));
                _network.At(_network.Now, () => Handle(new ReplicaEvent.StreamWritable(send.Session)));
                break;
            case ReplicaEffect.CloseSession close when _links.TryGetValue(close.Session, out var closed):
                DeliverInOrder(close.Session, closed.To, new ReplicaEvent.SessionEnded(closed.Session, Error: null));
                break;
            case ReplicaEffect.AbortSession abort when _links.TryGetValue(abort.Session, out var aborted):
                DeliverInOrder(abort.Session, aborted.To, new ReplicaEvent.SessionEnded(aborted.Session, "the other side gave up"));
                break;
            case ReplicaEffect.SessionFinished finished:
                Reports.Add(finished.Report);
                break;
        }
    }

    private void Push(ReplicaEffect.SendRumors send)
    {
        var to = _network[send.Address.Port];
        var bytes = send.Batch.ToByteArray();
        _network.Pushes.Add((this, to, send.Batch, _network.Now));
        if (_network.LosesPush(this, to, send.Batch) || _network.Loses() || _network.IsCut(this, to))
            return;
        _network.At(_network.Now + _network.Delay(this, to), () =>
        {
            if (to.IsDown)
                return;
            if (to.IsMute)
            {
                to.Deliver(this, new ReplicaEvent.RumorsFailed(send.Push, IsUnsupported: true, "UNIMPLEMENTED"));
                return;
            }

            var push = to.Machine.NextPushId();
            to._received.Add(push, (this, send.Push));
            to.Handle(new ReplicaEvent.RumorsReceived(push, Peer: null, RumorBatch.Parser.ParseFrom(bytes), bytes.Length + 5));
        });
    }

    private void Deliver(RumorNode to, ReplicaEvent happened)
    {
        if (!_network.Loses() && !_network.IsCut(this, to))
            _network.At(_network.Now + _network.Delay(this, to), () => to.Handle(happened));
    }

    private void DeliverInOrder(SessionId session, RumorNode to, ReplicaEvent happened)
    {
        if (_network.IsCut(this, to))
            return;
        var due = _network.Now + _network.Delay(this, to);
        if (_lastArrival.TryGetValue(session, out var last) && due <= last)
            due = last + TimeSpan.FromTicks(1);
        _lastArrival[session] = due;
        _network.At(due, () => to.Handle(happened));
    }

    private void Open(ReplicaEffect.OpenSession open)
    {
        var to = _network[open.Address.Port];
        if (to.IsDown || _network.RefusesSessions || _network.IsCut(this, to))
        {
            _network.At(_network.Now + RumorNetwork.LocalDelay, () => Handle(new ReplicaEvent.SessionEnded(open.Session, "connection refused")));
            return;
        }

        var accepted = to.Machine.NextSessionId();
        _links[open.Session] = (to, accepted);
        to._links[accepted] = (this, open.Session);
        DeliverInOrder(open.Session, to, new ReplicaEvent.SessionAccepted(accepted));
        _network.At(_network.Now, () => Handle(new ReplicaEvent.SessionOpened(open.Session)));
    }
}
