using Honu.TestKit;

namespace Honu.Simulation.Tests;

/// <summary>The model of the published experiment: its times, its order of versions, and that the published figures come out of it.</summary>
public class PaperExperimentTests
{
    // Two regions, 100 ms from each other.
    private const string FarApart = "src,dst,oneway_sim_ms\nA,A,0.25\nA,B,100\nB,A,100\nB,B,0.25\n";

    [Fact]
    public void Run_AllStrategies_ComeNearThePublishedRatios()
    {
        var means = PaperExperiment.Published.ToDictionary(
            static figure => figure.Design, static figure => PaperExperiment.Run(Options(figure.Design, PaperExperiment.UsualDuration)).VisibilityMeanMs);

        // One seed here, and its spread; ten seeds are in docs/dissemination.md.
        Assert.InRange(means["uniform"], 2300, 2500);
        Assert.All(PaperExperiment.Published, figure =>
        {
            var published = figure.VisibilityMeanMs / PaperExperiment.Published[0].VisibilityMeanMs;
            Assert.InRange(means[figure.Design] / means["uniform"], published - 0.06, published + 0.06);
        });
    }

    [Fact]
    public void Run_SameSeed_GivesTheSameResult()
    {
        var first = Short("epsilon-greedy:0.2", 7, seconds: 20);
        var again = Short("epsilon-greedy:0.2", 7, seconds: 20);
        var other = Short("epsilon-greedy:0.2", 8, seconds: 20);

        Assert.Equal(Figures(first), Figures(again));
        Assert.Equal(first.VisibilityQuantilesMs, again.VisibilityQuantilesMs);
        Assert.Equal(first.Traffic, again.Traffic);
        Assert.NotEqual(Figures(first), Figures(other));
    }

    [Fact]
    public void Run_EveryWrite_IsMeasuredAndSeen()
    {
        var result = Short("uniform", Seeds.Of(1));

        Assert.Equal((15 * 15, 0), (result.Writes, result.Unseen));
        Assert.True(result.T50Ms < result.T90Ms && result.T90Ms < result.VisibilityMeanMs);
        Assert.InRange(result.StaleReadFraction, 0.1, 0.9);
        Assert.Equal(result.Traffic.Sum(static pair => pair.Bytes), result.BytesTotal);
        Assert.Equal(result.Traffic.Sum(static pair => pair.Messages), result.Messages);
        Assert.Equal(result.Traffic.Where(static pair => pair.From != pair.To).Sum(static pair => pair.Bytes), result.BytesCrossRegion);
    }

    [Fact]
    public void Run_TwoReplicas_TakesDialPullPushAndPause()
    {
        var latency = LatencyMatrix.Read(new StringReader(FarApart), "test");

        // Without load hardly a session finds anything: dial 300 ms, pull 201 ms, pause 125 ms, and two messages each.
        var result = PaperExperiment.Run(
            Options("uniform", TimeSpan.FromMinutes(10)) with { Latency = latency, ReplicasPerRegion = 1, WriteInterval = TimeSpan.FromMinutes(5), WarmUp = TimeSpan.Zero });

        Assert.InRange(result.Messages, 2 * 2 * 600 / 0.626 * 0.97, 2 * 2 * 600 / 0.626 * 1.03);
    }

    [Fact]
    public void Run_WithKeptConnections_SavesTheDial()
    {
        var latency = LatencyMatrix.Read(new StringReader(FarApart), "test");

        var result = PaperExperiment.Run(Options("uniform", TimeSpan.FromMinutes(10)) with
        {
            Latency = latency,
            ReplicasPerRegion = 1,
            WriteInterval = TimeSpan.FromMinutes(5),
            WarmUp = TimeSpan.Zero,
            KeepsConnections = true,
        });

        Assert.InRange(result.Messages, 2 * 2 * 600 / 0.326 * 0.97, 2 * 2 * 600 / 0.326 * 1.03);
    }

