namespace Honu.Replication.Tests.Selection;

public class RewardTests
{
    private static readonly SessionWorth OneRecord = new() { Succeeded = true, Pulled = 1, Duration = TimeSpan.FromMilliseconds(90), BytesSent = 1024, BytesReceived = 3072, FromRegion = "a", ToRegion = "b" };

    [Fact]
    public void Novelty_OneRecordInNinetyMilliseconds_IsAHalf()
    {
        var (_, reward) = PeerSelectors.CreateBare("uniform@novelty");

        // n/(n + (90 + 10)/100).
        Assert.Equal(0.5, reward.Of(OneRecord), 12);
        Assert.Equal(0.75, reward.Of(OneRecord with { Pushed = 2 }), 12);
        Assert.Equal(1 / 1.2, reward.Of(OneRecord with { Duration = TimeSpan.FromMilliseconds(10) }), 12);
        Assert.Equal(0, reward.Of(OneRecord with { Pulled = 0 }));
        Assert.Equal(0, reward.Of(OneRecord with { Succeeded = false }));
    }

    [Fact]
    public void Cost_WithoutATable_CountsBytesBetweenRegionsOnly()
    {
        var (_, reward) = PeerSelectors.CreateBare("uniform@cost");

        // 4 KiB add 400 ms: 1/(1 + 5).
        Assert.Equal(1 / 6.0, reward.Of(OneRecord), 12);
        Assert.Equal(0.5, reward.Of(OneRecord with { ToRegion = "a" }), 12);
        Assert.Equal(0, reward.Of(OneRecord with { Succeeded = false }));
    }

    [Fact]
    public void Cost_WithATable_PaysEachDirectionAtItsPrice()
    {
        var prices = EgressPrices.Parse("from,to,price\na,b,0.02\nb,a,0.08\n");
        var (_, reward) = PeerSelectors.CreateBare("uniform@cost:2", prices);

        // 1 KiB at a quarter of the highest price and 3 KiB at the highest: 3.25 KiB, each 200 ms.
        Assert.Equal(1 / (1 + 1 + 6.5), reward.Of(OneRecord), 12);
    }

    [Fact]
    public void Cost_OfEqualNovelty_PrefersTheCheaperRegion()
    {
        var prices = EgressPrices.Parse("from,to,price\n*,*,0.02\ndear,*,0.15\n*,dear,0.02");
        var (_, reward) = PeerSelectors.CreateBare("uniform@cost", prices);

        Assert.True(reward.Of(OneRecord with { ToRegion = "cheap" }) > 2 * reward.Of(OneRecord with { ToRegion = "dear" }));
    }

    [Fact]
    public void Prices_Lookup_GoesFromThePairToAnyPair()
    {
        var prices = EgressPrices.Parse("# dollars per GB\nprice,to,from\n\n0.01, b , a\n0.02,*,a\n0.03,b,*\n0.005,a,a\r\n");

        Assert.Equal([0.01, 0.02, 0.03, 0.005, 0, 0.03], [prices.Of("a", "b"), prices.Of("a", "c"), prices.Of("c", "b"), prices.Of("a", "a"), prices.Of("c", "c"), prices.Of("c", "d")]);
        Assert.Equal(0.03, prices.Highest);
        Assert.Equal(0.09, EgressPrices.Parse("from,to,price\n*,*,0.09").Of("x", "y"));
        Assert.Equal((0, 1, 1), (EgressPrices.Default.Of("a", "a"), EgressPrices.Default.Of("a", "b"), EgressPrices.Default.Highest));
    }

    [Theory]
    [InlineData("cost")]
    [InlineData("cost:0")]
    public void Cost_AtTheHighestPricesThereAre_IsANumber(string name)
    {
        var (_, reward) = PeerSelectors.CreateBare($"uniform@{name}", EgressPrices.Parse("from,to,price\n*,*,1.7e308"));

        Assert.Equal(PeerSelectors.CreateBare($"uniform@{name}").Reward.Of(OneRecord), reward.Of(OneRecord), 12);
    }

    [Fact]
    public void Prices_AllZero_CostNothing()
    {
        var (_, reward) = PeerSelectors.CreateBare("uniform@cost", EgressPrices.Parse("from,to,price\n*,*,0"));

        Assert.Equal(0.5, reward.Of(OneRecord), 12);
    }

    [Theory]
    [InlineData("", "empty")]
    [InlineData("# nothing\n", "empty")]
    [InlineData("from,to\na,b", "Line 1 must name the columns from, to and price; it is \"from,to\".")]
    [InlineData("from,to,price\na,b,0.1\na,b,0.2", "Line 3 names a to b a second time.")]
    [InlineData("from,to,price\na,b", "Line 2 has no region or no price: \"a,b\".")]
    [InlineData("from,to,price\na,,1", "Line 2 has no region")]
    [InlineData("from,to,price\na,b,cheap", "Line 2: the price \"cheap\" is not a number of at least 0.")]
    [InlineData("from,to,price\na,b,-1", "Line 2: the price \"-1\"")]
    [InlineData("from,to,price\na,b,1e999", "Line 2: the price \"1e999\"")]
    [InlineData("from,to,price\na,b,NaN", "Line 2: the price \"NaN\"")]
    public void Prices_MalformedTable_NamesTheLine(string csv, string expected) =>
        Assert.Contains(expected, Assert.Throws<FormatException>(() => EgressPrices.Parse(csv)).Message, StringComparison.Ordinal);

    [Fact]
    public void Worth_OfAReport_CountsWhatChangedSomething()
    {
        var updates = default(UpdateCounts);
        updates.Add(UpdateKind.Linear, 2);
        updates.Add(UpdateKind.Stale, 3);
        updates.Add(UpdateKind.Duplicate, 1);
        var report = new SyncReport
        {
            Outcome = SyncOutcome.Completed,
            ObjectsReceived = 6,
            ObjectsSent = 4,
            Updates = updates,
            Duration = TimeSpan.FromMilliseconds(50),
            RoundTrip = TimeSpan.FromMilliseconds(20),
            BytesSent = 7,
            BytesReceived = 8,
        };

        var worth = SessionWorth.From(report, "a", "b");

        Assert.Equal(
            new SessionWorth
            {
                Succeeded = true,
                Pulled = 2,
                PullLatency = TimeSpan.FromMilliseconds(20),
                Pushed = 4,
                PushLatency = TimeSpan.FromMilliseconds(30),
                BytesSent = 7,
                BytesReceived = 8,
                Duration = TimeSpan.FromMilliseconds(50),
                FromRegion = "a",
                ToRegion = "b",
            },
            worth);
        Assert.Equal(TimeSpan.FromMilliseconds(40), SessionWorth.From(report with { RoundTrip = TimeSpan.FromMilliseconds(40) }, "a", "b").PushLatency);
        Assert.False(SessionWorth.From(report with { Outcome = SyncOutcome.Unreachable }, "a", "b").Succeeded);
    }
}
