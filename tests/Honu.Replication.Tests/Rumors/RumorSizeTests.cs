namespace Honu.Replication.Tests.Rumors;

/// <summary>What is sent, kept and made durable is bounded, and nothing of it is done for nobody.</summary>
public sealed class RumorSizeTests
{
    [Fact]
    public void PushToAnotherRegion_OfManyNamespaces_HasItsLimit()
    {
        using var host = new RumorMillHost(new ReplicaOptions { Rumors = new RumorOptions { MaxBytes = 4096 } }, (2, "b"));
        for (var i = 0; i < 20; i++)
            host.Put("k", new string('x', 1000), ns: $"namespace {i}");

        host.Run(50);

        Assert.All(host.Pushes, static push => Assert.InRange(push.Batch.CalculateSize(), 1, 8192));
        Assert.NotEmpty(host.Pushes);
        Assert.True(host.Mill.Counts[RumorCount.LeftToSessions] > 0);
        Assert.True(host.SessionHurries > 0);
    }

    [Fact]
    public void Writes_WithNobodyToTell_CauseNoBarrier()
    {
        using var host = new RumorMillHost();

        // The first one makes the namespace, durably.
        host.Put("k");
        host.Put("k");
        host.Run(1000);
        Assert.True(host.Disk.UnsyncedBatches > 0);

        host.Know((2, "a"));
        var later = host.Put("k", "later");
        host.Run(1000);

        Assert.Equal(0, host.Disk.UnsyncedBatches);
        Assert.Contains(host.Sent, rumor => RumorMillHost.Covers(rumor, later));
    }

    [Fact]
    public void Neighbour_ThatLeavesWithSomethingOnItsWay_MakesSessionsHurry()
    {
        using var host = new RumorMillHost((2, "a"));
        host.Put("k");
        host.Run(5);
        Assert.Equal((1, 0), (host.Pushes.Count, host.SessionHurries));

        host.Know();

        Assert.Equal(1, host.SessionHurries);
    }

    [Fact]
    public void Flush_OfNothing_TakesNoTokens()
    {
        var pace = new RumorOptions { CrossRegionBurst = 2, CrossRegionRate = 1 };
        using var host = new RumorMillHost(new ReplicaOptions { Rumors = pace }, (2, "b"));
        host.WantsNamespace = static ns => ns != "unwanted";
        for (var i = 0; i < 10; i++)
        {
            host.Put("k", ns: "unwanted");
            host.Run(50);
        }

        var written = host.Put("k");
        host.Run(10);

        Assert.Contains(host.Sent, rumor => RumorMillHost.Covers(rumor, written));
    }
}
