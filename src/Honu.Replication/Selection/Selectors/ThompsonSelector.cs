namespace Honu.Replication;

/// <summary>
/// Thompson sampling with Beta distributions over discounted rewards: Agrawal and Goyal, "Analysis of Thompson Sampling for the Multi-armed
/// Bandit Problem" (COLT 2012), discounted as by Raj and Kalyani, "Taming Non-stationary Bandits" (2017). Draws a plausible mean for each arm
/// and takes the largest.
/// </summary>
internal sealed class ThompsonSelector(double discount) : DiscountedSelector(discount)
{
    public const string SelectorName = "thompson";

    public override string Name => SelectorSpec.Name(SelectorName, Discount, DefaultDiscount);

    public override int Select(IReadOnlyList<PeerArm> arms, TimeSpan now, Random random) => Scores.Best(arms, random, arm =>
    {
        var (count, value) = Rewards[arm.Key];
        return Beta(1 + (count * value), 1 + (count * (1 - value)), random);
    });

    private static double Beta(double alpha, double beta, Random random)
    {
        var left = Gamma(alpha, random);
        return left / (left + Gamma(beta, random));
    }

    // Marsaglia and Tsang, "A Simple Method for Generating Gamma Variables" (2000), for shapes of at least 1.
    private static double Gamma(double shape, Random random)
    {
        var d = shape - (1.0 / 3);
        var c = 1 / Math.Sqrt(9 * d);
        while (true)
        {
            var normal = Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble());
            var v = 1 + (c * normal);
            if (v <= 0)
                continue;
            v = v * v * v;
            if (Math.Log(1 - random.NextDouble()) < (0.5 * normal * normal) + d - (d * v) + (d * Math.Log(v)))
                return d * v;
        }
    }
}
