namespace Honu.Replication.Tests.Rumors;

/// <summary>The end of a cut: the first sign of life brings everything, where tries are a second apart.</summary>
public sealed class RevivalTests
{
    private static readonly string[] ThreeRegions = ["a", "a", "a", "b", "b", "b", "c", "c", "c"];

    [Theory]
    [InlineData(0)]
    [InlineData(170)]
    [InlineData(340)]
    [InlineData(510)]
    [InlineData(680)]
    [InlineData(850)]
    public void CutRegion_AfterTheFirstPushThatArrives_HasEverythingSoon(int phaseMs)
    {
        using var network = Ready();
        network.IsCut = static (from, to) => from.Region == "c" != (to.Region == "c");
        foreach (var writer in (int[])[1, 4, 7])
        {
            network.Run(137);
            network[writer].Put($"k{writer}", "v");
        }

        network.Run(30_000 + phaseMs);
        network.IsCut = static (_, _) => false;
        network.Pushes.Clear();
        network.RunUntil(() => network.IsVisible("k1", "v") && network.IsVisible("k4", "v") && network.IsVisible("k7", "v"));
        var first = network.Pushes.First(static push => push.From.Region == "c" != (push.To.Region == "c")).At;

        // There and back, what was sent just before the heal has its time, and there once more.
        Assert.InRange((network.Now - first).TotalMilliseconds, 0, 350);
    }

    // The regions are not equally far, so that the tries for them do not fall together.
    [Theory]
    [InlineData(0)]
    [InlineData(250)]
    [InlineData(500)]
    [InlineData(750)]
    public void CutWriter_AfterTheFirstAnswer_ReachesTheOtherRegionsToo(int phaseMs)
    {
        using var network = Ready(static (one, other) => TimeSpan.FromMilliseconds(one == "b" || other == "b" ? 65 : 50));
        network.IsCut = static (from, to) => from.Region == "c" != (to.Region == "c");
        network[7].Put("k", "v");

        network.Run(30_000 + phaseMs);
        network.IsCut = static (_, _) => false;
        network.Pushes.Clear();
        network.RunUntil(() => network.IsVisible("k", "v"));

        Assert.InRange((network.Now - network.FarPushes.First().At).TotalMilliseconds, 0, 250);
    }

    [Fact]
    public void Revive_AfterFailures_MakesTheNextTryDueEarlierButNotAgainAtOnce()
    {
        var region = new Region("c");
        region.Peers.Add(new RumorPeer(1) { Address = new PeerAddress("node", 1, 1) });
        region.Peers[0].RoundTrip.Add(TimeSpan.FromMilliseconds(100));
        var lane = new RegionLane(region, new RumorOptions()) { Failures = 2, Detour = region };
        lane.Outstanding.Add(new SentRumors([], TimeSpan.Zero, isFirstTry: true));

        lane.Revive(TimeSpan.FromSeconds(1));
        Assert.Equal((2, region), (lane.Failures, lane.Detour));

        lane.Failures = 8;
        lane.Revive(TimeSpan.FromSeconds(2));
        Assert.Equal((1, null), (lane.Failures, lane.Detour));
        Assert.Equal(TimeSpan.FromMilliseconds(189), lane.RetryDue);

        lane.Failures = 8;
        lane.Revive(TimeSpan.FromSeconds(11));
        Assert.Equal(8, lane.Failures);
        lane.Revive(TimeSpan.FromSeconds(12));
        Assert.Equal(1, lane.Failures);
    }

    private static RumorNetwork Ready(Func<string, string, TimeSpan>? delay = null)
    {
        var network = new RumorNetwork(ThreeRegions, delay: delay).Start();
        foreach (var node in network.Nodes)
        {
            node.Put($"hello {node.Pid}", "hello");
            network.Run(400);
        }

        network.Run(2000);
        network.RefusesSessions = true;
        return network;
    }
}
