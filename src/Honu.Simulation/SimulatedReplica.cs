using System.Globalization;
using Honu.Replication;

namespace Honu.Simulation;

/// <summary>One machine: a disk, a clock, and while it runs a real store with its real replication.</summary>
public sealed partial class SimulatedReplica
{
    private readonly VirtualTime _time;
    private readonly SimulatedNetwork _network;
    private readonly SimulationOptions _options;
    private readonly Random _random;
    private readonly TimeProvider _clock;
    private readonly Dictionary<ReplicaTimer, long> _timers = [];
    private Replica? _replica;
    private long _lastTimer;
    private int _boot;
    private bool _isHandling;
    private bool _hasCommitted;
    private HonuStore? _killed;

    internal SimulatedReplica(int index, VirtualTime time, SimulatedNetwork network, SimulationOptions options, Random random)
    {
        Index = index;
        _time = time;
        _network = network;
        _options = options;
        _random = random;
        _clock = new SimulatedClock(time, options.MaxSkew * ((2 * random.NextDouble()) - 1), options.ClockStep);
        Disk = new SimulatedDisk(random);
        network.Attach(this);
    }

    /// <summary>Its place in the cluster; its pid is one more.</summary>
    public int Index { get; }

    /// <summary>Its disk.</summary>
    public SimulatedDisk Disk { get; }

    /// <summary>The open store.</summary>
    /// <exception cref="InvalidOperationException">The machine is down.</exception>
    public HonuStore Store { get => field ?? throw new InvalidOperationException($"Replica {Index} is down."); private set; }

    /// <summary>Whether its process runs.</summary>
    public bool IsRunning => _replica is not null;

    /// <summary>The members that it knows, without itself.</summary>
    /// <exception cref="InvalidOperationException">The machine is down.</exception>
    public IReadOnlyList<MemberSnapshot> Members => _replica?.Members ?? throw new InvalidOperationException($"Replica {Index} is down.");

    /// <summary>What it exchanges with others.</summary>
    /// <exception cref="InvalidOperationException">The machine is down.</exception>
    public SubscriptionList Subscriptions => _replica?.Subscriptions ?? throw new InvalidOperationException($"Replica {Index} is down.");

    /// <summary>Changes with every start, so that what was meant for an earlier process does not reach the present one.</summary>
    internal int Generation { get; private set; }

    /// <summary>Called when the process has started and its store is open.</summary>
    public Action? Started { get; set; }

    /// <summary>Called with what is told of a session that has ended.</summary>
    internal Action<ReplicaEffect.SessionFinished>? Finished { get; set; }

    /// <summary>Called when a session has ended.</summary>
    public Action<SyncReport>? SessionFinished { get; set; }

    /// <summary>Starts the process on its disk.</summary>
    public void Start()
    {
        Generation++;
        Discard();
        var storeOptions = new HonuStoreOptions
        {
            Pid = (uint)Index + 1,
            Engine = Disk,
            Clock = _options.Clock,
            Faults = _options.Faults,
            HeadCacheEntries = 1024,
            MaintenanceInterval = Timeout.InfiniteTimeSpan,
            Environment = new StoreEnvironment
            {
                Time = _clock,
                Random = bytes => _random.NextBytes(bytes),
                BootId = _boot.ToString(CultureInfo.InvariantCulture),
            },
        };
        Store = HonuStore.Open("simulated", _options.ConfigureStore?.Invoke(Index, storeOptions) ?? storeOptions);
        Started?.Invoke();
        var replicaOptions = new ReplicaOptions
        {
            Peers = [.. Enumerable.Range(0, _options.OneSeed ? 1 : _options.Replicas).Where(other => other != Index).Select(AddressOf)],
            AdvertisedAddress = AddressOf(Index),
            ChunkRecords = _options.ChunkRecords,
            PurgeInterval = _options.PurgeInterval,
            Subscriptions = _options.Subscriptions,
            Seed = _random.Next(),
        };
        _replica = new Replica(Store.Replication, _options.ConfigureReplica?.Invoke(Index, replicaOptions) ?? replicaOptions);
        Store.Replication.LocalCommitted += (_, _) => OnLocalCommitted();
        Handle(new ReplicaEvent.Started());
    }

    /// <summary>The process is killed: what it wrote stays, nothing is closed.</summary>
    public void Kill()
    {
        _replica = null;
        _timers.Clear();
        _received.Clear();
        ForgetPause();
        Generation++;
        Disk.Detach();
        _killed = Store;
        _network.Vanish(this);
    }

    /// <summary>The machine loses power: what was not durable is gone, and the next start is another boot.</summary>
    public void LosePower()
    {
        Kill();
        Disk.LosePower();
        _boot++;
    }

