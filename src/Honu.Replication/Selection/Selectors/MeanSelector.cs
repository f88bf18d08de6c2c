namespace Honu.Replication;

/// <summary>What selectors share that keep the mean of all rewards of each arm.</summary>
internal abstract class MeanSelector : IPeerSelector
{
    public virtual bool WantsNews => false;

    protected MeanTable Means { get; } = new();

    public abstract string Name { get; }

    public abstract int Select(IReadOnlyList<PeerArm> arms, TimeSpan now, Random random);

    public virtual void Learn(PeerArm arm, double reward, TimeSpan now) => Means.Add(arm.Key, reward);

    public virtual void Visit(PeerArm arm, TimeSpan now)
    {
    }

    public ArmStatistics Describe(PeerArm arm, TimeSpan now) => Means[arm.Key];

    public virtual IReadOnlyList<ArmState> Export(TimeSpan now) => Means.Export();

    public virtual void Import(IReadOnlyList<ArmState> state, TimeSpan now) => Means.Import(state);

    public virtual void Retain(Func<string, bool> isWanted) => Means.Retain(isWanted);
}
