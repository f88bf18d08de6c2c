using System.Globalization;

namespace Honu.Replication;

/// <summary>
/// Novelty per time and money: as <see cref="NoveltyReward"/>, with w·100 ms added to the session's time for each KiB at the highest price of
/// the table, and in proportion for cheaper ones. Both directions are paid for: at the price of this region out, and of the peer's region out.
/// </summary>
/// <remarks>Prices count by their ratios only, so any currency and any amount of bytes will do.</remarks>
internal sealed class CostReward(EgressPrices prices, double weight) : IRewardFunction
{
    public const string RewardName = "cost";
    public const double DefaultWeight = 1;

    private static readonly TimeSpan PerKibibyte = TimeSpan.FromMilliseconds(100);

    public string Name => weight == DefaultWeight ? RewardName : string.Create(CultureInfo.InvariantCulture, $"{RewardName}:{weight}");

    public double Of(in SessionWorth worth)
    {
        if (!worth.Succeeded)
            return 0;
        var (from, to) = (worth.FromRegion ?? "", worth.ToRegion ?? "");

        // The prices' ratios first: of high prices in a small currency there would be more than a number holds.
        var paidKibibytes = ((worth.BytesSent * (prices.Of(from, to) / prices.Highest)) + (worth.BytesReceived * (prices.Of(to, from) / prices.Highest))) / 1024;
        return NoveltyReward.PerEffort(worth.Pulled + worth.Pushed, worth.Duration + NoveltyReward.Overhead + (weight * paidKibibytes * PerKibibyte));
    }
}
