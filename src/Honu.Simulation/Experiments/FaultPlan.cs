namespace Honu.Simulation;

/// <summary>What goes wrong in a scenario, and when.</summary>
internal sealed class FaultPlan(ScenarioPlan plan, SimulatedCluster cluster, WriteWatch watch, RelearnMeter relearn, Random random)
{
    private static readonly TimeSpan Slowness = TimeSpan.FromMilliseconds(400);

    private NetworkFaults Faults => cluster.Network.Faults;

    private int Regions => plan.Options.Latency.Regions.Count;

    public void Schedule()
    {
        switch (plan.Options.Scenario)
        {
            case Scenarios.Partition:
                ScheduleCut();
                break;
            case Scenarios.Swap:
                cluster.Time.At(plan.Middle, SwapRegions);
                break;
            case Scenarios.SlowRelay:
                cluster.Time.At(plan.Middle, SlowRelay);
                break;
            case Scenarios.Chaos:
                cluster.Time.At(plan.WarmUp, Disturb);
                break;
        }
    }

    /// <summary>Ends all faults, so that everything can become visible.</summary>
    public void End()
    {
        Faults.Heal();
        Faults.Loss = 0;
        foreach (var replica in cluster.Replicas)
            Faults.SetSlow(replica.Index, TimeSpan.Zero);
        cluster.StartAll();
    }

    private void ScheduleCut()
    {
        var region = random.Next(Regions);
        var begin = plan.Middle - (plan.CutTime / 2);
        cluster.Time.At(begin, () => Faults.CutRegion(region, isCut: true));
        cluster.Time.At(begin + plan.CutTime, () =>
        {
            Faults.CutRegion(region, isCut: false);
            watch.Healed();
        });
    }

    // The two whose latencies differ the most: what was learned of them is as wrong as can be.
    private void SwapRegions()
    {
        var latency = plan.Options.Latency;
        var pairs = from one in Enumerable.Range(0, Regions)
                    from other in Enumerable.Range(one + 1, Regions - one - 1)
                    orderby Enumerable.Range(0, Regions).Sum(to => Math.Abs(latency.OneWayMs(one, to) - latency.OneWayMs(other, to))) descending
                    select (one, other);
        foreach (var (one, other) in pairs.Take(1))
            Faults.SwapRegions(one, other);
    }

    private void SlowRelay()
    {
        var slow = relearn.Busiest() ?? cluster.Replicas[random.Next(cluster.Replicas.Count)].Index;
        Faults.SetSlow(slow, Slowness);
        relearn.Slowed(slow);
    }

    private void Disturb()
    {
        if (cluster.Time.Now >= plan.End)
            return;
        var replica = cluster.Replicas[random.Next(cluster.Replicas.Count)];
        var other = cluster.Replicas[random.Next(cluster.Replicas.Count)];
        switch (random.Next(10))
        {
            case 0:
                Faults.CutRegion(random.Next(Regions), isCut: true);
                break;
            case 1:
                Faults.CutRegions(random.Next(Regions), random.Next(Regions), isCut: true);
                break;
            case 2:
                Faults.CutOneWay(replica.Index, other.Index, isCut: true);
                break;
            case 3 or 4:
                Faults.Heal();
                break;
            case 5:
                replica.Pause(Seconds(3));
                break;
            case 6 when replica.IsRunning:
                replica.Kill();
                cluster.Time.After(Seconds(10), () => StartAgain(replica));
                break;
            case 7 when replica.IsRunning:
                replica.LosePower();
                cluster.Time.After(Seconds(10), () => StartAgain(replica));
                break;
            case 8:
                Faults.SetSlow(replica.Index, TimeSpan.FromMilliseconds(random.Next(500)));
                cluster.Time.After(Seconds(20), () => Faults.SetSlow(replica.Index, TimeSpan.Zero));
                break;
        }

        cluster.Time.After(Seconds(4), Disturb);
    }

    private static void StartAgain(SimulatedReplica replica)
    {
        if (!replica.IsRunning)
            replica.Start();
    }

    private TimeSpan Seconds(int most) => TimeSpan.FromSeconds(most * random.NextDouble());
}
