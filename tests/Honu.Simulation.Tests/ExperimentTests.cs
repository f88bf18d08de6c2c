using System.Globalization;

namespace Honu.Simulation.Tests;

/// <summary>Experiments with few replicas and for a short time: that each scenario does what it is there for, and that a seed is all that a run depends on.</summary>
public class ExperimentTests
{
    private const string Regions = """
        src,dst,oneway_sim_ms
        a,a,0.25
        a,b,10
        a,c,100
        b,a,10
        b,b,0.25
        b,c,50
        c,a,100
        c,b,50
        c,c,0.25
        """;

    // Sessions between the 45 replicas of the published experiment, over kept connections, in our own simulation of it: 1.59 s.
    [Fact]
    public void Light_UniformSessions_AreAsFastAsPublished()
    {
        var result = ExperimentRunner.Run(new ExperimentOptions { WarmUp = TimeSpan.FromSeconds(35), Duration = TimeSpan.FromSeconds(25) });

        Assert.InRange(result.Writes, 90, 98);
        Assert.Equal(0, result.Unseen);
        Assert.InRange(result.VisibilityMeanMs, 1400, 1900);
        Assert.InRange(result.VisibilityP99Ms, 1900, 2900);
        Assert.True(result.T50Ms < result.T90Ms && result.T90Ms < result.VisibilityMeanMs);
        Assert.InRange(result.StaleReadFraction, 0.1, 0.4);
        Assert.Equal(0, result.Forks);
        Assert.Equal(result.BytesTotal, result.Traffic.Sum(static traffic => traffic.Bytes));
        Assert.Equal(result.BytesCrossRegion, result.Traffic.Where(static traffic => traffic.From != traffic.To).Sum(static traffic => traffic.Bytes));
    }

    [Fact]
    public void SameSeed_GivesTheSameResult_AnotherSeedAnother()
    {
        var options = Small(Scenarios.Chaos) with { Duration = TimeSpan.FromSeconds(30) };

        var first = Text(ExperimentRunner.Run(options));

        Assert.Equal(first, Text(ExperimentRunner.Run(options)));
        Assert.NotEqual(first, Text(ExperimentRunner.Run(options with { Seed = 2 })));
    }

    [Theory]
    [InlineData("uniform", true)]
    [InlineData("region-relay", true)]
    [InlineData("region-relay", false)]
    public void Light_EveryWriteBecomesVisible(string design, bool namesRegions)
    {
        var result = ExperimentRunner.Run(Small(Scenarios.Light) with { Design = design, NamesRegions = namesRegions });

        Assert.InRange(result.Writes, 28, 31);
        Assert.Equal(0, result.Unseen);
        Assert.True(result.VisibilityMeanMs >= result.DirectBoundMs);
        Assert.Equal(101, result.VisibilityQuantilesMs.Count);
        Assert.Equal(3.0, result.ArmWeights.Sum(static weight => weight.Share), 6);
        Assert.All(result.Rewards, static point => Assert.InRange(point.Seconds, 0, 59));
        if (design == "region-relay")
            Assert.InRange(result.VisibilityMeanMs, result.DirectBoundMs, 1.25 * result.RelayBoundMs);
    }

    [Theory]
    [InlineData("paper")]
    [InlineData("novelty")]
    [InlineData("cost")]
    public void Designs_OfEverySelectorWithTheReward_Run(string reward)
    {
        // As they are written on the command line.
        string[] selectors = ["uniform", "epsilon-greedy:0.1", "annealing-epsilon-greedy", "ucb1", "discounted-ucb", "thompson", "softmax:0.3", "exp3", "two-level", "freshness"];
        foreach (var selector in selectors)
        {
            foreach (var scenario in (string[])[Scenarios.Light, Scenarios.Paper])
            {
                var result = ExperimentRunner.Run(Small(scenario) with { Design = $"{selector}@{reward}", WarmUp = TimeSpan.FromSeconds(5), Duration = TimeSpan.FromSeconds(10) });

                Assert.True(result is { Writes: > 0, Unseen: 0, VisibilityMeanMs: > 0 }, $"{scenario}, {result.Design}: {result}");
            }
        }
    }

    [Fact]
    public void Writes_ThatNotEverybodySaw_AreCountedAmongThem()
    {
        // No session gets through to where an answer takes two minutes.
        var far = LatencyMatrix.Read(new StringReader("src,dst,oneway_sim_ms\na,a,1\na,b,60000\nb,a,60000\nb,b,1\n"), "far");

        var result = ExperimentRunner.Run(Small(Scenarios.Light) with { Latency = far });

        Assert.InRange(result.Writes, 18, 21);
        Assert.Equal(result.Writes, result.Unseen);
    }

    [Fact]
    public void WritesAtRandom_ComeAtUnevenTimesAndAsOften()
    {
        var options = Small(Scenarios.Light) with { Design = "region-relay", WriteInterval = TimeSpan.FromMilliseconds(200), WritesAtRandom = true };

        var result = ExperimentRunner.Run(options);

        var expected = ExperimentRunner.Run(options with { WritesAtRandom = false }).Writes;
        Assert.NotEqual(expected, result.Writes);
        Assert.InRange(result.Writes, 0.8 * expected, 1.2 * expected);
        Assert.Equal(0, result.Unseen);
    }

    [Fact]
    public void Idle_NobodyWrites()
    {
        var result = ExperimentRunner.Run(Small(Scenarios.Idle));

        Assert.Equal(0, result.Writes);
        Assert.True(result.Messages > 0);
        Assert.Empty(result.VisibilityQuantilesMs);
    }

