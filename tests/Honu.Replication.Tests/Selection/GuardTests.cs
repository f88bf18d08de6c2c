using Honu.TestKit;

namespace Honu.Replication.Tests.Selection;

/// <summary>Each rule around a selector, with a selector that always wants the wrong thing.</summary>
public class GuardTests
{
    private static readonly TimeSpan Now = TimeSpan.FromMinutes(1);

    [Fact]
    public void Select_PeersWithASessionOrAtRest_AreNotChosen()
    {
        var guards = Guard(new Stubborn("peer:1"));
        var random = new Random(Seeds.Of(41));
        PeerArm[] arms = [.. Arms.Of(4)];
        arms[0] = arms[0] with { IsBusy = true };
        arms[2] = arms[2] with { RestsUntil = Now + TimeSpan.FromTicks(1) };
        arms[3] = arms[3] with { RestsUntil = Now };

        var choices = Enumerable.Range(0, 1000).Select(_ => guards.Select(arms, Now, random)).ToHashSet();

        Assert.Equal([1, 3], choices.Order());
        Assert.Equal(-1, guards.Select(arms[..1], Now, random));
        Assert.Equal(-1, guards.Select([], Now, random));
    }

    [Fact]
    public void Select_SelectorThatKnowsOnePeer_GivesItHalfAtMostOfAnySixteenChoices()
    {
        var random = new Random(Seeds.Of(42));
        var guards = Guard(new Stubborn("peer:3"));
        var arms = Arms.Of(6);

        var choices = Enumerable.Range(0, 2000).Select(_ => guards.Select(arms, Now, random)).ToList();

        for (var from = 0; from + SelectionGuards.ShareWindow <= choices.Count; from++)
            Assert.True(choices.Skip(from).Take(SelectionGuards.ShareWindow).Count(static choice => choice == 2) <= SelectionGuards.ShareCap, $"from {from}");
        Assert.True(choices.Count(static choice => choice == 2) > 800);
    }

    [Fact]
    public void Select_OnlyOnePeerLeft_MayHaveMoreThanItsShare()
    {
        var random = new Random(Seeds.Of(43));
        var guards = Guard(new Stubborn("peer:1"));
        PeerArm[] arms = [.. Arms.Of(2)];
        arms[1] = arms[1] with { IsBusy = true };

        Assert.All(Enumerable.Range(0, 100), _ => Assert.Equal(0, guards.Select(arms, Now, random)));
    }

    [Fact]
    public void Select_SelectorThatAvoidsAPeer_VisitsItWithinTenTimesAsManyChoicesAsPeers()
    {
        // Chance never helps: what visits the last peer is the cap on how long it may wait.
        var random = new NeverExploring();
        var guards = Guard(new Stubborn("peer:1", "peer:2"));
        var arms = Arms.Of(5);

        var choices = Enumerable.Range(0, 500).Select(_ => guards.Select(arms, Now, random)).ToList();

        foreach (var neglected in new[] { 2, 3, 4 })
        {
            int[] visits = [-1, .. Enumerable.Range(0, choices.Count).Where(i => choices[i] == neglected)];
            Assert.True(visits.Length > 500 / 53, $"peer {neglected} was visited {visits.Length - 1} times");
            Assert.All(visits.Zip(visits.Skip(1)), static gap => Assert.InRange(gap.Second - gap.First, 1, 53));
        }
    }

    [Fact]
    public void Select_SelectorThatAvoidsAPeer_ExploresEveryTwentiethTime()
    {
        var seed = Seeds.Of(44);
        var random = new Random(seed);
        var guards = Guard(new Stubborn("peer:1", "peer:2"));
        var arms = Arms.Of(10);

        var explored = Enumerable.Range(0, 20_000).Count(_ => guards.Select(arms, Now, random) > 1);

        // 0.05·8/10 of the choices; and each that nobody else visits is visited once in a hundred and more at the latest.
        Assert.True(explored is > 1200 and < 2400, $"HONU_SEED={seed}: {explored}");
        var floorOnly = 20_000 * SelectionGuards.ExplorationFloor * 8 / 10;
        Assert.True(explored > floorOnly, $"HONU_SEED={seed}: {explored} against {floorOnly}");
    }

    [Fact]
    public void Select_Exploring_IsUniform()
    {
        var guards = Guard(new Stubborn("peer:1"));

        // Below the floor the selector is not asked; the scripted chance then takes the last.
        Assert.Equal(3, guards.Select(Arms.Of(4), Now, new ScriptedRandom(SelectionGuards.ExplorationFloor - 1e-9)));
        Assert.Equal(0, guards.Select(Arms.Of(4), Now, new ScriptedRandom(SelectionGuards.ExplorationFloor)));
    }

    [Fact]
    public void Select_AddressesWhereNobodyHasAnswered_GetAQuarterAtMostWhileThereAreOthers()
    {
        var seed = Seeds.Of(45);
        var random = new Random(seed);
        var guards = Guard(PeerSelectors.CreateBare("uniform").Selector);
        PeerArm[] arms = [.. Arms.Of(8).Select(static (arm, i) => arm with { IsUnproven = i >= 2 })];

        var unproven = Enumerable.Range(0, 8000).Count(_ => guards.Select(arms, Now, random) >= 2);

        // A quarter of the choices is among all, of which six of eight are unproven.
        Assert.True(unproven is > 1200 and < 1900, $"HONU_SEED={seed}: {unproven} of 8000");
        Assert.InRange(guards.Select(arms[2..], Now, random), 0, 5);
    }

