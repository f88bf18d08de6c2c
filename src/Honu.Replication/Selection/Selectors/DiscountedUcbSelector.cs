namespace Honu.Replication;

/// <summary>
/// Discounted UCB of Garivier and Moulines, "On Upper-Confidence Bound Policies for Switching Bandit Problems" (ALT 2011): as UCB1, over
/// rewards that count γ times less with each later one; the largest v + c·√(ln n / nᵢ).
/// </summary>
internal sealed class DiscountedUcbSelector(double discount) : DiscountedSelector(discount)
{
    public const string SelectorName = "discounted-ucb";

    // Rewards of neighbours differ by tenths; with the paper's 2·√ξ it would explore like uniform.
    private const double Exploration = 0.3;

    // About what is left of one reward when the others have had their turns many times: it says nothing any more.
    private const double Forgotten = 0.05;

    public override string Name => SelectorSpec.Name(SelectorName, Discount, DefaultDiscount);

    public override int Select(IReadOnlyList<PeerArm> arms, TimeSpan now, Random random)
    {
        var total = Math.Log(Math.Max(Rewards.TotalCount, Math.E));
        return Scores.Best(arms, random, arm => Rewards[arm.Key] is { Count: > Forgotten } seen ? seen.Value + (Exploration * Math.Sqrt(total / seen.Count)) : double.PositiveInfinity);
    }
}
