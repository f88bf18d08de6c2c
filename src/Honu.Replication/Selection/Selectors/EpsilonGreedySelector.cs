namespace Honu.Replication;

/// <summary>
/// ε-greedy exactly as in the paper (Bengfort, Xirogiannopoulos, Keleher, "Anti-Entropy Bandits for Geo-Replicated Consistency", ICDCS 2018):
/// with probability ε any arm, else the one with the largest mean reward, the first of several.
/// </summary>
internal sealed class EpsilonGreedySelector(double epsilon) : MeanSelector
{
    public const string SelectorName = "epsilon-greedy";
    public const double DefaultEpsilon = 0.1;

    // Always with its parameter: the paper compares several.
    public override string Name => SelectorSpec.Name(SelectorName, epsilon, double.NaN);

    public override int Select(IReadOnlyList<PeerArm> arms, TimeSpan now, Random random) =>
        random.NextDouble() < epsilon ? random.Next(arms.Count) : Means.Best(arms);
}
