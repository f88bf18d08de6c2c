namespace Honu.Replication.Tests.Rumors;

/// <summary>The way of a write through regions: one push to a relay of each, which hands it on.</summary>
public sealed class DisseminationTests
{
    private static readonly string[] ThreeRegions = ["a", "a", "a", "b", "b", "b", "c", "c", "c"];

    [Fact]
    public void Put_AfterQuietTime_IsVisibleEverywhereAfterOneWay()
    {
        using var network = new RumorNetwork(ThreeRegions).Start();

        network[1].Put("k", "v");
        var milliseconds = network.RunUntil(() => network.IsVisible("k", "v"));

        // 2 ms until the flush, 50 ms to the relays, 0.25 ms to their neighbours.
        Assert.InRange(milliseconds, 52, 53);
        Assert.Equal(2, network.FarPushes.Count());
    }

    [Fact]
    public void Put_WithoutRegionNames_TravelsTheSameWay()
    {
        using var network = new RumorNetwork(ThreeRegions, namesRegions: false).Start(30);

        network[1].Put("k", "v");
        var milliseconds = network.RunUntil(() => network.IsVisible("k", "v"));

        Assert.InRange(milliseconds, 52, 53);
        Assert.Equal(2, network.FarPushes.Count());
        Assert.Equal("~4", network[6].Machine.Rumors!.Region);
    }

    // One packet in five is lost, answers too.
    [Fact]
    public void Put_OnLossyLinks_IsSentAgainUntilItIsVisibleEverywhere()
    {
        var random = new Random(1);
        string[] regions = [.. "abcdefgh".SelectMany(static name => Enumerable.Repeat(name.ToString(), 3))];
        using var network = new RumorNetwork(regions).Start();
        network.RefusesSessions = true;
        network.Loses = () => random.NextDouble() < 0.2;
        var times = new List<double>();
        for (var i = 0; i < 60; i++)
        {
            network[1].Put("k", $"{i}");
            times.Add(network.RunUntil(() => network.IsVisible("k", $"{i}")));
            network.Run(2000);
        }

        // The longest of sixty is chance: of ten seeds one or two have one that takes a second.
        times.Sort();
        Assert.True(times[30] < 150 && times[^2] < 600 && times[^1] < 1200, $"The median is {times[30]} ms, the longest are {times[^2]} and {times[^1]} ms.");
    }
}