    [Fact]
    public void Run_GreedyStrategy_LearnsToStayNear()
    {
        var uniform = Short("uniform", 1).ArmWeights;
        var greedy = Short("epsilon-greedy:0.2", 1).ArmWeights;

        Assert.InRange(Near(uniform), 1.5 / 44, 2.5 / 44);
        Assert.InRange(Near(greedy), 0.2, 0.9);

        static double Near(IReadOnlyList<ArmWeight> weights) => weights.Where(static arm => arm.From == arm.To).Sum(static arm => arm.Share) / 15;
    }

    [Fact]
    public void Run_Cancelled_Ends()
    {
        using var cancellation = new CancellationTokenSource();
        var progress = new CancelAtHalf(cancellation);

        Assert.Throws<OperationCanceledException>(() => PaperExperiment.Run(Options("uniform", TimeSpan.FromSeconds(60)) with { WarmUp = TimeSpan.Zero }, progress, cancellation.Token));
        Assert.InRange(progress.Last, 0.5, 0.6);
    }

    [Theory]
    [InlineData("region-relay")]
    [InlineData("epsilon-greedy:x")]
    public void Run_OfNoStrategy_IsRefused(string design) => Assert.Throws<ArgumentException>(() => Short(design, 1));

    [Fact]
    public void IsLaterThan_EqualScalars_HigherPidWins()
    {
        Assert.True(new PaperVersion(2, 1).IsLaterThan(new PaperVersion(1, 9)));
        Assert.True(new PaperVersion(2, 9).IsLaterThan(new PaperVersion(2, 1)));
        Assert.False(new PaperVersion(2, 1).IsLaterThan(new PaperVersion(2, 1)));
    }

    [Fact]
    public void Put_OfARemoteVersion_MovesTheClock()
    {
        var store = new PaperStore(pid: 1, keys: 2, new PaperVisibility(2, 3));

        Assert.True(store.Put(0, new PaperVersion(41, 2), TimeSpan.Zero));
        Assert.False(store.Put(0, new PaperVersion(40, 3), TimeSpan.Zero));
        var written = store.Write(1, TimeSpan.Zero);

        Assert.Equal(new PaperVersion(42, 1), written);
    }

    [Fact]
    public void Stored_ByHalfNineTenthsAndAll_TakesTheTimes()
    {
        var visibility = new PaperVisibility(keys: 1, replicas: 10);
        var version = new PaperVersion(5, 1);
        visibility.Stored(0, default, version, TimeSpan.Zero);
        visibility.Begin(0, version, TimeSpan.Zero);
        for (var holder = 2; holder <= 9; holder++)
            visibility.Stored(0, default, version, TimeSpan.FromMilliseconds(holder * 10));

        // The last one gets a later version instead, which counts as well; someone who had it already does not count again.
        visibility.Stored(0, version, new PaperVersion(6, 2), TimeSpan.FromMilliseconds(95));
        Assert.Equal(1, visibility.Unseen);
        visibility.Stored(0, default, new PaperVersion(6, 2), TimeSpan.FromMilliseconds(100));

        Assert.Equal([(50, 90, 100)], visibility.Times);
        Assert.Equal(0, visibility.Unseen);
    }

    [Fact]
    public void PullRequest_OfTwoVersions_HasTheLengthOfItsProtobuf()
    {
        // Frame 5; per key: map entry 2, key 2 + 3, version 2 + (1 + varint) + (1 + varint).
        PaperVersion[] view = [new(1, 1), new(300, 2), default];

        Assert.Equal(5 + (2 + 5 + 2 + 4) + (2 + 5 + 2 + 5), PaperMessages.PullRequest(view));
    }

    private static ExperimentOptions Options(string design, TimeSpan duration) => new() { Scenario = Scenarios.Paper, Design = design, Duration = duration };

    private static ExperimentResult Short(string design, int seed, int seconds = 60) =>
        PaperExperiment.Run(Options(design, TimeSpan.FromSeconds(seconds)) with { Seed = seed, WarmUp = TimeSpan.FromSeconds(seconds) });

    private static double?[] Figures(ExperimentResult result) => [.. Metric.All.Select(metric => metric.Of(result))];

    private sealed class CancelAtHalf(CancellationTokenSource cancellation) : IProgress<double>
    {
        public double Last { get; private set; }

        public void Report(double value)
        {
            Last = value;
            if (value >= 0.5)
                cancellation.Cancel();
        }
    }
}
