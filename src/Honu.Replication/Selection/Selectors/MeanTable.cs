namespace Honu.Replication;

/// <summary>Means of rewards by key, as the paper computes them: n ← n + 1, v ← ((n − 1)/n)·v + r/n. A key without rewards has the value 0.</summary>
internal sealed class MeanTable
{
    // Groups of arms come from names that peers tell: there must be an end to them.
    private const int MaxKeys = 4096;

    private readonly Dictionary<string, ArmStatistics> _arms = new(StringComparer.Ordinal);

    /// <summary>The sum of all counts.</summary>
    public double TotalCount { get; private set; }

    /// <summary>The mean of all rewards; 0 when there are none.</summary>
    public double OverallMean => TotalCount > 0 ? _arms.Values.Sum(static arm => arm.Count * arm.Value) / TotalCount : 0;

    public ArmStatistics this[string key] => _arms.GetValueOrDefault(key);

    public void Add(string key, double reward)
    {
        if (_arms.Count >= MaxKeys && !_arms.ContainsKey(key))
            return;
        var (count, value) = _arms.GetValueOrDefault(key);
        count++;
        TotalCount++;
        _arms[key] = new ArmStatistics(count, ((count - 1) / count * value) + (reward / count));
    }

    /// <summary>The mean of the values of those that have one; 0 when none has.</summary>
    public double MeanValue(IReadOnlyList<PeerArm> arms)
    {
        var (known, sum) = (0, 0.0);
        foreach (var arm in arms)
        {
            if (this[arm.Key] is { Count: > 0 } seen)
                (known, sum) = (known + 1, sum + seen.Value);
        }

        return known == 0 ? 0 : sum / known;
    }

    /// <summary>The index with the largest value; of several the lowest.</summary>
    public int Best(IReadOnlyList<PeerArm> arms)
    {
        var best = 0;
        for (var i = 1; i < arms.Count; i++)
        {
            if (this[arms[i].Key].Value > this[arms[best].Key].Value)
                best = i;
        }

        return best;
    }

    public IReadOnlyList<ArmState> Export() =>
        [.. _arms.OrderBy(static arm => arm.Key, StringComparer.Ordinal).Select(static arm => new ArmState(arm.Key, arm.Value.Count, arm.Value.Value))];

    public void Import(IEnumerable<ArmState> state)
    {
        _arms.Clear();
        foreach (var arm in state)
            _arms[arm.Key] = new ArmStatistics(arm.Count, arm.Value);
        TotalCount = _arms.Values.Sum(static arm => arm.Count);
    }

    public void Retain(Func<string, bool> isWanted)
    {
        foreach (var key in _arms.Keys.Where(key => !isWanted(key)).ToList())
            _arms.Remove(key);
        TotalCount = _arms.Values.Sum(static arm => arm.Count);
    }
}
