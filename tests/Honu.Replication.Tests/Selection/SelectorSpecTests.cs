namespace Honu.Replication.Tests.Selection;

public class SelectorSpecTests
{
    public static TheoryData<string> AllNames => [.. PeerSelectors.Names];

    [Fact]
    public void Names_OfSelectorsAndRewards_AreThose()
    {
        Assert.Equal(
            ["uniform", "epsilon-greedy", "annealing-epsilon-greedy", "ucb1", "discounted-ucb", "thompson", "softmax", "exp3", "two-level", "freshness"],
            PeerSelectors.Names);
        Assert.Equal(["paper", "novelty", "cost"], PeerSelectors.RewardNames);
    }

    [Theory]
    [InlineData("uniform", "uniform", "paper")]
    [InlineData("epsilon-greedy:0.5", "epsilon-greedy:0.5", "paper")]
    [InlineData("softmax:0.3@novelty", "softmax", "novelty")]
    [InlineData("softmax:0.05@paper", "softmax:0.05", "paper")]
    [InlineData("two-level@cost", "two-level", "cost")]
    [InlineData("thompson:0.99@cost:2.5", "thompson:0.99", "cost:2.5")]
    [InlineData("discounted-ucb:1e0", "discounted-ucb:1", "paper")]
    public void Create_Spec_NamesSelectorAndReward(string spec, string selector, string reward)
    {
        var guarded = PeerSelectors.Create(spec);

        Assert.Equal((selector, reward), (guarded.Name, guarded.Reward.Name));
    }

    [Theory]
    [MemberData(nameof(AllNames))]
    public void Create_NameOfASelector_IsASpecAgain(string name)
    {
        var selector = PeerSelectors.Create(name);

        Assert.Equal(selector.Name, PeerSelectors.Create(selector.Name).Name);
        Assert.StartsWith(name, selector.Name, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("clairvoyant", "There is no selector \"clairvoyant\"; there are: uniform, epsilon-greedy, ")]
    [InlineData("", "There is no selector \"\"; there are: uniform, ")]
    [InlineData("uniform@luck", "There is no reward \"luck\"; there are: paper, novelty, cost.")]
    [InlineData("uniform@", "There is no reward \"\"; there are: paper, ")]
    [InlineData("uniform:3", "The selector uniform has no parameter.")]
    [InlineData("uniform@paper:1", "The reward paper has no parameter.")]
    [InlineData("epsilon-greedy:1.5", "The parameter of the selector epsilon-greedy (1.5) must be between 0 and 1; without one it is 0.1.")]
    [InlineData("epsilon-greedy:-0", "")]
    [InlineData("softmax:0", "must be between 0.001 and 1000")]
    [InlineData("epsilon-greedy:much", "is not a number")]
    [InlineData("epsilon-greedy:", "is not a number")]
    [InlineData("epsilon-greedy:NaN", "is not a number")]
    [InlineData("epsilon-greedy:0,5", "is not a number")]
    [InlineData("thompson@cost:x", "is not a number")]
    public void Validate_BadSpec_SaysWhatThereIs(string spec, string expected)
    {
        var failures = ReplicaOptionsValidator.Validate(new ReplicaOptions { Selector = spec });

        if (expected.Length == 0)
        {
            Assert.Empty(failures);
            return;
        }

        Assert.Contains(expected, Assert.Single(failures), StringComparison.Ordinal);
        Assert.Contains(expected, Assert.Throws<ArgumentException>(() => PeerSelectors.Create(spec)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Options_OfSelection_HaveTheseDefaults()
    {
        var options = new ReplicaOptions();

        Assert.Equal("uniform", options.Selector);
        Assert.Null(options.EgressPrices);
        Assert.Null(options.PauseAfterSession);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(-1)]
    [InlineData(90_000)]
    public void Validate_PauseOutOfRange_Fails(int seconds) =>
        Assert.Contains("PauseAfterSession", Assert.Single(ReplicaOptionsValidator.Validate(new ReplicaOptions { PauseAfterSession = TimeSpan.FromSeconds(seconds) })), StringComparison.Ordinal);
}
