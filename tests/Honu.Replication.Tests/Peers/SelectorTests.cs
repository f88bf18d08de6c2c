using Honu.TestKit;

namespace Honu.Replication.Tests.Peers;

public class SelectorTests
{
    [Fact]
    public void Uniform_ManyChoices_AreEvenAndFollowFromTheSeed()
    {
        const int Choices = 60_000;
        PeerArm[] arms = [.. Enumerable.Range(1, 6).Select(static port => new PeerArm(new PeerAddress("peer", port)))];
        var seed = Seeds.Of(11);

        var first = Choose(arms, seed, Choices);
        var again = Choose(arms, seed, Choices);

        Assert.Equal(first, again);
        var counts = first.CountBy(static arm => arm).ToDictionary();
        var expected = Choices / (double)arms.Length;
        var chiSquare = Enumerable.Range(0, arms.Length).Sum(arm => Math.Pow(counts.GetValueOrDefault(arm) - expected, 2) / expected);
        Assert.True(chiSquare < 20.5, $"HONU_SEED={seed}: chi-square {chiSquare:F1} with 5 degrees of freedom; 20.5 is exceeded once in a thousand.");
    }

    [Fact]
    public void Create_UnknownName_ListsTheKnownOnes()
    {
        var error = Assert.Throws<ArgumentException>(() => PeerSelectors.Create("clairvoyant"));

        Assert.Contains("uniform", error.Message, StringComparison.Ordinal);
    }

    private static List<int> Choose(PeerArm[] arms, int seed, int choices)
    {
        var selector = PeerSelectors.Create("uniform");
        var random = new Random(seed);
        return [.. Enumerable.Range(0, choices).Select(_ => selector.Select(arms, TimeSpan.Zero, random))];
    }
}
