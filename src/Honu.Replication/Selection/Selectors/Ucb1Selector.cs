namespace Honu.Replication;

/// <summary>
/// UCB1 of Auer, Cesa-Bianchi and Fischer, "Finite-time Analysis of the Multiarmed Bandit Problem" (Machine Learning 47, 2002): first every
/// arm once, then the one with the largest v + c·√(2 ln n / nᵢ); c = 1 is theirs.
/// </summary>
internal sealed class Ucb1Selector(double exploration) : MeanSelector
{
    public const string SelectorName = "ucb1";
    public const double DefaultExploration = 1;

    public override string Name => SelectorSpec.Name(SelectorName, exploration, DefaultExploration);

    public override int Select(IReadOnlyList<PeerArm> arms, TimeSpan now, Random random)
    {
        // Below e there would be no logarithm to speak of; only restored counts are that small.
        var total = 2 * Math.Log(Math.Max(Means.TotalCount, Math.E));
        return Scores.Best(arms, random, arm => Means[arm.Key] is { Count: > 0 } seen ? seen.Value + (exploration * Math.Sqrt(total / seen.Count)) : double.PositiveInfinity);
    }

    /// <summary>Counts as a reward of what was expected, so that an arm which never has anything is not courted for ever.</summary>
    public override void Visit(PeerArm arm, TimeSpan now)
    {
        if (Means[arm.Key] is { Count: > 0 } seen)
            Means.Add(arm.Key, seen.Value);
        else if (Means.TotalCount > 0)
            Means.Add(arm.Key, Means.OverallMean);
    }
}
