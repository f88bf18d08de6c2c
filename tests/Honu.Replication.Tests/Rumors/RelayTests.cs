namespace Honu.Replication.Tests.Rumors;

/// <summary>Retries, detours, load, fall-back: each rule of region relay in a small network. Sessions are refused where they would hide a failure.</summary>
public sealed class RelayTests
{
    private static readonly string[] TwoRegions = ["a", "a", "b", "b", "b"];
    private static readonly string[] ThreeRegions = ["a", "a", "a", "b", "b", "b", "c", "c", "c"];

    [Fact]
    public void Push_Unanswered_GoesToAnotherReplicaOfTheRegion()
    {
        using var network = Ready(TwoRegions);
        uint? first = null;
        network.LosesPush = (from, to, _) => from.Pid == 1 && to.Region == "b" && (first ??= to.Pid) == to.Pid;

        network[1].Put("k", "v");
        var milliseconds = network.RunUntil(() => network.IsVisible("k", "v"));

        // 2 ms, 126 ms for an answer that takes 100 ms, 50 ms on the way.
        Assert.InRange(milliseconds, 170, 190);
        // The second try hedges, since one of ten was not answered.
        Assert.Equal([3u, 4u, 5u], network.FarPushes.Select(static push => push.To.Pid).Order());
    }

    [Fact]
    public void Retry_AfterFurtherWrites_IsTimedFromTheOldestAndBringsAllInOne()
    {
        using var network = Ready(TwoRegions);
        var isLost = true;
        network.LosesPush = (_, to, _) => isLost && to.Region == "b";

        network[1].Put("k", "1");
        network.Run(60);
        network[1].Put("k", "2");
        network.Run(60);
        isLost = false;
        var milliseconds = network.RunUntil(() => network.IsVisible("k", "2"));

        // The first was sent at 2 ms: its retry at 128 ms, which is 8 ms from now, brings both.
        Assert.InRange(milliseconds, 56, 62);
        var retry = network.FarPushes.Last().Batch;
        Assert.Single(retry.Rumors);
        Assert.True(retry.Rumors[0].To - retry.Rumors[0].From > 0);
        Assert.Equal(network[1].Vector().HighMark(network[1].Id), network[4].Vector().HighMark(network[1].Id));
    }

    [Fact]
    public void Push_LostOnTheWayToANeighbour_IsSentAgainAfterTwelveMilliseconds()
    {
        using var network = Ready(TwoRegions);
        var lost = 0;
        network.LosesPush = (from, to, _) => from.Region == to.Region && to.Pid == 2 && lost++ == 0;

        network[1].Put("k", "v");
        var milliseconds = network.RunUntil(() => network[2].Get("k") == "v");

        Assert.InRange(milliseconds, 14, 15);
    }

    [Fact]
    public void Region_ThatIsNotReached_GetsItByWayOfAnother()
    {
        using var network = Ready(ThreeRegions);
        network.IsCut = static (from, to) => (from.Region, to.Region) is ("a", "c") or ("c", "a");

        network[1].Put("k", "v");
        var milliseconds = network.RunUntil(() => network.IsVisible("k", "v"), limitMs: 2000);

        // 126 + 189 + 283 ms, then two ways.
        Assert.InRange(milliseconds, 690, 720);
        Assert.Contains(network.FarPushes, static push => push.Batch.Deliver.Count > 0 && push.To.Region == "b");
        Assert.Equal("b", network[1].Machine.Rumors!.Regions.Single(static region => region.Name == "c").Detour);

        network.Run(5000);
        network.IsCut = static (_, _) => false;
        network[1].Put("k", "w");
        network.RunUntil(() => network.IsVisible("k", "w"));
        network.Run(500);
        Assert.Null(network[1].Machine.Rumors!.Regions.Single(static region => region.Name == "c").Detour);
    }

    [Fact]
    public void Region_CutOffForAMinute_HasEverythingWithinTwoSecondsOfTheHeal()
    {
        using var network = Ready(ThreeRegions);
        network.IsCut = static (from, to) => from.Region == "c" != (to.Region == "c");
        for (var i = 0; i < 15; i++)
        {
            network[1].Put("a", $"{i}");
            network[7].Put("c", $"{i}");
            network.Run(4000);
        }

        network.IsCut = static (_, _) => false;
        var milliseconds = network.RunUntil(() => network.IsVisible("a", "14") && network.IsVisible("c", "14"));

        Assert.InRange(milliseconds, 0, 2000);
    }

