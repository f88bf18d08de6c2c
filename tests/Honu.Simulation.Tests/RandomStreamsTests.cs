namespace Honu.Simulation.Tests;

public class RandomStreamsTests
{
    [Fact]
    public void Of_SeedsInARow_AreNoLine()
    {
        var first = Enumerable.Range(1, 200).Select(static seed => RandomStreams.Of(seed, RandomStream.Cluster).NextDouble()).ToList();

        // Of Random itself each step is 0.52, around the circle.
        var steps = first.Zip(first.Skip(1), static (one, next) => (next - one + 1) % 1).ToList();
        Assert.InRange(first.Average(), 0.43, 0.57);
        Assert.True(steps.Max() - steps.Min() > 0.9);
        Assert.InRange(steps.Average(), 0.43, 0.57);
    }

    [Fact]
    public void Of_OneSeed_IsAnotherForEachStream()
    {
        var draws = Enum.GetValues<RandomStream>().Select(static stream => RandomStreams.Of(1, stream).NextDouble()).ToList();

        Assert.Equal(draws.Count, draws.Distinct().Count());
        Assert.Equal(draws[0], RandomStreams.Of(1, RandomStream.Cluster).NextDouble());
    }
}
