using System.Globalization;

namespace Honu.Replication;

/// <summary>
/// ε-greedy as in the paper (Bengfort, Xirogiannopoulos, Keleher, ICDCS 2018): with probability ε any arm, else the one with the largest mean
/// reward, the first of several.
/// </summary>
internal sealed class EpsilonGreedySelector(double epsilon) : MeanSelector
{
    public const string SelectorName = "epsilon-greedy";

    public override string Name => string.Create(CultureInfo.InvariantCulture, $"{SelectorName}:{epsilon}");

    public override int Select(IReadOnlyList<PeerArm> arms, TimeSpan now, Random random) =>
        random.NextDouble() < epsilon ? random.Next(arms.Count) : Means.Best(arms);
}