    [Fact]
    public void Select_PeersComeAndGo_AreChosenByTheirOwnNames()
    {
        var random = new NeverExploring();
        var guards = PeerSelectors.Create("epsilon-greedy:0");
        var arms = Arms.Of(3);
        guards.Learn(arms[2], 0.9, Now);

        var all = guards.Select(arms, Now, random);
        var without = guards.Select([arms[1], arms[2]], Now, random);
        var gone = guards.Select([arms[0], arms[1]], Now, random);
        guards.Retain(key => key != "peer:3");
        var back = guards.Select(arms, Now, random);

        Assert.Equal([2, 1, 0, 0], [all, without, gone, back]);
        Assert.Equal(new ArmSnapshot(0, 0, 0, 0, null), guards.Snapshot(arms[2], Now));
    }

    [Fact]
    public void Trim_ManyPeersHaveGone_ForgetsThem()
    {
        var guards = PeerSelectors.Create("thompson");
        var (before, now) = (Arms.Of(40), Arms.Of(10));
        foreach (var arm in before)
            guards.Learn(arm, 0.5, Now);

        guards.Trim(13, static _ => false);
        var few = guards.Export(Now).Count;
        guards.Trim(now.Count, key => now.Any(arm => arm.Key == key));

        Assert.Equal((40, 10), (few, guards.Export(Now).Count));
        Assert.Equal(0.5, guards.Describe(now[9], Now).Value);
    }

    [Theory]
    [InlineData(double.NaN)]
    [InlineData(-0.01)]
    [InlineData(1.01)]
    [InlineData(double.PositiveInfinity)]
    public void Learn_NoReward_IsRefused(double reward)
    {
        var guards = PeerSelectors.Create("softmax");

        Assert.Throws<ArgumentOutOfRangeException>(() => guards.Learn(Arms.Of(1)[0], reward, Now));
        Assert.Equal(default, guards.Describe(Arms.Of(1)[0], Now));
    }

    [Fact]
    public void Judge_SessionThatFoundNothingOrFailed_IsNotPunished()
    {
        var arms = Arms.Of(2);
        var guards = PeerSelectors.Create("epsilon-greedy");
        var good = new SessionWorth { Succeeded = true, Pulled = 1, PullLatency = TimeSpan.FromMilliseconds(1) };

        var learned = guards.Judge(arms[0], good, Now);
        var empty = guards.Judge(arms[0], good with { Pulled = 0 }, Now);
        var failed = guards.Judge(arms[0], good with { Succeeded = false }, Now);

        Assert.Equal(0.45, learned!.Value, 12);
        Assert.Null(empty);
        Assert.Null(failed);
        var arm = guards.Snapshot(arms[0], Now);
        Assert.Equal((1, 0.45, 0.45), (arm.Count, Math.Round(arm.Value, 12), Math.Round(arm.LastReward!.Value, 12)));
    }

    [Fact]
    public void Judge_SessionThatFoundNothing_StillCountsAsATryWhereTriesCount()
    {
        var arms = Arms.Of(2);
        var guards = PeerSelectors.Create("ucb1");
        guards.Learn(arms[1], 0.5, Now);

        guards.Judge(arms[0], new SessionWorth { Succeeded = true }, Now);

        Assert.Equal(new ArmStatistics(1, 0.5), guards.Describe(arms[0], Now));
    }

    [Fact]
    public void Snapshot_Shares_AddUpToOne()
    {
        var random = new Random(Seeds.Of(46));
        var guards = Guard(new Stubborn("peer:1"));
        var arms = Arms.Of(4);

        foreach (var choices in new[] { 4, 40, 1000 })
        {
            for (var i = 0; i < choices; i++)
                guards.Select(arms, Now, random);
            Assert.Equal(1, arms.Sum(arm => guards.Snapshot(arm, Now).Share), 9);
        }

        Assert.Equal(1044, arms.Sum(arm => guards.Snapshot(arm, Now).Selections));
        Assert.InRange(guards.Snapshot(arms[0], Now).Share, 0.4, 0.6);
    }

    [Fact]
    public void Bare_Selector_HasNoRules()
    {
        var (selector, _) = PeerSelectors.CreateBare("epsilon-greedy:0");
        PeerArm[] arms = [.. Arms.Of(2)];
        arms[0] = arms[0] with { IsBusy = true, RestsUntil = TimeSpan.MaxValue };

        Assert.All(Enumerable.Range(0, 100), _ => Assert.Equal(0, selector.Select(arms, Now, new Random(1))));
    }

    private static SelectionGuards Guard(IPeerSelector inner) => new(inner, new PaperReward());

    /// <summary>Chance that is never below a floor.</summary>
    private sealed class NeverExploring() : Random(7)
    {
        public override double NextDouble() => 0.999;
    }

    /// <summary>Wants the first of its favourites that may be chosen, else the first of all.</summary>
    private sealed class Stubborn(params string[] favourites) : IPeerSelector
    {
        public string Name => "stubborn";

        public int Select(IReadOnlyList<PeerArm> arms, TimeSpan now, Random random)
        {
            foreach (var favourite in favourites)
            {
                if (arms.Select(static arm => arm.Key).ToList().IndexOf(favourite) is >= 0 and var found)
                    return found;
            }

            return 0;
        }

        public void Learn(PeerArm arm, double reward, TimeSpan now)
        {
        }

        public ArmStatistics Describe(PeerArm arm, TimeSpan now) => default;

        public IReadOnlyList<ArmState> Export(TimeSpan now) => [];

        public void Import(IReadOnlyList<ArmState> state, TimeSpan now)
        {
        }

        public void Retain(Func<string, bool> isWanted)
        {
        }
    }
}
