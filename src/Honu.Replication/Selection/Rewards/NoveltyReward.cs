namespace Honu.Replication;

/// <summary>
/// Novelty per time: n/(n + t/τ), where n records were exchanged, either way, in t = the session's duration + 10 ms, and τ = 100 ms. One record
/// in 90 ms is worth 0.5; nothing exchanged, or a failure, is worth 0.
/// </summary>
/// <remarks>What the two replicas gain counts alike: a record that is pushed is as new to somebody as one that is pulled.</remarks>
internal sealed class NoveltyReward : IRewardFunction
{
    public const string RewardName = "novelty";

    // What every session costs, so that the nearest peers do not differ by what the machine happened to do.
    public static readonly TimeSpan Overhead = TimeSpan.FromMilliseconds(10);

    private static readonly TimeSpan Scale = TimeSpan.FromMilliseconds(100);

    public string Name => RewardName;

    public double Of(in SessionWorth worth) => worth.Succeeded ? PerEffort(worth.Pulled + worth.Pushed, worth.Duration + Overhead) : 0;

    /// <summary>n/(n + t/τ).</summary>
    public static double PerEffort(long news, TimeSpan effort) => news <= 0 ? 0 : news / (news + (effort / Scale));
}