    [Fact]
    public void Load_WritersOfOneKey_MakeForks()
    {
        var result = ExperimentRunner.Run(Small(Scenarios.Load));

        Assert.InRange(result.Writes, 1150, 1210);
        Assert.Equal(0, result.Unseen);
        Assert.True(result.Forks > 20, $"{result.Forks} forks");

        // A later write from nearer by makes an earlier one visible: no latency bounds that.
        Assert.Equal((0, 0), (result.DirectBoundMs, result.RelayBoundMs));
        Assert.True(result.ForkShares.Sum(static share => share.Won) > 0);
        Assert.All(result.ForkShares, static share => Assert.InRange(share.Won, 0, share.TookPart));
    }

    [Fact]
    public void Loss_DelaysSessionsAndLosesNoWrite()
    {
        var light = ExperimentRunner.Run(Small(Scenarios.Light));
        var lossy = ExperimentRunner.Run(Small(Scenarios.Loss));

        Assert.Equal(0, lossy.Unseen);
        Assert.True(lossy.VisibilityMeanMs > 1.2 * light.VisibilityMeanMs);
    }

    [Fact]
    public void Partition_HealsSoonAfterItsEnd()
    {
        var result = ExperimentRunner.Run(Small(Scenarios.Partition) with { Duration = TimeSpan.FromSeconds(90) });

        Assert.Equal(0, result.Unseen);
        Assert.InRange(result.HealMs!.Value, 1, 10_000);
        Assert.InRange(result.VisibilityQuantilesMs[^1], 20_000, 45_000);
    }

    [Fact]
    public void Chaos_EndsWithEverythingVisible()
    {
        foreach (var design in (string[])["uniform", "region-relay"])
        {
            var result = ExperimentRunner.Run(Small(Scenarios.Chaos) with { Design = design, Duration = TimeSpan.FromSeconds(60) });

            Assert.Equal(0, result.Unseen);
            Assert.True(result.Writes > 20, $"{design}: {result.Writes} writes");
        }
    }

    [Fact]
    public void SlowRelay_IsLeft()
    {
        var result = ExperimentRunner.Run(Small(Scenarios.SlowRelay) with { Design = "region-relay", WriteInterval = TimeSpan.FromSeconds(1), Duration = TimeSpan.FromSeconds(80) });

        Assert.NotNull(result.RelearnPushes);
        Assert.InRange(result.RelearnPushes.Value, 0, 30);
    }

    [Fact]
    public void Swap_ChangesTheLatenciesOfTheSecondHalf()
    {
        // A relay does not mind who is where, and all regions write alike: sessions show it.
        var result = ExperimentRunner.Run(Small(Scenarios.Swap));

        Assert.Equal(0, result.Unseen);
        Assert.NotEqual(ExperimentRunner.Run(Small(Scenarios.Light)).VisibilityMeanMs, result.VisibilityMeanMs);
    }

    [Fact]
    public void Run_UnknownNamesOrNumbersOutOfRange_AreRefused()
    {
        Assert.Contains("slow-relay", Assert.Throws<ArgumentException>(() => ExperimentRunner.Run(Small("storm"))).Message, StringComparison.Ordinal);
        Assert.Contains("uniform", Assert.Throws<ArgumentException>(() => ExperimentRunner.Run(Small(Scenarios.Light) with { Design = "best" })).Message, StringComparison.Ordinal);
        Assert.Contains("Loss (1.5)", Assert.Throws<ArgumentException>(() => ExperimentRunner.Run(Small(Scenarios.Light) with { Loss = 1.5 })).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(Scenarios.Light)]
    [InlineData(Scenarios.Paper)]
    public void Run_NumbersOutOfRange_AreRefused(string scenario)
    {
        var options = Small(scenario);

        Assert.All(
            (ExperimentOptions[])
            [
                options with { WritersPerRegion = 4 },
                options with { ReplicasPerRegion = 0 },
                options with { Duration = TimeSpan.Zero },
                options with { WriteInterval = TimeSpan.Zero },
                options with { SessionPause = TimeSpan.FromTicks(-1) },
                options with { Jitter = -0.1 },
                options with { BytesPerSecond = 0 },
                options with { MaxSkew = TimeSpan.FromSeconds(-1) },
                options with { ClockStep = TimeSpan.FromSeconds(-1) },
            ],
            static wrong => Assert.Throws<ArgumentException>(() => ExperimentRunner.Run(wrong)));
    }

    [Fact]
    public void Run_Cancelled_EndsEarly()
    {
        using var cancellation = new CancellationTokenSource();
        var progress = new CancelAt(cancellation, 0.5);

        Assert.Throws<OperationCanceledException>(() => ExperimentRunner.Run(Small(Scenarios.Light), progress, cancellation.Token));

        Assert.InRange(progress.Last, 0.5, 0.6);
    }

    private static ExperimentOptions Small(string scenario) => new()
    {
        Scenario = scenario,
        Latency = LatencyMatrix.Read(new StringReader(Regions), "regions"),
        ReplicasPerRegion = 3,
        WarmUp = TimeSpan.FromSeconds(20),
        Duration = TimeSpan.FromSeconds(40),
    };

    private static string Text(ExperimentResult result) => string.Join(
        ' ',
        (string[])[result.ToString(), .. result.VisibilityQuantilesMs.Select(static value => value.ToString("R", CultureInfo.InvariantCulture)), .. result.Traffic.Select(static traffic => traffic.ToString()), .. result.Rewards.Select(static reward => reward.ToString())]);

    private sealed class CancelAt(CancellationTokenSource cancellation, double share) : IProgress<double>
    {
        public double Last { get; private set; }

        public void Report(double value)
        {
            Last = value;
            if (value >= share)
                cancellation.Cancel();
        }
    }
}
