using Honu.TestKit;

namespace Honu.Simulation.Tests;

public class StaleReadsTests
{
    // What is stale in the first 2 ms of each 10 ms is a fifth of the reads at random moments, and of reads on a grid all or none.
    [Fact]
    public void Share_OfWhatIsStaleAtIntervals_IsItsPartOfTheTime()
    {
        var seed = Seeds.Of(1);
        var time = new VirtualTime();
        var reads = new StaleReads(time, new Random(seed));
        var count = 0;

        reads.Begin(TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(101), _ =>
        {
            count++;
            Assert.InRange(time.Now, TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(101));
            return time.Now.Ticks % TimeSpan.FromMilliseconds(10).Ticks < TimeSpan.FromMilliseconds(2).Ticks;
        });
        time.RunUntil(TimeSpan.FromSeconds(200));

        Assert.InRange(count, 9500, 10_500);
        Assert.True(reads.Share is > 0.18 and < 0.22, $"HONU_SEED={seed}: {reads.Share}");
    }

    [Fact]
    public void Share_WhereNobodyCanRead_CountsNothing()
    {
        var time = new VirtualTime();
        var reads = new StaleReads(time, new Random(1));
        var isUp = false;

        reads.Begin(TimeSpan.Zero, TimeSpan.FromSeconds(10), _ => (isUp = !isUp) ? true : null);
        time.RunUntil(TimeSpan.FromSeconds(20));

        Assert.Equal(1, reads.Share);
    }
}
