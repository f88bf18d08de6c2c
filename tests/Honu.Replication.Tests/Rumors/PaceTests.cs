namespace Honu.Replication.Tests.Rumors;

/// <summary>The parts that only count, wait or choose: time is handed in.</summary>
public sealed class PaceTests
{
    private static TimeSpan Ms(double milliseconds) => TimeSpan.FromMilliseconds(milliseconds);

    [Fact]
    public void RumorOptions_Defaults_AreThoseThatTheDocumentationNames()
    {
        var options = new RumorOptions();

        Assert.Equal((Ms(2), Ms(20), 14.0, 112), (options.FlushDelay, options.FlushInterval, options.CrossRegionRate, options.CrossRegionBurst));
        Assert.Equal((8, 10.0, 20, 2048, 512 * 1024), (options.FanOut, options.LocalRate, options.LocalBurst, options.MaxRecords, options.MaxBytes));
        Assert.Equal(6, options.RelayCandidates);
        Assert.Empty(options.Validate());
        Assert.Equal(Dissemination.Sessions, new ReplicaOptions().Dissemination);
    }

    [Fact]
    public void Validate_OptionsOutOfRange_TellsEach()
    {
        var options = new RumorOptions { FlushDelay = Ms(30), CrossRegionRate = 0, LocalBurst = 0, FanOut = 0, RelayCandidates = 0, MaxRecords = 0, MaxBytes = 1 };

        Assert.Equal(7, options.Validate().Count);
        Assert.Equal(7, ReplicaOptionsValidator.Validate(new ReplicaOptions { Rumors = options }).Count);
    }

    [Fact]
    public void TokenBucket_AfterItsBurst_GivesItsRate()
    {
        var bucket = new TokenBucket(20, 4);

        Assert.True(bucket.TryTake(4, Ms(0)));
        Assert.False(bucket.TryTake(1, Ms(0)));
        Assert.Equal(Ms(50), bucket.When(1, Ms(0)));
        Assert.False(bucket.TryTake(1, Ms(49)));
        Assert.True(bucket.TryTake(1, Ms(50)));
        bucket.TakeUpTo(100, Ms(60));
        Assert.Equal(Ms(110), bucket.When(1, Ms(60)));
    }

    [Fact]
    public void TokenBucket_AskedForMoreThanItHolds_GivesThemWhenFull()
    {
        var bucket = new TokenBucket(10, 2);

        Assert.True(bucket.TryTake(5, Ms(0)));
        Assert.Equal(Ms(500), bucket.When(5, Ms(0)));
    }

    [Fact]
    public void RetryTimes_GrowAsTheRulesSay()
    {
        Assert.Equal(Ms(12), RumorRetry.Local(Ms(0.5), 0));
        Assert.Equal(Ms(96), RumorRetry.Local(Ms(0.5), 3));
        Assert.Equal(Ms(30), RumorRetry.CrossRegion(Ms(10), 0));
        Assert.Equal(Ms(126), RumorRetry.CrossRegion(Ms(100), 0));
        Assert.Equal(Ms(189), RumorRetry.CrossRegion(Ms(100), 1));
        Assert.Equal(Ms(1000), RumorRetry.CrossRegion(Ms(100), 20));

        // What is farther than a second is not asked again before it can have answered.
        Assert.Equal(Ms(2425), RumorRetry.CrossRegion(Ms(2000), 5));
    }

    [Fact]
    public void RoundTrip_Samples_AreSmoothedAndTheLeastIsForgottenSlowly()
    {
        var estimate = new RoundTripEstimate();

        Assert.Null(estimate.Smoothed);
        estimate.Add(Ms(100));
        estimate.Add(Ms(180));

        Assert.Equal(Ms(110), estimate.Smoothed);
        Assert.InRange(estimate.Least!.Value, Ms(100), Ms(102));
    }

