using Honu.TestKit;

namespace Honu.Replication.Tests.Selection;

/// <summary>That selectors learn: each plays bandits whose arms pay with known probabilities. The bounds are far from what a sound selector does, and from what a broken one does.</summary>
public class LearningTests
{
    private static readonly double[] Pays = [0.2, 0.3, 0.8, 0.1, 0.4, 0.2];

    /// <summary>Least part of the last choices that the best arm must have.</summary>
    [Theory]
    [InlineData("epsilon-greedy:0.1", 0.8)]
    [InlineData("annealing-epsilon-greedy", 0.75)]
    [InlineData("ucb1", 0.6)]
    [InlineData("discounted-ucb", 0.7)]
    [InlineData("thompson", 0.8)]
    [InlineData("softmax:0.1", 0.8)]
    [InlineData("exp3", 0.7)]
    [InlineData("two-level:0.1", 0.7)]
    public void Select_StationaryRewards_EndsWithTheBestArm(string spec, double least) => Seeds.Run(100, 5, seed =>
    {
        var random = new Random(seed);
        var (selector, _) = PeerSelectors.CreateBare(spec);
        var arms = Arms.Of(Pays.Length);
        Arms.Play(selector, arms, Pays, 5000, random);

        var late = Arms.Play(selector, arms, Pays, 1000, random);

        Assert.True(late[2] >= 1000 * least, $"{spec}: {string.Join(' ', late)}");
    });

    [Theory]
    [InlineData("discounted-ucb", 0.6)]
    [InlineData("thompson", 0.6)]
    public void Select_RewardsChange_Follows(string spec, double least) => Seeds.Run(200, 5, seed =>
    {
        var random = new Random(seed);
        var (selector, _) = PeerSelectors.CreateBare(spec);
        var arms = Arms.Of(Pays.Length);
        Arms.Play(selector, arms, Pays, 20_000, random);
        double[] turned = [.. Pays.Reverse()];
        Arms.Play(selector, arms, turned, 1500, random);

        var late = Arms.Play(selector, arms, turned, 1000, random);

        Assert.True(late[3] >= 1000 * least, $"{spec}: {string.Join(' ', late)}");
    });

    [Theory]
    [InlineData("ucb1")]
    [InlineData("discounted-ucb")]
    public void Select_ArmsThatWereNeverTried_ComeFirstAndInNoOrder(string spec) => Seeds.Run(300, 5, seed =>
    {
        var random = new Random(seed);
        var (selector, _) = PeerSelectors.CreateBare(spec);
        var arms = Arms.Of(20);
        var order = new List<int>();
        foreach (var _ in arms)
        {
            order.Add(selector.Select(arms, TimeSpan.Zero, random));
            selector.Learn(arms[order[^1]], 1, TimeSpan.Zero);
        }

        Assert.Equal(20, order.Distinct().Count());
        Assert.NotEqual(order.Order(), order);
    });

    [Fact]
    public void Ucb1_KnownCounts_TakesTheLargestBound()
    {
        var arms = Arms.Of(2);
        var (selector, _) = PeerSelectors.CreateBare("ucb1");
        selector.Import([new ArmState("peer:1", 90, 0.6), new ArmState("peer:2", 10, 0.1)], TimeSpan.Zero);

        // 0.6 + √(2 ln 100/90) = 0.9199; 0.1 + √(2 ln 100/10) = 1.0597. A hundred of each: 0.6 + 0.3255; 0.1 + 0.3255.
        var few = selector.Select(arms, TimeSpan.Zero, new Random(1));
        selector.Import([new ArmState("peer:1", 100, 0.6), new ArmState("peer:2", 100, 0.1)], TimeSpan.Zero);
        var many = selector.Select(arms, TimeSpan.Zero, new Random(1));

        Assert.Equal((1, 0), (few, many));
    }

    [Theory]
    [InlineData("ucb1")]
    [InlineData("discounted-ucb")]
    [InlineData("thompson")]
    public void Visit_OfAnArmThatNeverHasAnything_EndsTheCourting(string spec)
    {
        var seed = Seeds.Of(5);
        var random = new Random(seed);
        var (selector, _) = PeerSelectors.CreateBare(spec);
        var arms = Arms.Of(4);
        var empty = 0;
        for (var i = 0; i < 2000; i++)
        {
            var choice = selector.Select(arms, TimeSpan.Zero, random);
            if (choice == 0)
            {
                empty++;
                selector.Visit(arms[0], TimeSpan.Zero);
            }
            else
            {
                selector.Learn(arms[choice], 0.5, TimeSpan.Zero);
            }
        }

        // It is worth what the others are, as far as anybody knows.
        Assert.True(empty is > 50 and < 1200, $"HONU_SEED={seed}: {empty} of 2000.");
    }

