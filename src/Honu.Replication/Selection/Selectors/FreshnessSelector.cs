namespace Honu.Replication;

/// <summary>
/// The peer from which most is to be expected for the time that it takes: <see cref="PeerArm.ExpectedNews"/> by a round trip and 250 ms. With probability ε
/// any peer; a peer of which nothing is known comes first. Our own: what a peer has written, and what it tends to have heard from others, is
/// known from version vectors, so it need not be learned through rewards, which are kept for display only.
/// </summary>
internal sealed class FreshnessSelector(double epsilon) : MeanSelector
{
    public const string SelectorName = "freshness";
    public const double DefaultEpsilon = 0.05;

    // What a session costs beside the link, the wait for its turn included. With much less, near peers are met again and again for little:
    // fresher, but for more messages; with much more, distance stops to count.
    private static readonly TimeSpan Overhead = TimeSpan.FromMilliseconds(250);

    public override string Name => SelectorSpec.Name(SelectorName, epsilon, DefaultEpsilon);

    public override bool WantsNews => true;

    public override int Select(IReadOnlyList<PeerArm> arms, TimeSpan now, Random random) => random.NextDouble() < epsilon
        ? random.Next(arms.Count)
        : Scores.Best(arms, random, static arm => arm.ExpectedNews is { } news && arm.RoundTrip is { } round ? news / (round + Overhead).TotalSeconds : double.PositiveInfinity);

    public override IReadOnlyList<ArmState> Export(TimeSpan now) => [];
}
