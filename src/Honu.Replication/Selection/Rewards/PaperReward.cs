namespace Honu.Replication;

/// <summary>
/// The reward of Bengfort, Xirogiannopoulos and Keleher, "Anti-Entropy Bandits for Geo-Replicated Consistency" (ICDCS 2018), with its exact
/// constants: a session that exchanged anything 0.25; its pull in less than 5 ms 0.20 more, in at most 100 ms 0.10; more than one record
/// pulled 0.05; a push 0.25, of more than one record 0.05, its latency as the pull's. Nothing exchanged, or a failure: 0. At most 1.
/// </summary>
internal sealed class PaperReward : IRewardFunction
{
    public const string RewardName = "paper";

    /// <summary>What choosing itself costs in the paper, where a replica is an arm of its own. Here it never is.</summary>
    public const double Self = -1.0;

    public string Name => RewardName;

    public double Of(in SessionWorth worth)
    {
        if (!worth.Succeeded || !worth.FoundSomething)
            return 0;
        var reward = 0.25 + OfLatency(worth.PullLatency);
        if (worth.Pulled > 1)
            reward += 0.05;
        if (worth.Pushed > 0)
            reward += 0.25 + OfLatency(worth.PushLatency);
        if (worth.Pushed > 1)
            reward += 0.05;
        return Math.Min(reward, 1);
    }

    private static double OfLatency(TimeSpan latency)
    {
        if (latency < TimeSpan.FromMilliseconds(5))
            return 0.20;
        return latency <= TimeSpan.FromMilliseconds(100) ? 0.10 : 0;
    }
}
