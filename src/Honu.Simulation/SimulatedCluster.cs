namespace Honu.Simulation;

/// <summary>Real replicas in one thread, in virtual time, over a simulated network: the same seed gives the same run.</summary>
public sealed class SimulatedCluster
{
    /// <summary>Sets the machines up and starts them.</summary>
    public SimulatedCluster(SimulationOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        Options = options;
        Random = new Random(options.Seed);
        Network = new SimulatedNetwork(Time, options, Random);
        Replicas = [.. Enumerable.Range(0, options.Replicas).Select(index => new SimulatedReplica(index, Time, Network, options, Random))];
    }

    /// <summary>What is simulated.</summary>
    public SimulationOptions Options { get; }

    /// <summary>The one source of random choices.</summary>
    public Random Random { get; }

    /// <summary>The cluster's time.</summary>
    public VirtualTime Time { get; } = new();

    /// <summary>The cluster's network.</summary>
    public SimulatedNetwork Network { get; }

    /// <summary>The machines.</summary>
    public IReadOnlyList<SimulatedReplica> Replicas { get; }

    /// <summary>Starts every machine that is down.</summary>
    public void StartAll()
    {
        foreach (var replica in Replicas.Where(replica => !replica.IsRunning))
            replica.Start();
    }

    /// <summary>Lets time pass.</summary>
    public void Run(TimeSpan duration) => Time.RunUntil(Time.Now + duration);

    /// <summary>Ends all faults, then lets time pass until all summaries are equal.</summary>
    /// <returns>Whether that happened within <paramref name="limit"/>.</returns>
    public bool Settle(TimeSpan limit)
    {
        Network.IsLossy = false;
        Network.Heal();
        StartAll();
        var end = Time.Now + limit;
        while (Time.Now < end)
        {
            Run(TimeSpan.FromMilliseconds(250));
            if (IsConverged)
                return true;
        }

        return false;
    }

    /// <summary>Whether all running replicas have equal summaries.</summary>
    public bool IsConverged
    {
        get
        {
            var first = Summary(Replicas[0]);
            return Replicas.All(replica => Summary(replica) == first);
        }
    }

    /// <summary>Closes all stores.</summary>
    public void Close()
    {
        foreach (var replica in Replicas)
        {
            if (replica.IsRunning)
                replica.Close();
            replica.Discard();
        }
    }

    private static string Summary(SimulatedReplica replica) => !replica.IsRunning ? "down" : string.Join(
        ';',
        replica.Store.Replication.Summaries().OrderBy(static pair => pair.Key, StringComparer.Ordinal).Select(static pair => pair.Key + "=" + Convert.ToHexString(pair.Value)));
}
