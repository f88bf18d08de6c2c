namespace Honu.Simulation;

/// <summary>Counts who is chosen, by regions, and what rewards that brings over time.</summary>
internal sealed class ChoiceBook(IReadOnlyList<string> regions)
{
    private static readonly TimeSpan Bucket = TimeSpan.FromSeconds(5);

    private readonly long[] _chosen = new long[regions.Count * regions.Count];
    private readonly SortedDictionary<long, (double Sum, long Count)> _rewards = [];

    public void Chose(int from, int to) => _chosen[(from * regions.Count) + to]++;

    public void Rewarded(TimeSpan now, double reward)
    {
        var bucket = now.Ticks / Bucket.Ticks;
        var (sum, count) = _rewards.GetValueOrDefault(bucket);
        _rewards[bucket] = (sum + reward, count + 1);
    }

    public void ClearChoices() => Array.Clear(_chosen);

    public IReadOnlyList<ArmWeight> Weights()
    {
        var weights = new List<ArmWeight>();
        for (var from = 0; from < regions.Count; from++)
        {
            var row = _chosen.AsSpan(from * regions.Count, regions.Count);
            long all = 0;
            foreach (var count in row)
                all += count;
            for (var to = 0; to < regions.Count; to++)
                weights.Add(new ArmWeight(regions[from], regions[to], all == 0 ? 0 : (double)row[to] / all));
        }

        return weights;
    }

    public IReadOnlyList<RewardPoint> Rewards() =>
        [.. _rewards.Select(static bucket => new RewardPoint(bucket.Key * Bucket.TotalSeconds, bucket.Value.Sum / bucket.Value.Count))];
}
