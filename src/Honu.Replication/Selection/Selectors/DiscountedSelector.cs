namespace Honu.Replication;

/// <summary>What selectors share that keep discounted sums of rewards: the world they learn changes.</summary>
internal abstract class DiscountedSelector(double discount) : IPeerSelector
{
    /// <summary>About 500 rewards back: with the sessions of a replica at work, some minutes.</summary>
    public const double DefaultDiscount = 0.998;

    protected double Discount { get; } = discount;

    protected DiscountedTable Rewards { get; } = new(discount);

    public abstract string Name { get; }

    public abstract int Select(IReadOnlyList<PeerArm> arms, TimeSpan now, Random random);

    public void Learn(PeerArm arm, double reward, TimeSpan now) => Rewards.Add(arm.Key, reward);

    /// <summary>Counts as a reward of what was expected, so that an arm which never has anything is not courted for ever.</summary>
    public void Visit(PeerArm arm, TimeSpan now)
    {
        var known = Rewards[arm.Key];
        if ((known.Count > 0 ? known.Value : Rewards.MeanReward()) is { } expected)
            Rewards.Add(arm.Key, expected);
    }

    public ArmStatistics Describe(PeerArm arm, TimeSpan now) => Rewards[arm.Key];

    public IReadOnlyList<ArmState> Export(TimeSpan now) => Rewards.Export();

    public void Import(IReadOnlyList<ArmState> state, TimeSpan now) => Rewards.Import(state);

    public void Retain(Func<string, bool> isWanted) => Rewards.Retain(isWanted);
}
