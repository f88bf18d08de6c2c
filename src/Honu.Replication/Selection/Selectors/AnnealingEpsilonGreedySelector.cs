namespace Honu.Replication;

/// <summary>ε-greedy with ε = 1/ln(1 + n + 10⁻⁷) after n rewards, as in the paper (Bengfort, Xirogiannopoulos, Keleher, ICDCS 2018).</summary>
internal sealed class AnnealingEpsilonGreedySelector : MeanSelector
{
    public const string SelectorName = "annealing-epsilon-greedy";

    public override string Name => SelectorName;

    public override int Select(IReadOnlyList<PeerArm> arms, TimeSpan now, Random random) =>
        random.NextDouble() < 1 / Math.Log(1 + Means.TotalCount + 1e-7) ? random.Next(arms.Count) : Means.Best(arms);
}
