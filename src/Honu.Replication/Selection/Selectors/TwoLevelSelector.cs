using System.Globalization;

namespace Honu.Replication;

/// <summary>
/// First a region, then a peer there, each by ε-greedy over means of rewards: what one peer of a region teaches counts for all of them, so
/// that a few sessions suffice to know a cluster of many regions. Without a name, peers at about the same distance form a region: up to 5 ms
/// of round trip, and then each doubling of it.
/// </summary>
/// <remarks>The two levels are those of hierarchical bandits, for example Kocsis and Szepesvári, "Bandit Based Monte-Carlo Planning" (ECML 2006), with the paper's ε-greedy at each.</remarks>
internal sealed class TwoLevelSelector(double epsilon) : MeanSelector
{
    public const string SelectorName = "two-level";
    public const double DefaultEpsilon = 0.5;

    // No endpoint contains a slash: the names of regions cannot be taken for peers.
    private const char RegionPrefix = '/';
    private const double NearMs = 5;

    private readonly MeanTable _regions = new();

    public override string Name => SelectorSpec.Name(SelectorName, epsilon, DefaultEpsilon);

    public override int Select(IReadOnlyList<PeerArm> arms, TimeSpan now, Random random)
    {
        var regions = Enumerable.Range(0, arms.Count).GroupBy(i => RegionOf(arms[i]), StringComparer.Ordinal).ToList();
        var region = Choose(regions, group => _regions[group.Key].Value, random);
        return Choose(region.ToList(), i => Means[arms[i].Key].Value, random);
    }

    public override void Learn(PeerArm arm, double reward, TimeSpan now)
    {
        base.Learn(arm, reward, now);
        _regions.Add(RegionOf(arm), reward);
    }

    public override IReadOnlyList<ArmState> Export(TimeSpan now) => [.. _regions.Export(), .. base.Export(now)];

    public override void Import(IReadOnlyList<ArmState> state, TimeSpan now)
    {
        _regions.Import(state.Where(static arm => arm.Key[0] == RegionPrefix));
        base.Import([.. state.Where(static arm => arm.Key[0] != RegionPrefix)], now);
    }

    internal static string RegionOf(PeerArm arm)
    {
        if (arm.Region is { Length: > 0 } name)
            return RegionPrefix + Uri.EscapeDataString(name);
        if (arm.RoundTrip is not { } round)
            return "/?";
        var doublings = Math.Max(0, (int)Math.Ceiling(Math.Log2(round.TotalMilliseconds / NearMs)));
        return string.Create(CultureInfo.InvariantCulture, $"/?{NearMs * Math.Pow(2, doublings)}ms");
    }

    private T Choose<T>(List<T> all, Func<T, double> valueOf, Random random)
    {
        if (random.NextDouble() < epsilon)
            return all[random.Next(all.Count)];
        var best = all.Max(valueOf);
        var equal = all.FindAll(item => valueOf(item) == best);
        return equal[random.Next(equal.Count)];
    }
}