    [Fact]
    public void Writes_FasterThanTheBucketGives_AreCoalescedToTheLatest()
    {
        using var network = Ready(TwoRegions, static options => options with { Rumors = new RumorOptions { CrossRegionRate = 2, CrossRegionBurst = 3 } });

        for (var i = 0; i < 400; i++)
        {
            network[1].Put("k", $"{i}");
            network.Run(10);
        }

        // Three at once, two a second for four seconds.
        Assert.InRange(network.FarPushes.Count(static push => push.From.Region == "a"), 9, 12);
        network.RunUntil(() => network.IsVisible("k", "399"));
        Assert.All(network.FarPushes.Where(static push => push.From.Region == "a"), static push => Assert.InRange(push.Batch.CalculateSize(), 1, 250));
    }

    [Fact]
    public void ManyWritersOfARegion_OneGathersAndSendsForAll()
    {
        using var network = Ready(ThreeRegions);
        for (var i = 0; i < 60; i++)
        {
            for (var writer = 1; writer <= 3; writer++)
                network[writer].Put($"k{writer}", $"{i}");
            network.Run(50);
        }

        network.Pushes.Clear();
        for (var i = 60; i < 160; i++)
        {
            for (var writer = 1; writer <= 3; writer++)
                network[writer].Put($"k{writer}", $"{i}");
            network.Run(50);
        }

        var far = network.FarPushes.Where(static push => push.From.Region == "a").ToList();
        Assert.All(far, static push => Assert.Equal(1u, push.From.Pid));

        // Five seconds at the rate that one replica has.
        Assert.InRange(far.Count, 5 * (new RumorOptions().CrossRegionRate - 2), 5 * (new RumorOptions().CrossRegionRate + 2));
        Assert.True(network[1].Machine.Rumors!.IsGathered);
        network.RunUntil(() => network.IsVisible("k1", "159") && network.IsVisible("k2", "159") && network.IsVisible("k3", "159"), 3000);
    }

    [Fact]
    public void Gatherer_ThatDies_IsReplacedByTheNextReplica()
    {
        using var network = Ready(ThreeRegions);
        void Write(int i)
        {
            for (var writer = 2; writer <= 3; writer++)
                network[writer].Put($"k{writer}", $"{i}");
            network.Run(50);
        }

        for (var i = 0; i < 60; i++)
            Write(i);
        network[1].IsDown = true;
        for (var i = 60; i < 160; i++)
            Write(i);
        network.Run(3000);

        Assert.All(network.Nodes.Skip(1), static node => Assert.Equal(("159", "159"), (node.Get("k2"), node.Get("k3"))));
    }

    [Fact]
    public void LargeRegion_HeadsHandOnToTheRest()
    {
        string[] regions = [.. Enumerable.Repeat("a", 21), "b"];
        using var network = Ready(regions, seconds: 40);

        network[1].Put("k", "v");
        var milliseconds = network.RunUntil(() => network.Nodes.Take(21).All(static node => node.Get("k") == "v"));

        Assert.InRange(milliseconds, 2, 4);
        Assert.Equal(8, network.Pushes.Count(static push => push.From.Pid == 1 && push.To.Region == "a"));
    }

    // Timers of a machine count whole milliseconds.
    [Fact]
    public void Timer_ThatFiresEarly_IsSetAgain()
    {
        using var network = Ready(TwoRegions);
        network.TimersAreEarlyBy = TimeSpan.FromMilliseconds(0.9);

        for (var i = 0; i < 20; i++)
        {
            network[1].Put("k", $"{i}");
            network.RunUntil(() => network.IsVisible("k", $"{i}"), 500);
            network.Run(37);
        }
    }

