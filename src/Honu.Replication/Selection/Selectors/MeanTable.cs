namespace Honu.Replication;

/// <summary>Means of rewards by arm, as the paper computes them: n ← n + 1, v ← ((n − 1)/n)·v + r/n.</summary>
internal sealed class MeanTable
{
    private readonly Dictionary<string, ArmStatistics> _arms = new(StringComparer.Ordinal);

    /// <summary>The sum of all counts.</summary>
    public double TotalCount => _arms.Values.Sum(static arm => arm.Count);

    public ArmStatistics this[string key] => _arms.GetValueOrDefault(key);

    public void Add(string key, double reward)
    {
        var (count, value) = _arms.GetValueOrDefault(key);
        count++;
        _arms[key] = new ArmStatistics(count, ((count - 1) / count * value) + (reward / count));
    }

    /// <summary>The arm with the largest value; of several the first.</summary>
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

    public void Import(IReadOnlyList<ArmState> state)
    {
        _arms.Clear();
        foreach (var arm in state)
            _arms[arm.Key] = new ArmStatistics(arm.Count, arm.Value);
    }

    public void Retain(Func<string, bool> isWanted)
    {
        foreach (var key in _arms.Keys.Where(key => !isWanted(key)).ToList())
            _arms.Remove(key);
    }
}
