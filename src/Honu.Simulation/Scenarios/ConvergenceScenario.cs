using System.Globalization;
using System.Text;

namespace Honu.Simulation;

/// <summary>Random writes under loss, cuts, kills and power losses; then peace, in which everything must converge.</summary>
public static class ConvergenceScenario
{
    private static readonly string[] Namespaces = ["people", "people::x"];

    /// <summary>The faults and clocks under which the scenario runs: coarse and skewed clocks, links that break, latencies that let links overtake each other.</summary>
    public static SimulationOptions HarshOptions(int seed) => new()
    {
        Seed = seed,
        Loss = 0.03,
        MaxSkew = TimeSpan.FromSeconds(5),
        ClockStep = TimeSpan.FromMilliseconds(100),
        Clock = seed % 4 == 0 ? VersionClock.Lamport : VersionClock.Hybrid,
    };

    /// <summary>Runs the scenario.</summary>
    /// <param name="options">What is simulated.</param>
    /// <param name="duration">How long it is harsh.</param>
    /// <returns>The violations found; empty when all is well.</returns>
    public static IReadOnlyCollection<string> Run(SimulationOptions options, TimeSpan duration)
    {
        var ledger = new WriteLedger();
        var cluster = new SimulatedCluster(options);
        var checker = new ClusterChecker(cluster, ledger);
        cluster.StartAll();

        var end = cluster.Time.Now + duration;
        while (cluster.Time.Now < end)
        {
            cluster.Run(TimeSpan.FromMilliseconds(cluster.Random.Next(200)));
            Step(cluster, ledger);
        }

        cluster.Settle(TimeSpan.FromMinutes(2));
        checker.CheckSettled();
        return checker.Violations;
    }

    private static void Step(SimulatedCluster cluster, WriteLedger ledger)
    {
        var random = cluster.Random;
        var replica = cluster.Replicas[random.Next(cluster.Replicas.Count)];
        switch (random.Next(100))
        {
            case < 70:
                if (replica.IsRunning)
                    Write(replica, random, ledger);
                break;
            case < 78:
                cluster.Network.SetCut(replica.Index, random.Next(cluster.Replicas.Count), isCut: true);
                break;
            case < 88:
                cluster.Network.Heal();
                break;
            case < 92:
                if (replica.IsRunning)
                    replica.Kill();
                break;
            case < 95:
                if (replica.IsRunning)
                    replica.LosePower();
                break;
            default:
                cluster.StartAll();
                break;
        }
    }

    private static void Write(SimulatedReplica replica, Random random, WriteLedger ledger)
    {
        var ns = Namespaces[random.Next(Namespaces.Length)];
        var key = "k" + random.Next(12).ToString(CultureInfo.InvariantCulture);
        var bytes = Encoding.UTF8.GetBytes(key);
        var isWritten = true;
        var options = random.Next(5) == 0 ? WriteOptions.Synced : default;
        if (random.Next(4) == 0)
        {
            isWritten = replica.Store.Namespace(ns).Delete(bytes, out var tombstone, options);
            if (isWritten)
                ledger.Add(replica.Index, ns, key, tombstone.Id, value: null);
        }
        else
        {
            var value = random.Next().ToString(CultureInfo.InvariantCulture);
            ledger.Add(replica.Index, ns, key, replica.Store.Namespace(ns).Put(bytes, Encoding.UTF8.GetBytes(value), options).Id, value);
        }

        // A synced write is durable when it returns; what was written before it may stand in an older log.
        if (isWritten && options.Durability == Durability.Synced)
            ledger.MarkLastDurable();
    }
}
