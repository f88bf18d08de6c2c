namespace Honu.Replication.Tests.Selection;

/// <summary>The selectors and the reward of the paper, by values computed by hand.</summary>
public class PaperTests
{
    private static readonly TimeSpan Now = TimeSpan.FromSeconds(1);

    [Fact]
    public void EpsilonGreedy_Rewards_MakeThePapersMeans()
    {
        var arms = Arms.Of(2);
        var (selector, _) = PeerSelectors.CreateBare("epsilon-greedy:0.2");
        var values = new List<double>();

        foreach (var reward in new[] { 0.8, 0.2, 0.5, 0.0 })
        {
            selector.Learn(arms[0], reward, Now);
            values.Add(selector.Describe(arms[0], Now).Value);
        }

        // 0.8; 0.8/2 + 0.2/2; 0.5·2/3 + 0.5/3; 0.5·3/4 + 0.
        Assert.Equal([0.8, 0.5, 0.5, 0.375], values.Select(static value => Math.Round(value, 12)));
        Assert.Equal(4, selector.Describe(arms[0], Now).Count);
        Assert.Equal(default, selector.Describe(arms[1], Now));
    }

    [Fact]
    public void EpsilonGreedy_BelowEpsilon_TakesAnyElseTheBestAndOfEqualOnesTheFirst()
    {
        var arms = Arms.Of(4);
        var (selector, _) = PeerSelectors.CreateBare("epsilon-greedy:0.2");
        var random = new ScriptedRandom(0.2, 0.2, 0.2, 0.1999, 0.2);

        var atFirst = selector.Select(arms, Now, random);
        selector.Learn(arms[2], 0.5, Now);
        var afterOne = selector.Select(arms, Now, random);
        selector.Learn(arms[1], 0.5, Now);
        var afterTie = selector.Select(arms, Now, random);
        var exploring = selector.Select(arms, Now, random);
        selector.Learn(arms[1], 0.4, Now);
        var afterWorse = selector.Select(arms, Now, random);

        Assert.Equal([0, 2, 1, 3, 2], [atFirst, afterOne, afterTie, exploring, afterWorse]);
    }

    [Fact]
    public void EpsilonGreedy_WithoutAParameter_ExploresEveryTenthTime()
    {
        var (selector, _) = PeerSelectors.CreateBare("epsilon-greedy");
        var random = new ScriptedRandom(0.0999, 0.1);

        Assert.Equal("epsilon-greedy:0.1", selector.Name);
        Assert.Equal([3, 0], [selector.Select(Arms.Of(4), Now, random), selector.Select(Arms.Of(4), Now, random)]);
    }

    [Fact]
    public void Annealing_NineRewards_ExploresWithOneByTheLogarithmOfTen()
    {
        var arms = Arms.Of(3);
        var (selector, _) = PeerSelectors.CreateBare("annealing-epsilon-greedy");
        for (var i = 0; i < 9; i++)
            selector.Learn(arms[i % 2], i % 2, Now);

        // 1/ln(10.0000001) = 0.43429447…
        var below = selector.Select(arms, Now, new ScriptedRandom(0.434294));
        var above = selector.Select(arms, Now, new ScriptedRandom(0.434295));

        Assert.Equal((2, 1), (below, above));
    }

    [Fact]
    public void Annealing_UpToTwoRewards_AlmostAlwaysExplores()
    {
        var arms = Arms.Of(3);
        var (selector, _) = PeerSelectors.CreateBare("annealing-epsilon-greedy");
        var random = new ScriptedRandom(0.999999, 0.999999, 0.9102, 0.9103);
        var choices = new List<int> { selector.Select(arms, Now, random) };

        // One: 1/ln 2 = 1.44. Two: 1/ln 3 = 0.91024.
        foreach (var _ in Enumerable.Range(0, 2))
        {
            selector.Learn(arms[1], 1, Now);
            choices.Add(selector.Select(arms, Now, random));
        }

        choices.Add(selector.Select(arms, Now, random));
        Assert.Equal([2, 2, 2, 1], choices);
    }

    [Theory]
    [InlineData(1, 4.999, 0, 0, 0.45)]
    [InlineData(1, 5, 0, 0, 0.35)]
    [InlineData(1, 100, 0, 0, 0.35)]
    [InlineData(1, 100.001, 0, 0, 0.25)]
    [InlineData(2, 200, 0, 0, 0.30)]
    [InlineData(0, 200, 1, 200, 0.50)]
    [InlineData(0, 200, 2, 200, 0.55)]
    [InlineData(1, 4, 1, 5, 0.80)]
    [InlineData(1, 50, 1, 4, 0.80)]
    [InlineData(2, 4, 2, 4, 1.00)]
    [InlineData(9, 4, 9, 101, 0.80)]
    [InlineData(0, 1, 0, 1, 0.00)]
    public void Reward_OfASession_IsThePapers(int pulled, double pullMs, int pushed, double pushMs, double expected)
    {
        var (_, reward) = PeerSelectors.CreateBare("uniform@paper");
        var worth = new SessionWorth { Succeeded = true, Pulled = pulled, PullLatency = TimeSpan.FromMilliseconds(pullMs), Pushed = pushed, PushLatency = TimeSpan.FromMilliseconds(pushMs) };

        Assert.Equal(expected, reward.Of(worth), 12);
        Assert.Equal(0, reward.Of(worth with { Succeeded = false }));
    }

    [Fact]
    public void Reward_OfChoosingItself_IsMinusOne()
    {
        Assert.Equal(-1, PaperReward.Self);
    }
}
