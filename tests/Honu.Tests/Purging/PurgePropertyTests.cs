using Honu.TestKit;

namespace Honu.Tests.Purging;

/// <summary>
/// Goal: whatever is purged, however streams break and replicas stop, nothing that was deleted comes back as it was, nothing else is lost, and all end equal.
/// Method: three replicas, two keys and more, random writes, streams in pieces, acknowledgements of any age, purges, kills; in half of the runs one replica is
/// retired for a while and comes back. Each value is written once, and it is remembered which writes replaced it knowingly.
/// </summary>
public sealed class PurgePropertyTests
{
    [Fact]
    public void AllAreMembers_NothingIsEverReissued_AndAllEndEqual()
    {
        var steps = Seeds.Operations(usual: 120);
        Seeds.Run(usualSeed: 50_001, usualRuns: 60, seed => new PurgeMachine(seed, retires: false).Run(steps));
    }

    [Fact]
    public void OneIsRetiredAndComesBack_AllEndEqual()
    {
        var steps = Seeds.Operations(usual: 120);
        Seeds.Run(usualSeed: 60_001, usualRuns: 60, seed => new PurgeMachine(seed, retires: true).Run(steps));
    }
}
