namespace Honu.Replication;

/// <summary>
/// The peer from which most is to be expected for the time that it takes: <see cref="PeerArm.ExpectedNews"/> by a round trip and 250 ms. With probability ε
/// any peer; a peer of which nothing is known comes first, one that did not answer last. Our own: what a peer has written, and what it tends to have heard from others, is
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

    public override int Select(IReadOnlyList<PeerArm> arms, TimeSpan now, Random random) => random.NextDouble() < epsilon ? random.Next(arms.Count) : Scores.Best(arms, random, Score);

    public override IReadOnlyList<ArmState> Export(TimeSpan now) => [];

    private static double Score(PeerArm arm)
    {
        // Nothing is to be had from who did not answer the last time, though what it has grows with every moment that it is away: it would be asked again as soon as
        // its rest is over, and a few such peers would leave no time for the others. Chance and the guards come back to it.
        if (arm.RestsUntil > TimeSpan.Zero)
            return 0;
        return arm.ExpectedNews is { } news && arm.RoundTrip is { } round ? news / (round + Overhead).TotalSeconds : double.PositiveInfinity;
    }
}
