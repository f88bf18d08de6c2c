using Honu.Replication;

namespace Honu.Simulation;

/// <summary>One run: a cluster, its writers, what goes wrong, and what is measured.</summary>
internal sealed class Experiment : IDisposable
{
    private static readonly TimeSpan Slice = TimeSpan.FromMilliseconds(500);

    // What was written last gets this long to become visible.
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    // Replicas are not all started at one moment.
    private static readonly TimeSpan StartSpread = TimeSpan.FromSeconds(1);

    private readonly ScenarioPlan _plan;
    private readonly ExperimentOptions _options;
    private readonly SimulatedCluster _cluster;
    private readonly Random _random;
    private readonly WriteWatch _watch;
    private readonly ForkBook _forks;
    private readonly ChoiceBook _choices;
    private readonly RelearnMeter _relearn;
    private readonly FaultPlan _faults;
    private readonly StaleReads _reads;
    private readonly IRewardFunction _reward;

    public Experiment(ScenarioPlan plan)
    {
        _plan = plan;
        _options = plan.Options;
        _reward = PeerSelectors.CreateBare(plan.IsRelay ? "uniform" : _options.Design).Reward;
        var regions = _options.Latency.Regions;
        _cluster = new SimulatedCluster(ClusterOptions());

        // Apart from the cluster's: designs that draw more random numbers than others are still measured by the same writes and reads.
        _random = RandomStreams.Of(_options.Seed, RandomStream.Writes);
        _watch = new WriteWatch(_cluster, plan.SharesKey ? 1 : regions.Count * _options.WritersPerRegion);
        _forks = new ForkBook(regions);
        _choices = new ChoiceBook(regions);
        _reads = new StaleReads(_cluster.Time, RandomStreams.Of(_options.Seed, RandomStream.Reads));
        _relearn = new RelearnMeter(_cluster);
        _faults = new FaultPlan(plan, _cluster, _watch, _relearn, RandomStreams.Of(_options.Seed, RandomStream.Faults));
        _cluster.Network.SessionTap = (from, to) => _choices.Chose(_cluster.Network.RegionOf(from), _cluster.Network.RegionOf(to));
        _cluster.Network.PushTap = (from, to, batch) =>
        {
            _choices.Chose(_cluster.Network.RegionOf(from), _cluster.Network.RegionOf(to));
            _relearn.Pushed(from, to, batch);
        };
    }

    public ExperimentResult Run(IProgress<double>? progress, CancellationToken cancellation)
    {
        foreach (var replica in _cluster.Replicas)
        {
            replica.Finished = finished => Finished(replica, finished);
            _cluster.Time.At(StartSpread * _random.NextDouble(), replica.Start);
        }

        ScheduleWriters();
        _faults.Schedule();
        RunUntil(_plan.WarmUp);
        _cluster.Network.Traffic.Clear();
        _choices.ClearChoices();
        if (_plan.HasWriters)
            _reads.Begin(_plan.WarmUp, _plan.End, Read);
        RunUntil(_plan.End);
        var traffic = ResultOfTraffic();
        _faults.End();
        for (var end = _plan.End + Patience; _watch.HasPending && _cluster.Time.Now < end;)
            RunUntil(_cluster.Time.Now + Slice);
        progress?.Report(1);
        return Result(traffic);

        void RunUntil(TimeSpan end)
        {
            while (_cluster.Time.Now < end)
            {
                cancellation.ThrowIfCancellationRequested();
                _cluster.Run(end - _cluster.Time.Now < Slice ? end - _cluster.Time.Now : Slice);
                progress?.Report(Math.Min(1, _cluster.Time.Now / _plan.End));
            }
        }
    }

    public void Dispose() => _cluster.Close();

    private SimulationOptions ClusterOptions() => new()
    {
        Seed = RandomStreams.SeedOf(_options.Seed, RandomStream.Cluster),
        Replicas = _plan.ReplicasPerRegion * _options.Latency.Regions.Count,
        Loss = _plan.Loss,
        MaxSkew = _options.MaxSkew ?? (_plan.IsChaos ? TimeSpan.FromSeconds(1) : TimeSpan.Zero),
        Clock = _options.Clock,
        ClockStep = _options.ClockStep,
        ChunkRecords = new ReplicaOptions().ChunkRecords,
        Network = new NetworkOptions
        {
            Latency = _options.Latency,
            ReplicasPerRegion = _plan.ReplicasPerRegion,
            Jitter = _options.Jitter ?? (_plan.IsChaos ? 0.2 : 0),
            BytesPerSecond = _options.BytesPerSecond,
            KeepsConnections = _options.KeepsConnections ?? true,
            Duplication = _plan.IsChaos ? 0.01 : 0,
            Reordering = _plan.IsChaos ? 0.05 : 0,
        },
        ConfigureStore = (index, store) => _options.NamesRegions
            ? store with { Region = _options.Latency.Regions[index / _plan.ReplicasPerRegion] }
            : store,
        ConfigureReplica = (_, replica) => Design(replica with { Peers = [.. replica.Peers.Select(static peer => peer with { Pid = (uint)peer.Port })] }),
    };

