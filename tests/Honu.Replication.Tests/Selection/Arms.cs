namespace Honu.Replication.Tests.Selection;

/// <summary>Arms of tests, and chance that a test decides.</summary>
internal static class Arms
{
    /// <summary>Peers <c>peer:1</c>, <c>peer:2</c>, ….</summary>
    public static IReadOnlyList<PeerArm> Of(int count) => [.. Enumerable.Range(1, count).Select(static port => new PeerArm(new PeerAddress("peer", port)))];

    /// <summary>How far counts of choices are from what was expected.</summary>
    public static double ChiSquare(IEnumerable<int> choices, IReadOnlyList<double> expected)
    {
        var counts = choices.CountBy(static arm => arm).ToDictionary();
        return Enumerable.Range(0, expected.Count).Sum(arm => Math.Pow(counts.GetValueOrDefault(arm) - expected[arm], 2) / expected[arm]);
    }

    /// <summary>Plays a bandit: arm i pays 1 with the probability of its place, else 0.</summary>
    /// <returns>How often each was chosen.</returns>
    public static int[] Play(IPeerSelector selector, IReadOnlyList<PeerArm> arms, IReadOnlyList<double> pays, int choices, Random random)
    {
        var counts = new int[arms.Count];
        for (var i = 0; i < choices; i++)
        {
            var choice = selector.Select(arms, TimeSpan.Zero, random);
            counts[choice]++;
            selector.Learn(arms[choice], random.NextDouble() < pays[choice] ? 1 : 0, TimeSpan.Zero);
        }

        return counts;
    }
}

/// <summary>Chance as a test writes it down: numbers for <see cref="NextDouble"/>, and for <see cref="Next(int)"/> the last one.</summary>
internal sealed class ScriptedRandom(params double[] numbers) : Random(0)
{
    private int _next;

    public override double NextDouble() => numbers[_next++];

    public override int Next(int maxValue) => maxValue - 1;
}
