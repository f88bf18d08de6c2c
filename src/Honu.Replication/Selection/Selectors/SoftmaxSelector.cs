namespace Honu.Replication;

/// <summary>
/// Softmax, or Boltzmann exploration (Sutton and Barto, "Reinforcement Learning", 1998, section 2.3): each arm with a probability that grows
/// with e^(v/T). A small T is greedy, a large one uniform. An arm without rewards counts as the mean of the others.
/// </summary>
internal sealed class SoftmaxSelector(double temperature) : MeanSelector
{
    public const string SelectorName = "softmax";
    public const double DefaultTemperature = 0.3;

    public override string Name => SelectorSpec.Name(SelectorName, temperature, DefaultTemperature);

    public override int Select(IReadOnlyList<PeerArm> arms, TimeSpan now, Random random)
    {
        var mean = Means.MeanValue(arms);
        Span<double> weights = arms.Count <= 64 ? stackalloc double[arms.Count] : new double[arms.Count];
        var greatest = double.NegativeInfinity;
        for (var i = 0; i < arms.Count; i++)
        {
            weights[i] = Means[arms[i].Key] is { Count: > 0 } seen ? seen.Value : mean;
            greatest = Math.Max(greatest, weights[i]);
        }

        // Relative to the greatest, or a low temperature would overflow.
        foreach (ref var weight in weights)
            weight = Math.Exp((weight - greatest) / temperature);
        return Scores.Draw(weights, random);
    }
}