    [Fact]
    public void Relay_NeverForwardsToAnotherRegion()
    {
        using var network = Ready(ThreeRegions);

        network[1].Put("k", "v");
        network.Run(1000);

        Assert.All(network.FarPushes, static push => Assert.Equal(1u, push.From.Pid));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Peer_ThatTakesNoRumors_IsToldBySessions(bool isMute)
    {
        using var network = new RumorNetwork(["a", "a", "b"], options => isMute || !options.Seed.Equals(3) ? options : options with { Dissemination = Dissemination.Sessions });
        network[3].IsMute = isMute;
        network.Start();

        network[1].Put("k", "v");
        network.RunUntil(() => network.IsVisible("k", "v"), 8000);
        network.Pushes.Clear();
        network[1].Put("k", "w");
        network.RunUntil(() => network.IsVisible("k", "w"), 8000);

        Assert.DoesNotContain(network.Pushes, static push => push.To.Pid == 3);
        Assert.False(Assert.Single(network[1].Machine.Rumors!.Regions).Relays[0].TakesRumors);
    }

    [Fact]
    public void WhatASessionBrings_TheNeighboursGetAtOnce()
    {
        using var network = Ready(ThreeRegions);
        network.RefusesSessions = false;
        network.LosesPush = static (_, _, _) => true;
        network[1].Put("k", "v");

        network[4].Sync(network[1]);
        var milliseconds = network.RunUntil(() => network[5].Get("k") == "v" && network[6].Get("k") == "v", 1500);

        Assert.InRange(milliseconds, 100, 320);
    }

    [Fact]
    public void Hole_InWhatRumorsBring_IsClosedBySession()
    {
        using var network = Ready(TwoRegions);
        network[1].Put("k", "1");
        network.Run(1000);
        network.RefusesSessions = false;
        var taken = network.Pushes.Select(static push => push.Batch).Last(static batch => batch.Rumors.Count > 0).Clone();
        taken.Rumors[0].To += 10;
        taken.Rumors[0].From = taken.Rumors[0].To - 1;
        taken.Rumors[0].Records = Google.Protobuf.ByteString.Empty;

        network[4].Take(taken);
        network.SessionMessages.Clear();
        network.Run(800);

        Assert.Contains(network.SessionMessages, static message => message.From.Pid == 4);
    }

    [Fact]
    public void QuietCluster_HasFewSessionsBetweenRegions()
    {
        using var network = new RumorNetwork(ThreeRegions).Start(60);
        network.Run(120_000);

        var far = network.SessionMessages.Count(static message => message.From.Region != message.To.Region);
        Assert.InRange(far, 1, network.SessionMessages.Count / 6);
    }

    // One session in five goes to another region, while there is something to tell.
    [Fact]
    public void Sessions_WhileRumorsTravel_StayMostlyWithinTheRegion()
    {
        using var network = new RumorNetwork(ThreeRegions).Start(60);
        foreach (var node in network.Nodes)
            node.Reports.Clear();

        for (var i = 0; i < 60; i++)
        {
            network[1].Put("k", $"{i}");
            network.Run(5000);
        }

        var own = network.Nodes.SelectMany(static node => node.Reports.Where(report => report.Initiator == node.Id)).ToList();
        var far = own.Count(report => network[(int)report.Initiator.Pid].Region != network[(int)report.Responder.Pid].Region);
        Assert.True(own.Count > 500, $"There were {own.Count} sessions only.");
        Assert.InRange((double)far / own.Count, 0.16, 0.24);
    }

    [Fact]
    public void Namespaces_ThatARelayDoesNotWant_GoToOneThatDoes()
    {
        using var network = new RumorNetwork(TwoRegions, static options => options.Seed == 3 ? options with { Subscriptions = ["other"] } : options).Start();
        network.RefusesSessions = true;

        for (var i = 0; i < 5; i++)
        {
            network[1].Put("k", $"{i}");
            network.RunUntil(() => network[4].Get("k") == $"{i}" && network[5].Get("k") == $"{i}", 400);
            network.Run(1000);
        }

        Assert.Null(network[3].Get("k"));
    }

    private static RumorNetwork Ready(string[] regions, Func<ReplicaOptions, ReplicaOptions>? configure = null, double seconds = 15)
    {
        var network = new RumorNetwork(regions, configure).Start(seconds);

        // All have answered each other once: what follows is not about first contacts.
        foreach (var node in network.Nodes)
        {
            node.Put($"hello {node.Pid}", "hello");
            network.Run(400);
        }

        network.Run(2000);
        network.RefusesSessions = true;
        network.Pushes.Clear();
        network.SessionMessages.Clear();
        return network;
    }
}
