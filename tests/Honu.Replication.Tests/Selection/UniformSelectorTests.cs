using Honu.TestKit;

namespace Honu.Replication.Tests.Selection;

public class UniformSelectorTests
{
    [Fact]
    public void Select_ManyChoices_AreEvenAndFollowFromTheSeed()
    {
        const int Choices = 60_000;
        var arms = Arms.Of(6);
        var seed = Seeds.Of(11);

        var first = Choose(arms, seed, Choices);
        var again = Choose(arms, seed, Choices);

        Assert.Equal(first, again);
        var chiSquare = Arms.ChiSquare(first, [.. arms.Select(_ => Choices / (double)arms.Count)]);
        Assert.True(chiSquare < 20.5, $"HONU_SEED={seed}: chi-square {chiSquare:F1} with 5 degrees of freedom; 20.5 is exceeded once in a thousand.");
    }

    [Fact]
    public void Select_AfterRewards_IsStillEven()
    {
        var arms = Arms.Of(2);
        var seed = Seeds.Of(12);
        var random = new Random(seed);
        var (selector, _) = PeerSelectors.CreateBare("uniform");
        selector.Learn(arms[0], 1, TimeSpan.Zero);

        var first = Enumerable.Range(0, 10_000).Count(_ => selector.Select(arms, TimeSpan.Zero, random) == 0);

        Assert.True(first is > 4800 and < 5200, $"HONU_SEED={seed}: {first} of 10,000.");
        Assert.Equal(new ArmStatistics(1, 1), selector.Describe(arms[0], TimeSpan.Zero));
        Assert.Empty(selector.Export(TimeSpan.Zero));
    }

    private static List<int> Choose(IReadOnlyList<PeerArm> arms, int seed, int choices)
    {
        var (selector, _) = PeerSelectors.CreateBare("uniform");
        var random = new Random(seed);
        return [.. Enumerable.Range(0, choices).Select(_ => selector.Select(arms, TimeSpan.Zero, random))];
    }
}