    /// <summary>The process is asked to end, and closes its store.</summary>
    public void Close()
    {
        _replica = null;
        Store.Dispose();
        Kill();
    }

    // What a killed process held in memory goes with it; until the next start it can still be looked at.
    internal void Discard()
    {
        _killed?.Dispose();
        _killed = null;
    }

    /// <summary>Asks for a session with another replica in which contents are compared.</summary>
    public void Verify(SimulatedReplica other) => Handle(new ReplicaEvent.SyncRequested(0, AddressOf(other.Index), Verify: true));

    /// <summary>Asks for a session with another replica at once.</summary>
    public void Sync(SimulatedReplica other) => Handle(new ReplicaEvent.SyncRequested(0, AddressOf(other.Index)));

    /// <summary>Tells the replica what an operator would.</summary>
    public void Tell(ReplicaEvent happened) => Handle(happened);

    /// <summary>Asks for writes that somebody waits for here.</summary>
    public void Pull(string ns, VersionVector wanted) => Handle(new ReplicaEvent.PullRequested(ns, wanted));

    /// <summary>Asks to bring a write to the others at once.</summary>
    public void Push(string ns, VersionId version) => Handle(new ReplicaEvent.PushRequested(ns, version));

    /// <summary>Asks for everything that any replica wrote up to a moment.</summary>
    public void Refresh(DateTimeOffset upTo) => Handle(new ReplicaEvent.RefreshRequested(upTo));

    /// <summary>The time that its machine shows.</summary>
    public DateTimeOffset Now => _clock.GetUtcNow();

    /// <summary>Up to when everything that any replica wrote is here, as it believes.</summary>
    public DateTimeOffset? CompleteUpTo(string ns) => _replica?.CompleteUpTo(ns);

    internal SessionId Accept() => _replica!.NextSessionId();

    internal void HandleIfRunning(ReplicaEvent happened, int generation)
    {
        if (Generation == generation)
            Handle(happened);
    }

    internal void Handle(ReplicaEvent happened)
    {
        if (_replica is null || IsPutOff(happened))
            return;
        ReplicaEffect[] effects;
        _isHandling = true;
        try
        {
            effects = [.. _replica.Handle(happened, _time.Now)];
        }
        finally
        {
            _isHandling = false;
        }

        foreach (var effect in effects)
            CarryOut(effect);
        if (_hasCommitted)
            OnLocalCommitted();
    }

    // A resolver writes while the state machine applies what a peer sent: it is told of that afterwards.
    private void OnLocalCommitted()
    {
        _hasCommitted = _isHandling;
        if (!_isHandling)
            Handle(new ReplicaEvent.LocalCommit());
    }

    private static PeerAddress AddressOf(int index) => new("simulated", index + 1);

    private void CarryOut(ReplicaEffect effect)
    {
        switch (effect)
        {
            case ReplicaEffect.OpenSession open:
                _network.Open(this, open.Session, open.Address);
                break;
            case ReplicaEffect.Send send:
                _network.Send(this, send.Session, send.Message);
                break;
            case ReplicaEffect.CloseSession close:
                _network.Close(this, close.Session);
                break;
            case ReplicaEffect.AbortSession abort:
                _network.Abort(this, abort.Session);
                break;
            case ReplicaEffect.RunInBackground run:
                RunInBackground(run, Generation);
                break;
            case ReplicaEffect.SetTimer set:
                SetTimer(set.Timer, set.Due);
                break;
            case ReplicaEffect.ClearTimer clear:
                _timers.Remove(clear.Timer);
                break;
            case ReplicaEffect.SendRumors send:
                SendRumors(send);
                break;
            case ReplicaEffect.AnswerRumors answer:
                AnswerRumors(answer);
                break;
            case ReplicaEffect.SessionFinished finished:
                Finished?.Invoke(finished);
                SessionFinished?.Invoke(finished.Report);
                break;
        }
    }

    private void RunInBackground(ReplicaEffect.RunInBackground run, int generation) => _time.After(TimeSpan.Zero, () =>
    {
        ReplicaEvent.BackgroundDone done;
        try
        {
            done = new ReplicaEvent.BackgroundDone(run.Session, run.Work(CancellationToken.None), Error: null);
        }
        catch (Exception error)
        {
            // Belongs to the session that asked.
            done = new ReplicaEvent.BackgroundDone(run.Session, Result: null, error);
        }

        HandleIfRunning(done, generation);
    });

    private void SetTimer(ReplicaTimer timer, TimeSpan due)
    {
        var number = _timers[timer] = ++_lastTimer;
        _time.At(due, () =>
        {
            if (_timers.TryGetValue(timer, out var current) && current == number)
            {
                _timers.Remove(timer);
                Handle(new ReplicaEvent.TimerDue(timer));
            }
        });
    }
}
