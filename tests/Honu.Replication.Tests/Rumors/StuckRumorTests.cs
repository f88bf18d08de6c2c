using Honu.Replication.Messages;
using Outcome = Honu.Replication.Messages.RumorAnswer.Types.Outcome;

namespace Honu.Replication.Tests.Rumors;

/// <summary>Pushes go on after whatever went wrong with earlier ones.</summary>
public sealed class StuckRumorTests
{
    // What waits for the retry of something that is given up meanwhile must not wait for ever.
    [Theory]
    [InlineData("a", 30)]
    [InlineData("b", 1300)]
    public void RumorsFoundMalformedAfterFailures_WhatWaitedBehindThem_IsSent(string region, double untilFailed)
    {
        using var host = new RumorMillHost((2, region));
        host.Put("k", "1");
        host.Run(untilFailed);
        var second = host.Put("k", "2");
        host.Run(5);
        var given = host.Pushes[^1];
        Assert.DoesNotContain(host.Sent, rumor => RumorMillHost.Covers(rumor, second));

        host.Answer(given, new RumorAnswer { Outcome = Outcome.Malformed });
        host.Run(300);

        Assert.Contains(host.Sent, rumor => RumorMillHost.Covers(rumor, second));
    }

    [Fact]
    public void StoreThatFailsDuringAFlush_IsFlushedWhenItWorksAgain()
    {
        using var host = new RumorMillHost((2, "a"), (3, "b"));
        host.Put("before");
        host.Run(5);
        foreach (var push in host.Pushes)
            host.Answer(push, new RumorAnswer());
        host.Effects.Clear();
        host.Disk.FailsReopening = false;
        host.Disk.FailsSyncs = true;
        var written = host.Put("k");
        host.Run(3000);
        Assert.Empty(host.Pushes);

        host.Disk.FailsSyncs = false;
        host.Run(2500);

        Assert.Equal([2, 3], host.Pushes.Where(push => RumorMillHost.Covers(push.Batch.Rumors[0], written)).Select(static push => push.Address.Port).Distinct().Order());
    }

    // The effects of an event are lost when something else fails that it brings about.
    [Fact]
    public void TimerThatWasLost_IsSetAgain()
    {
        using var host = new RumorMillHost((2, "a"));
        host.Put("k");
        host.Mill.Tick(host.Now);
        host.Effects.Clear();

        host.Mill.Tick(host.Now + TimeSpan.FromMinutes(1));

        Assert.NotEmpty(host.Effects.OfType<ReplicaEffect.SetTimer>());
    }

    [Fact]
    public void RegionWithoutRumorsAfterFailures_IsPushedToWhenItHasThem()
    {
        using var host = new RumorMillHost((2, "b"));
        host.Put("k", "1");
        host.Run(1300);
        host.Answer(host.Pushes[^1], new RumorAnswer { Outcome = Outcome.Unsupported });
        host.Run(TimeSpan.FromMinutes(10.5).TotalMilliseconds);

        var later = host.Put("k", "2");
        host.Run(300);

        Assert.Contains(host.Sent, rumor => RumorMillHost.Covers(rumor, later));
    }
}
