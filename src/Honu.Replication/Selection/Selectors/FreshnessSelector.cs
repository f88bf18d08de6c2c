namespace Honu.Replication;

/// <summary>
/// The peer from which most is to be expected for the time that it takes: <see cref="PeerArm.ExpectedNews"/> by round trip. With probability ε
/// any peer; a peer of which nothing is known comes first. Our own: what a peer has written, and what it tends to have heard from others, is
/// known from version vectors, so it need not be learned through rewards, which are kept for display only.
/// </summary>
internal sealed class FreshnessSelector(double epsilon) : MeanSelector
{
    public const string SelectorName = "freshness";
    public const double DefaultEpsilon = 0.1;

    // What a session costs beside the link; also keeps the nearest peers from being all that counts.
    private static readonly TimeSpan Overhead = TimeSpan.FromMilliseconds(20);

    public override string Name => SelectorSpec.Name(SelectorName, epsilon, DefaultEpsilon);

    public override bool WantsNews => true;

    public override int Select(IReadOnlyList<PeerArm> arms, TimeSpan now, Random random) => random.NextDouble() < epsilon
        ? random.Next(arms.Count)
        : Scores.Best(arms, random, static arm => arm.ExpectedNews is { } news && arm.RoundTrip is { } round ? news / (round + Overhead).TotalSeconds : double.PositiveInfinity);

    public override IReadOnlyList<ArmState> Export(TimeSpan now) => [];
}
