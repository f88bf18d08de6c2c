namespace Honu.Replication;

/// <summary>Every peer with the same probability: the baseline of the bandits, and the choice when nothing is known. Means of rewards are for display only.</summary>
internal sealed class UniformSelector : MeanSelector
{
    public const string SelectorName = "uniform";

    public override string Name => SelectorName;

    public override int Select(IReadOnlyList<PeerArm> arms, TimeSpan now, Random random) => random.Next(arms.Count);

    public override IReadOnlyList<ArmState> Export(TimeSpan now) => [];
}
