namespace Honu.Simulation.Tests;

/// <summary>Sessions that move between replicas with tokens keep the four guarantees under partitions and crashes; replicas that ignore tokens are caught; and waits make replication hurry.</summary>
public class SessionGuaranteeTests
{
    private static int Runs => int.TryParse(Environment.GetEnvironmentVariable("HONU_RUNS"), out var runs) ? runs : 24;

    private static int FirstSeed => int.TryParse(Environment.GetEnvironmentVariable("HONU_SEED"), out var seed) ? seed : 1;

    [Fact]
    public void Run_WithTokens_KeepsTheGuaranteesForEverySeed()
    {
        var failures = new List<string>();
        int checks = 0, served = 0, marks = 0;
        Parallel.For(FirstSeed, FirstSeed + Runs, seed =>
        {
            var scenario = new SessionScenario(Options(seed));
            var violations = scenario.Run(TimeSpan.FromSeconds(15));
            lock (failures)
            {
                checks += scenario.Checker.Checked;
                served += scenario.Served;
                marks += scenario.MarksChecked;
                if (violations.Count > 0)
                    failures.Add($"HONU_SEED={seed}: {string.Join("; ", violations.Take(3))}");
            }
        });

        Assert.True(failures.Count == 0, $"{failures.Count} of {Runs} seeds failed:\n{string.Join("\n", failures.Take(10))}");
        Assert.True(checks > 50 * Runs, $"Only {checks} reads had something to be checked against.");
        Assert.True(served > Runs, $"Only {served} waits were served: the tokens were hardly needed.");
        Assert.True(marks > Runs, $"Only {marks} marks were known.");
    }

    [Theory]
    [InlineData("read your writes")]
    [InlineData("monotonic reads")]
    [InlineData("monotonic writes")]
    [InlineData("writes follow reads")]
    [InlineData("order of writes")]
    public void Run_WhereTokensAreIgnored_IsCaughtForEachGuarantee(string guarantee)
    {
        var caught = Enumerable.Range(1, 40).Any(seed =>
            new SessionScenario(Options(seed), ignoresTokens: true).Run(TimeSpan.FromSeconds(15)).Any(violation => violation.Contains(guarantee, StringComparison.Ordinal)));

        Assert.True(caught, $"No violation of \"{guarantee}\" was caught by any of 40 seeds.");
    }

    [Fact]
    public void Pull_OfAWriteThatAPeerHas_BringsItAtOnce()
    {
        var cluster = Calm();
        var written = cluster.Replicas[0].Store.Put("k"u8, "v"u8);
        var token = cluster.Replicas[0].Store.GetToken(written.Id);
        var reader = cluster.Replicas[2];
        Assert.False(reader.Store.Covers(token));

        reader.Pull(HonuStore.DefaultNamespace, token.Needs[HonuStore.DefaultNamespace]);
        cluster.Run(TimeSpan.FromMilliseconds(100));

        Assert.True(reader.Store.Covers(token));
    }

    [Fact]
    public void Push_OfAWrite_BringsItToAllPeersAtOnce()
    {
        var cluster = Calm();
        var written = cluster.Replicas[0].Store.Put("k"u8, "v"u8);

        cluster.Replicas[0].Push(HonuStore.DefaultNamespace, written.Id);
        cluster.Run(TimeSpan.FromMilliseconds(100));

        Assert.All(cluster.Replicas, replica => Assert.Equal("v"u8.ToArray(), replica.Store.Get("k"u8)));
    }

    [Fact]
    public void Refresh_WithAllPeersReached_TellsHowRecentAtOnce()
    {
        var cluster = Calm();
        var reader = cluster.Replicas[2];
        var upTo = reader.Now;

        reader.Refresh(upTo);
        cluster.Run(TimeSpan.FromMilliseconds(100));

        Assert.True(reader.CompleteUpTo(HonuStore.DefaultNamespace) >= upTo, $"{reader.CompleteUpTo(HonuStore.DefaultNamespace)} is before {upTo}.");
    }

    [Fact]
    public void Refresh_WithAPeerCutOff_DoesNotGetPastIt()
    {
        var cluster = Calm();
        var reader = cluster.Replicas[2];
        cluster.Network.SetCut(0, 1, isCut: true);
        cluster.Network.SetCut(0, 2, isCut: true);
        var upTo = reader.Now;

        reader.Refresh(upTo);
        cluster.Run(TimeSpan.FromSeconds(20));

        Assert.False(reader.CompleteUpTo(HonuStore.DefaultNamespace) >= upTo);
    }

    // A purged deletion has no version that a session could be checked for: purging is not the subject here.
    private static SimulationOptions Options(int seed) => ConvergenceScenario.HarshOptions(seed) with { Replicas = 4, PurgeInterval = TimeSpan.FromDays(1) };

    // Three replicas that are equal and have not written for long: their sessions are seconds apart.
    private static SimulatedCluster Calm()
    {
        var cluster = new SimulatedCluster(new SimulationOptions { Replicas = 3, MaxLatency = TimeSpan.FromMilliseconds(4) });
        cluster.StartAll();
        cluster.Replicas[0].Store.Put("k"u8, "before"u8);
        Assert.True(cluster.Settle(TimeSpan.FromMinutes(1)));
        cluster.Run(TimeSpan.FromMinutes(1));
        return cluster;
    }
}
