namespace Honu.Replication;

/// <summary>
/// Exp3 of Auer, Cesa-Bianchi, Freund and Schapire, "The Nonstochastic Multiarmed Bandit Problem" (SIAM Journal on Computing 32, 2002): with
/// probability γ any arm, else each by its weight; a reward r of an arm chosen with probability p multiplies its weight by e^(γr/(pK)). It
/// assumes nothing about where rewards come from, and pays for that by learning slowly.
/// </summary>
internal sealed class Exp3Selector(double exploration) : IPeerSelector
{
    public const string SelectorName = "exp3";
    public const double DefaultExploration = 0.1;

    // An arm that was never any good for a long time must be able to come back.
    private const double LowestLogWeight = -6;

    // Weights are kept as logarithms, the greatest being 0: they grow without bound.
    private readonly Dictionary<string, double> _logWeights = new(StringComparer.Ordinal);

    // Probability of each arm times the number of arms that it was chosen among, pK: from when it could last be chosen.
    private readonly Dictionary<string, double> _shares = new(StringComparer.Ordinal);
    private readonly MeanTable _means = new();
    private double _newcomer;

    public string Name => SelectorSpec.Name(SelectorName, exploration, DefaultExploration);

    public int Select(IReadOnlyList<PeerArm> arms, TimeSpan now, Random random)
    {
        Span<double> weights = arms.Count <= 64 ? stackalloc double[arms.Count] : new double[arms.Count];
        var sum = 0.0;
        for (var i = 0; i < arms.Count; i++)
            sum += weights[i] = Math.Exp(LogWeight(arms[i].Key));
        for (var i = 0; i < arms.Count; i++)
        {
            weights[i] = ((1 - exploration) * weights[i] / sum) + (exploration / arms.Count);

            // For each that may be chosen: a rule beside the selector can take another one than this does.
            _shares[arms[i].Key] = weights[i] * arms.Count;
        }

        return Scores.Draw(weights, random);
    }

    public void Learn(PeerArm arm, double reward, TimeSpan now)
    {
        _means.Add(arm.Key, reward);
        _logWeights[arm.Key] = LogWeight(arm.Key) + (exploration * reward / _shares.GetValueOrDefault(arm.Key, 1));
        Normalize();
    }

    public ArmStatistics Describe(PeerArm arm, TimeSpan now) => _means[arm.Key];

    public IReadOnlyList<ArmState> Export(TimeSpan now) => [.. _means.Export().Select(arm => arm with { Weight = _logWeights.GetValueOrDefault(arm.Key) })];

    public void Import(IReadOnlyList<ArmState> state, TimeSpan now)
    {
        _means.Import(state);
        _logWeights.Clear();
        _shares.Clear();
        foreach (var arm in state)
            _logWeights[arm.Key] = arm.Weight;
        Normalize();
    }

    public void Retain(Func<string, bool> isWanted)
    {
        _means.Retain(isWanted);
        foreach (var key in _logWeights.Keys.Concat(_shares.Keys).Where(key => !isWanted(key)).ToList())
        {
            _logWeights.Remove(key);
            _shares.Remove(key);
        }
    }

    // Who comes later begins in the middle: the others have had their time to be told apart.
    private double LogWeight(string key)
    {
        if (_logWeights.TryGetValue(key, out var known))
            return known;
        return _logWeights[key] = _newcomer;
    }

    private void Normalize()
    {
        var greatest = _logWeights.Values.DefaultIfEmpty().Max();
        foreach (var key in _logWeights.Keys.ToList())
            _logWeights[key] = Math.Max(_logWeights[key] - greatest, LowestLogWeight);
        _newcomer = _logWeights.Values.DefaultIfEmpty().Average();
    }
}