    [Fact]
    public void RelayChooser_RelayThatBecomesSlow_IsLeftWithinTwentyPushes()
    {
        var chooser = new RelayChooser();
        RumorPeer[] peers = [Peer(1), Peer(2), Peer(3)];
        for (var i = 0; i < 60; i++)
            chooser.Answered(chooser.Choose(peers).Pid, Ms(100), Ms(100));

        var last = 0;
        for (var i = 1; i <= 200; i++)
        {
            var relay = chooser.Choose(peers);
            if (relay.Pid != 2)
                chooser.Answered(relay.Pid, Ms(100), Ms(100));
            else
                chooser.Failed(relay.Pid);
            if (relay.Pid == 2)
                last = last == 0 || i <= 20 ? i : -1;
        }

        // Once it may come back to be looked at; the chance is not lost for good.
        Assert.True(chooser.Arms.Single(static arm => arm.Pid == 2).Choices - 20 <= 12, $"It was chosen {chooser.Arms.Single(static arm => arm.Pid == 2).Choices} times, the last time at {last}.");
        Assert.True(chooser.Arms.Single(static arm => arm.Pid == 2).Weight < 1);
    }

    [Fact]
    public void RelayChooser_UnderLoad_PrefersTheSameRelayUnlessItIsWorse()
    {
        var chooser = new RelayChooser();
        RumorPeer[] peers = [Peer(1), Peer(2)];
        for (var i = 0; i < 10; i++)
            chooser.Answered(chooser.Choose(peers, peers[0]).Pid, Ms(100), Ms(100));
        Assert.Equal(10, chooser.Arms.Single(static arm => arm.Pid == 1).Choices);

        for (var i = 0; i < 30; i++)
        {
            var relay = chooser.Choose(peers, peers[0]);
            chooser.Answered(relay.Pid, relay.Pid == 1 ? Ms(500) : Ms(100), Ms(100));
        }

        Assert.True(chooser.Arms.Single(static arm => arm.Pid == 2).Choices > 15);
    }

    [Fact]
    public void RelayChooser_TimeOutsAboveFivePercent_Hedge()
    {
        var chooser = new RelayChooser();

        Assert.False(chooser.Hedges);
        chooser.NoteFirstTry(isTimedOut: true);
        Assert.True(chooser.Hedges);
        for (var i = 0; i < 10; i++)
            chooser.NoteFirstTry(isTimedOut: false);
        Assert.False(chooser.Hedges);
    }

    [Fact]
    public void LoadGauge_ManyWriters_IsHighUntilHalfOfItIsLeft()
    {
        var gauge = new LoadGauge();
        for (var i = 0; i < 40; i++)
            gauge.Add(Ms(i * 250));

        // Four a second, to fourteen regions, against twenty.
        Assert.True(gauge.Judge(14, 20, Ms(10_000)));
        Assert.True(gauge.Judge(14, 20, Ms(14_500)));
        Assert.False(gauge.Judge(14, 20, Ms(20_000)));
        Assert.False(gauge.Judge(14, 20, Ms(20_000)));
    }

    [Fact]
    public void Divide_LargeRegion_EveryNeighbourIsReachedOnceByAHead()
    {
        RumorPeer[] neighbours = [.. Enumerable.Range(2, 39).Select(static pid => Peer((uint)pid))];

        var heads = LocalFanOut.Divide(neighbours, 1, 8);

        Assert.Equal(8, heads.Count);
        Assert.Equal(neighbours.Select(static peer => peer.Pid), heads.SelectMany(static head => head.HandsOnTo.Append(head.Head.Pid)).Order());
        Assert.All(heads, static head => Assert.InRange(head.HandsOnTo.Count, 3, 4));
        Assert.All(LocalFanOut.Divide(neighbours[..8], 1, 8), static head => Assert.Empty(head.HandsOnTo));
    }

    private static RumorPeer Peer(uint pid) => new(pid) { Address = new PeerAddress("node", (int)pid, pid) };
}
