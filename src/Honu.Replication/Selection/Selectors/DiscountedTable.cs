namespace Honu.Replication;

/// <summary>Sums of rewards by key in which each reward counts γ times less with every later one, whichever key that is for.</summary>
internal sealed class DiscountedTable(double discount)
{
    private readonly Dictionary<string, Entry> _entries = new(StringComparer.Ordinal);
    private long _step;
    private double _total;

    /// <summary>The discounted number of all rewards.</summary>
    public double TotalCount => _total;

    /// <summary>The discounted number of a key's rewards and their mean.</summary>
    public ArmStatistics this[string key]
    {
        get
        {
            if (!_entries.TryGetValue(key, out var entry))
                return default;
            var kept = Kept(entry);
            return new ArmStatistics(entry.Count * kept, entry.Count > 0 ? entry.Sum / entry.Count : 0);
        }
    }

    public void Add(string key, double reward)
    {
        _step++;
        _total = (_total * discount) + 1;
        var entry = _entries.GetValueOrDefault(key);
        var kept = Kept(entry);
        _entries[key] = new Entry((entry.Count * kept) + 1, (entry.Sum * kept) + reward, _step);
    }

    /// <summary>The mean of all rewards, recent ones counting more; <see langword="null"/> when there are none.</summary>
    public double? MeanReward()
    {
        var (count, sum) = (0.0, 0.0);
        foreach (var entry in _entries.Values)
        {
            var kept = Kept(entry);
            (count, sum) = (count + (entry.Count * kept), sum + (entry.Sum * kept));
        }

        return count > 0 ? sum / count : null;
    }

    public IReadOnlyList<ArmState> Export() =>
        [.. _entries.Keys.Order(StringComparer.Ordinal).Select(key => new ArmState(key, this[key].Count, this[key].Value))];

    public void Import(IEnumerable<ArmState> state)
    {
        _entries.Clear();
        (_step, _total) = (0, 0);
        foreach (var arm in state)
        {
            _entries[arm.Key] = new Entry(arm.Count, arm.Count * arm.Value, 0);
            _total += arm.Count;
        }
    }

    public void Retain(Func<string, bool> isWanted)
    {
        foreach (var key in _entries.Keys.Where(key => !isWanted(key)).ToList())
        {
            _total -= this[key].Count;
            _entries.Remove(key);
        }
    }

    private double Kept(Entry entry) => Math.Pow(discount, _step - entry.Step);

    private readonly record struct Entry(double Count, double Sum, long Step);
}