    [Fact]
    public void DiscountedUcb_Rewards_FadeWithEachLaterOne()
    {
        var arms = Arms.Of(2);
        var (selector, _) = PeerSelectors.CreateBare("discounted-ucb:0.5");

        selector.Learn(arms[0], 1, TimeSpan.Zero);
        selector.Learn(arms[0], 0, TimeSpan.Zero);
        selector.Learn(arms[1], 1, TimeSpan.Zero);

        // Of the first arm: (1·0.25 + 0·0.5)/(0.25 + 0.5).
        Assert.Equal(new ArmStatistics(0.75, 0.25 / 0.75), selector.Describe(arms[0], TimeSpan.Zero));
        Assert.Equal(new ArmStatistics(1, 1), selector.Describe(arms[1], TimeSpan.Zero));
    }

    [Fact]
    public void Exp3_RewardOfAChoiceAmongOthers_CountsByTheirNumber()
    {
        var arms = Arms.Of(20);
        var (selector, _) = PeerSelectors.CreateBare("exp3:0.1");
        selector.Select(arms, TimeSpan.Zero, new Random(1));
        selector.Learn(arms[1], 1, TimeSpan.Zero);

        // Meanwhile one peer alone may be chosen, as when all others rest.
        selector.Select([arms[0]], TimeSpan.Zero, new Random(1));
        selector.Learn(arms[0], 1, TimeSpan.Zero);
        selector.Learn(arms[2], 1, TimeSpan.Zero);

        // Of equal arms each reward of 1 adds γ = 0.1 to the logarithm of a weight.
        Assert.Equal(0, selector.Export(TimeSpan.Zero).Max(static arm => arm.Weight), 12);
        Assert.All(selector.Export(TimeSpan.Zero), static arm => Assert.InRange(arm.Weight, -0.02, 0));
    }

    [Fact]
    public void Softmax_KnownValues_ChoosesByTheirExponentials()
    {
        const int Choices = 60_000;
        var seed = Seeds.Of(21);
        var random = new Random(seed);
        var arms = Arms.Of(3);
        var (selector, _) = PeerSelectors.CreateBare("softmax:0.5");
        selector.Import([new ArmState("peer:1", 1, 0.2), new ArmState("peer:3", 1, 0.8)], TimeSpan.Zero);

        var choices = Enumerable.Range(0, Choices).Select(_ => selector.Select(arms, TimeSpan.Zero, random)).ToList();

        // The second arm is not known and counts as the mean, 0.5.
        double[] weights = [Math.Exp(0.2 / 0.5), Math.Exp(0.5 / 0.5), Math.Exp(0.8 / 0.5)];
        var chiSquare = Arms.ChiSquare(choices, [.. weights.Select(weight => Choices * weight / weights.Sum())]);
        Assert.True(chiSquare < 13.8, $"HONU_SEED={seed}: chi-square {chiSquare:F1} with 2 degrees of freedom; 13.8 is exceeded once in a thousand.");
    }

    [Fact]
    public void Softmax_LowestTemperature_DoesNotOverflow()
    {
        var arms = Arms.Of(3);
        var (selector, _) = PeerSelectors.CreateBare("softmax:0.001");
        selector.Import([new ArmState("peer:1", 1, 0.2), new ArmState("peer:2", 1, 1), new ArmState("peer:3", 1, 0.9)], TimeSpan.Zero);

        Assert.Equal(1, selector.Select(arms, TimeSpan.Zero, new Random(1)));
    }

    [Fact]
    public void Exp3_OneReward_MultipliesTheWeightByThePapersFactor()
    {
        const int Choices = 60_000;
        var seed = Seeds.Of(22);
        var random = new Random(seed);
        var arms = Arms.Of(2);
        var (selector, _) = PeerSelectors.CreateBare("exp3:0.4");
        selector.Select(arms, TimeSpan.Zero, random);

        // p = 0.6·½ + 0.4/2 = ½, so the weight becomes e^(0.4·1/(½·2)) = e^0.4.
        selector.Learn(arms[1], 1, TimeSpan.Zero);
        var choices = Enumerable.Range(0, Choices).Select(_ => selector.Select(arms, TimeSpan.Zero, random)).ToList();

        var share = (0.6 * Math.Exp(0.4) / (1 + Math.Exp(0.4))) + 0.2;
        var chiSquare = Arms.ChiSquare(choices, [Choices * (1 - share), Choices * share]);
        Assert.True(chiSquare < 10.8, $"HONU_SEED={seed}: chi-square {chiSquare:F1} with 1 degree of freedom; 10.8 is exceeded once in a thousand.");
    }

    [Fact]
    public void Exp3_ManyRewards_KeepsItsWeightsFinite()
    {
        var arms = Arms.Of(3);
        var (selector, _) = PeerSelectors.CreateBare("exp3:1");
        for (var i = 0; i < 100_000; i++)
            selector.Learn(arms[0], 1, TimeSpan.Zero);

        Assert.All(selector.Export(TimeSpan.Zero), static arm => Assert.True(double.IsFinite(arm.Weight)));
        Assert.InRange(selector.Select(arms, TimeSpan.Zero, new Random(1)), 0, 2);
    }
}
