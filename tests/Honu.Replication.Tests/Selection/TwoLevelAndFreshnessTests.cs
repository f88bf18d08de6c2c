using Honu.TestKit;

namespace Honu.Replication.Tests.Selection;

public class TwoLevelAndFreshnessTests
{
    private static readonly TimeSpan Now = TimeSpan.FromMinutes(1);

    [Fact]
    public void TwoLevel_RewardOfOnePeer_CountsForItsRegion()
    {
        var (selector, _) = PeerSelectors.CreateBare("two-level:0");
        PeerArm[] arms = [.. Arms.Of(6).Select(static (arm, i) => arm with { Region = i < 3 ? "east" : "west" })];
        selector.Learn(arms[0], 0.5, Now);
        selector.Learn(arms[4], 0.6, Now);
        selector.Learn(arms[4], 0.2, Now);

        // East 0.5, west 0.4; then the best of the east.
        var first = selector.Select(arms, Now, new Random(1));
        selector.Learn(arms[5], 1, Now);
        var second = selector.Select(arms, Now, new Random(1));
        var withoutThem = selector.Select(arms[..5], Now, new Random(1));

        // West (0.6 + 0.2 + 1)/3 = 0.6.
        Assert.Equal([0, 5, 4], [first, second, withoutThem]);
    }

    [Fact]
    public void TwoLevel_AlwaysExploring_GivesRegionsAndNotPeersEqualShares()
    {
        const int Choices = 20_000;
        var seed = Seeds.Of(31);
        var random = new Random(seed);
        var (selector, _) = PeerSelectors.CreateBare("two-level:1");
        PeerArm[] arms = [.. Arms.Of(5).Select(static (arm, i) => arm with { Region = i < 1 ? "small" : "large" })];

        var choices = Enumerable.Range(0, Choices).Select(_ => selector.Select(arms, Now, random)).ToList();

        var chiSquare = Arms.ChiSquare(choices, [Choices / 2.0, .. Enumerable.Repeat(Choices / 8.0, 4)]);
        Assert.True(chiSquare < 18.5, $"HONU_SEED={seed}: chi-square {chiSquare:F1} with 4 degrees of freedom; 18.5 is exceeded once in a thousand.");
    }

    [Theory]
    [InlineData(0.2, 4.9, true)]
    [InlineData(4, 6, false)]
    [InlineData(11, 19, true)]
    [InlineData(19, 21, false)]
    [InlineData(85, 155, true)]
    [InlineData(0.2, 85, false)]
    public void TwoLevel_WithoutNames_DistanceMakesTheRegion(double oneMs, double otherMs, bool isSame)
    {
        var arms = Arms.Of(2);
        string RegionAt(int i, double ms) => TwoLevelSelector.RegionOf(arms[i] with { RoundTrip = TimeSpan.FromMilliseconds(ms) });

        Assert.Equal(isSame, RegionAt(0, oneMs) == RegionAt(1, otherMs));
        Assert.NotEqual(TwoLevelSelector.RegionOf(arms[0]), RegionAt(0, oneMs));
        Assert.Equal("/east%2Fa", TwoLevelSelector.RegionOf(arms[0] with { Region = "east/a", RoundTrip = TimeSpan.FromMilliseconds(oneMs) }));
    }

    [Fact]
    public void TwoLevel_Exported_ComesBackWithItsRegions()
    {
        var (selector, _) = PeerSelectors.CreateBare("two-level:0");
        PeerArm[] arms = [.. Arms.Of(4).Select(static (arm, i) => arm with { Region = i < 2 ? "east" : "west" })];
        selector.Learn(arms[3], 0.5, Now);
        var (other, _) = PeerSelectors.CreateBare("two-level:0");

        other.Import(selector.Export(Now), Now);

        Assert.Equal(["/west", "peer:4"], other.Export(Now).Select(static arm => arm.Key));
        Assert.Equal(3, other.Select(arms, Now, new Random(2)));
        Assert.Equal(2, other.Select(arms[..3], Now, new Random(2)));
    }

    [Fact]
    public void Freshness_ExpectedNews_CountsByTheTimeItTakes()
    {
        var (selector, _) = PeerSelectors.CreateBare("freshness:0");
        PeerArm Arm(int i, double? news, double? ms) => Arms.Of(3)[i] with { ExpectedNews = news, RoundTrip = ms is { } m ? TimeSpan.FromMilliseconds(m) : null };

        // 1/(20 + 250 ms) against 1.5/(180 + 250 ms) and 6/(180 + 250 ms); who is not known comes first.
        var near = selector.Select([Arm(0, 1, 20), Arm(1, 1.5, 180)], Now, new Random(1));
        var far = selector.Select([Arm(0, 1, 20), Arm(1, 6, 180)], Now, new Random(1));
        var unknown = selector.Select([Arm(0, 1, 20), Arm(1, 6, 180), Arm(2, null, null)], Now, new Random(1));

        Assert.True(selector.WantsNews);
        Assert.Equal([0, 1, 2], [near, far, unknown]);
    }

    [Fact]
    public void Freshness_PeersThatDidNotAnswer_ComeLast()
    {
        var (selector, _) = PeerSelectors.CreateBare("freshness:0");
        PeerArm Arm(int i, double? news) => Arms.Of(3)[i] with { ExpectedNews = news, RoundTrip = TimeSpan.FromMilliseconds(20) };
        var rested = Now - TimeSpan.FromSeconds(1);

        // What they must have by now grows for as long as they are away.
        PeerArm[] arms = [Arm(0, 50) with { RestsUntil = rested }, Arm(1, 0.1), Arm(2, null) with { RestsUntil = rested }];
        var choices = Enumerable.Range(0, 100).Select(seed => selector.Select(arms, Now, new Random(seed))).Distinct();

        Assert.Equal([1], choices);
        Assert.Equal(0, selector.Select([arms[0]], Now, new Random(1)));
    }
}