    private ReplicaOptions Design(ReplicaOptions replica) => _plan.IsRelay
        ? replica with { Dissemination = Dissemination.RegionRelay }
        : replica with { Selector = _options.Design, PauseAfterSession = _options.SessionPause };

    private void ScheduleWriters()
    {
        if (!_plan.HasWriters)
            return;
        var value = new byte[_options.ValueBytes];
        for (var region = 0; region < _options.Latency.Regions.Count; region++)
        {
            for (var writer = 0; writer < _options.WritersPerRegion; writer++)
            {
                var key = _plan.SharesKey ? 0 : (region * _options.WritersPerRegion) + writer;
                var replica = _cluster.Replicas[(region * _plan.ReplicasPerRegion) + writer];
                var at = region;
                _cluster.Time.At(StartSpread + (_plan.WriteInterval * _random.NextDouble()), () => Write(replica, at, key, value));
            }
        }
    }

    private void Write(SimulatedReplica replica, int region, int key, byte[] value)
    {
        if (_cluster.Time.Now >= _plan.End)
            return;
        var pause = _options.WritesAtRandom ? _plan.WriteInterval * -Math.Log(1 - _random.NextDouble()) : _plan.WriteInterval;
        _cluster.Time.After(pause, () => Write(replica, region, key, value));

        // Clients of a machine that does not answer do not write.
        if (!replica.IsRunning || replica.IsPaused)
            return;
        _random.NextBytes(value);
        var parent = _watch.Held(replica.Index, key);
        var version = replica.Store.Namespace(WriteWatch.Namespace).Put(WriteWatch.Key(key), value).Id;
        var isMeasured = _cluster.Time.Now >= _plan.WarmUp;
        _watch.Add(replica.Index, key, version, isMeasured);
        if (isMeasured)
            _forks.Add(key, region, parent, version);
    }

    private bool? Read(Random random)
    {
        var replica = _cluster.Replicas[random.Next(_cluster.Replicas.Count)];
        var key = random.Next(_watch.Keys);
        return replica.IsRunning ? _watch.IsStale(replica.Index, key) : null;
    }

    private void Finished(SimulatedReplica replica, ReplicaEffect.SessionFinished finished)
    {
        if (_cluster.Time.Now >= _plan.End || !finished.IsInitiator || finished.Address is null || finished.Report.Outcome == SyncOutcome.Superseded)
            return;
        var regions = _options.Latency.Regions;
        var worth = SessionWorth.From(finished.Report, regions[_cluster.Network.RegionOf(replica)], regions[_cluster.Network.RegionOf(_cluster.Network.Find(finished.Address))]);
        _choices.Rewarded(_cluster.Time.Now, _reward.Of(worth));
    }

    private ExperimentResult ResultOfTraffic()
    {
        var traffic = _cluster.Network.Traffic;
        var regions = _options.Latency.Regions;
        return new ExperimentResult(_options.Scenario, _options.Design, _options.Seed)
        {
            Messages = traffic.Messages,
            BytesCrossRegion = traffic.BytesCrossRegion,
            BytesTotal = traffic.Bytes,
            Traffic = [.. from one in Enumerable.Range(0, regions.Count) from other in Enumerable.Range(0, regions.Count) select new RegionTraffic(regions[one], regions[other], traffic.MessagesBetween(one, other), traffic.BytesBetween(one, other))],
        };
    }

    private ExperimentResult Result(ExperimentResult traffic)
    {
        var unseen = _watch.CountUnseen();
        var visibility = new Distribution(_watch.Visible.Select(static write => write.All!.Value.TotalMilliseconds));
        return traffic with
        {
            Writes = _watch.Visible.Count + unseen,
            Unseen = unseen,
            VisibilityMeanMs = visibility.Mean,
            VisibilityP50Ms = visibility.Quantile(0.5),
            VisibilityP99Ms = visibility.Quantile(0.99),
            T50Ms = new Distribution(_watch.Visible.Select(static write => write.Half!.Value.TotalMilliseconds)).Mean,
            T90Ms = new Distribution(_watch.Visible.Select(static write => write.NineTenths!.Value.TotalMilliseconds)).Mean,
            StaleReadFraction = _reads.Share,
            Forks = _forks.Forks,
            RelearnPushes = _options.Scenario == Scenarios.SlowRelay ? _relearn.Pushes() : null,
            HealMs = _watch.HealTime?.TotalMilliseconds,
            DirectBoundMs = _plan.SharesKey ? 0 : LatencyBounds.DirectMs(_options.Latency),
            RelayBoundMs = _plan switch
            {
                { SharesKey: true } => 0,
                { ReplicasPerRegion: 1 } => LatencyBounds.DirectMs(_options.Latency),
                _ => LatencyBounds.RelayMs(_options.Latency),
            },
            VisibilityQuantilesMs = visibility.Quantiles(),
            ArmWeights = _choices.Weights(),
            Rewards = _choices.Rewards(),
            ForkShares = _forks.Shares(),
        };
    }
}
