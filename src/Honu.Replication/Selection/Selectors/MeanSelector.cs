namespace Honu.Replication;

/// <summary>What selectors share that keep a mean of rewards for each arm.</summary>
internal abstract class MeanSelector : IPeerSelector
{
    protected MeanTable Means { get; } = new();

    public abstract string Name { get; }

    public abstract int Select(IReadOnlyList<PeerArm> arms, TimeSpan now, Random random);

    public void Learn(PeerArm arm, double reward, TimeSpan now) => Means.Add(arm.Key, reward);

    public ArmStatistics Describe(PeerArm arm, TimeSpan now) => Means[arm.Key];

    public IReadOnlyList<ArmState> Export(TimeSpan now) => Means.Export();

    public void Import(IReadOnlyList<ArmState> state, TimeSpan now) => Means.Import(state);

    public void Retain(Func<string, bool> isWanted) => Means.Retain(isWanted);
}
