using Honu.Replication;

namespace Honu.Simulation.Tests;

/// <summary>What the network between regions does to single messages, to connections and to machines: one fault at a time.</summary>
public class NetworkTests
{
    private const string Regions = """
        src,dst,oneway_sim_ms
        a,a,1
        a,b,10
        a,c,100
        b,a,20
        b,b,1
        b,c,50
        c,a,100
        c,b,50
        c,c,1
        """;

    private static readonly LatencyMatrix Matrix = LatencyMatrix.Read(new StringReader(Regions), "regions");

    [Fact]
    public void SingleMessage_TakesTheLatencyOfItsPair()
    {
        var cluster = Cluster(new NetworkOptions());

        Assert.Equal([Ms(10)], Arrivals(cluster, 0, 1));
        Assert.Equal([Ms(20)], Arrivals(cluster, 1, 0));
        Assert.Equal([Ms(100)], Arrivals(cluster, 0, 2));
    }

    [Fact]
    public void Jitter_MakesLatenciesLongerByUpToItsShare()
    {
        var cluster = Cluster(new NetworkOptions { Jitter = 0.5 });

        var times = Enumerable.Range(0, 100).SelectMany(_ => Arrivals(cluster, 0, 1)).ToList();

        Assert.All(times, time => Assert.InRange(time, Ms(10), Ms(15)));
        Assert.True(times.Distinct().Count() > 50);
    }

    [Fact]
    public void Loss_OfSingleMessages_IsSilent()
    {
        var cluster = Cluster(new NetworkOptions(), loss: 0.3);

        var arrived = Enumerable.Range(0, 1000).Sum(_ => Arrivals(cluster, 0, 1).Count);

        Assert.InRange(arrived, 650, 750);
    }

    [Fact]
    public void Duplication_DeliversSingleMessagesTwice()
    {
        var cluster = Cluster(new NetworkOptions { Duplication = 1 });

        Assert.Equal(2, Arrivals(cluster, 0, 1).Count);
    }

    [Fact]
    public void Reordering_LetsLaterMessagesOvertake()
    {
        var cluster = Cluster(new NetworkOptions { Reordering = 0.5 });
        var order = new List<int>();
        for (var i = 0; i < 20; i++)
        {
            var number = i;
            cluster.Network.SendPacket(cluster.Replicas[0], cluster.Replicas[1], [1], () => order.Add(number));
        }

        cluster.Run(Ms(1000));

        Assert.Equal(Enumerable.Range(0, 20), order.Order());
        Assert.NotEqual(Enumerable.Range(0, 20), order);
    }

    [Fact]
    public void Bandwidth_MakesLaterMessagesWait()
    {
        var cluster = Cluster(new NetworkOptions { BytesPerSecond = 10_000 });
        var begin = cluster.Time.Now;
        var times = new List<TimeSpan>();
        for (var i = 0; i < 2; i++)
            cluster.Network.SendPacket(cluster.Replicas[0], cluster.Replicas[1], new byte[995], () => times.Add(cluster.Time.Now - begin));

        cluster.Run(Ms(1000));

        Assert.Equal([Ms(110), Ms(210)], times);
    }

    [Fact]
    public void Connection_IsMadeOnceAndKept()
    {
        var cluster = Cluster(new NetworkOptions { DialRoundTrips = 1.5 });
        cluster.StartAll();
        var begin = cluster.Time.Now;

        var first = SendDialled(cluster, 0, 1);
        var second = SendDialled(cluster, 0, 1);

        Assert.Equal(begin + Ms((1.5 * 30) + 10), first);
        Assert.Equal(Ms(10), second - begin - Ms(2000));
    }

    [Fact]
    public void Connection_ToAMachineThatIsDown_Fails()
    {
        var cluster = Cluster(new NetworkOptions());
        var hasFailed = false;

        cluster.Network.SendSingle(cluster.Replicas[0], cluster.Replicas[1], [1], () => Assert.Fail("It arrived."), () => hasFailed = true);
        cluster.Run(Ms(1000));

        Assert.True(hasFailed);
    }

    [Fact]
    public void Path_LosesAPacket_SendsItAgainAfterTimeoutAndRoundTripAndKeepsTheOrder()
    {
        var cluster = Cluster(new NetworkOptions());
        var (path, faults, _) = Path(cluster);
        var arrivals = new List<(int Number, TimeSpan At)>();

        faults.Loss = 1;
        path.Send(10, () => arrivals.Add((1, cluster.Time.Now)));
        faults.Loss = 0;
        path.Send(10, () => arrivals.Add((2, cluster.Time.Now)));
        cluster.Run(Ms(5000));

        Assert.Equal([(1, Ms(200 + 30 + 10)), (2, Ms(200 + 30 + 10))], arrivals);
    }

    [Fact]
    public void Path_LosesAPacketAgain_WaitsTwiceAsLong()
    {
        var cluster = Cluster(new NetworkOptions());
        var (path, faults, _) = Path(cluster);
        TimeSpan? arrival = null;

        faults.Loss = 1;
        path.Send(10, () => arrival = cluster.Time.Now);
        cluster.Time.At(Ms(231), () => faults.Loss = 0);
        cluster.Run(Ms(5000));

        Assert.Equal(Ms(230 + 460 + 10), arrival);
    }

    [Fact]
    public void Path_CutForTooLong_BreaksItsConnection()
    {
        var cluster = Cluster(new NetworkOptions { DeadAfter = TimeSpan.FromSeconds(15) });
        var (path, faults, connection) = Path(cluster);

        faults.Cut(0, 1, isCut: true);
        path.Send(10, () => Assert.Fail("It arrived."));
        cluster.Run(TimeSpan.FromSeconds(14));
        var wasClosed = connection.IsClosed;
        cluster.Run(TimeSpan.FromSeconds(2));

        Assert.False(wasClosed);
        Assert.True(connection.IsClosed);
    }

    [Fact]
    public void Cuts_StopOneWayAPairOrARegion()
    {
        var cluster = Cluster(new NetworkOptions());
        var faults = cluster.Network.Faults;

        faults.CutOneWay(0, 1, isCut: true);
        Assert.Empty(Arrivals(cluster, 0, 1));
        Assert.Single(Arrivals(cluster, 1, 0));

        faults.Cut(0, 2, isCut: true);
        Assert.Empty(Arrivals(cluster, 2, 0));

        faults.Heal();
        faults.CutRegion(1, isCut: true);
        Assert.Empty(Arrivals(cluster, 0, 1));
        Assert.Empty(Arrivals(cluster, 1, 2));
        Assert.Single(Arrivals(cluster, 0, 2));

        faults.CutRegion(1, isCut: false);
        Assert.Single(Arrivals(cluster, 0, 1));
    }

    [Fact]
    public void SlowReplica_DealsWithEverythingLater()
    {
        var cluster = Cluster(new NetworkOptions());

        cluster.Network.Faults.SetSlow(1, Ms(400));

        Assert.Equal([Ms(410)], Arrivals(cluster, 0, 1));
        Assert.Equal([Ms(20)], Arrivals(cluster, 1, 0));
    }

    [Fact]
    public void SwappedRegions_HaveEachOthersLatencies()
    {
        var cluster = Cluster(new NetworkOptions());

        cluster.Network.Faults.SwapRegions(1, 2);

        Assert.Equal([Ms(100)], Arrivals(cluster, 0, 1));
        Assert.Equal([Ms(10)], Arrivals(cluster, 0, 2));
    }

    [Fact]
    public void CutRegion_OnceMended_GetsWhatItMissed()
    {
        var cluster = Cluster(new NetworkOptions());
        cluster.StartAll();
        cluster.Run(TimeSpan.FromSeconds(10));

        cluster.Network.Faults.CutRegion(2, isCut: true);
        cluster.Replicas[0].Store.Namespace("data").Put("key"u8, "value"u8);
        cluster.Run(TimeSpan.FromSeconds(60));
        var duringCut = cluster.Replicas[2].Store.Namespace("data").Get("key"u8);
        cluster.Network.Heal();
        cluster.Run(TimeSpan.FromSeconds(10));

        Assert.Null(duringCut);
        Assert.NotNull(cluster.Replicas[1].Store.Namespace("data").Get("key"u8));
        Assert.NotNull(cluster.Replicas[2].Store.Namespace("data").Get("key"u8));
    }

    [Fact]
    public void PausedReplica_ReactsWhenItGoesOn()
    {
        var cluster = Cluster(new NetworkOptions());
        cluster.StartAll();
        cluster.Run(TimeSpan.FromSeconds(10));

        cluster.Replicas[1].Pause(TimeSpan.FromSeconds(3));
        cluster.Replicas[0].Store.Namespace("data").Put("key"u8, "value"u8);
        cluster.Run(TimeSpan.FromSeconds(2.9));
        var duringPause = cluster.Replicas[1].Store.Namespace("data").Get("key"u8);
        cluster.Run(TimeSpan.FromSeconds(10));

        Assert.Null(duringPause);
        Assert.NotNull(cluster.Replicas[1].Store.Namespace("data").Get("key"u8));
    }

    [Fact]
    public void PowerLoss_TakesWhatWasNotSynced()
    {
        var cluster = Cluster(new NetworkOptions());
        var replica = cluster.Replicas[0];
        replica.Start();
        for (byte key = 0; key < 100; key++)
            replica.Store.Namespace("data").Put([key], "value"u8);

        replica.LosePower();
        replica.Start();

        var kept = Enumerable.Range(0, 100).Count(key => replica.Store.Namespace("data").Get([(byte)key]) is not null);
        Assert.InRange(kept, 0, 99);
    }

    [Fact]
    public void Clocks_DifferByTheirSkew()
    {
        var cluster = Cluster(new NetworkOptions(), skew: TimeSpan.FromSeconds(5));

        var times = cluster.Replicas.Select(static replica => replica.Now).ToList();

        Assert.Equal(3, times.Distinct().Count());
        Assert.True(times.Max() - times.Min() <= TimeSpan.FromSeconds(10));
    }

    [Fact]
    public void Traffic_CountsWhatTheCodecWrites()
    {
        var cluster = Cluster(new NetworkOptions());
        var bytes = new long[3, 3];
        long messages = 0;
        cluster.Network.Tap = (from, to, _, message) =>
        {
            messages++;
            bytes[from.Index, to.Index] += message.CalculateSize() + 5;
        };
        cluster.StartAll();
        cluster.Replicas[0].Store.Namespace("data").Put("key"u8, "value"u8);
        cluster.Run(TimeSpan.FromSeconds(5));

        var traffic = cluster.Network.Traffic;
        Assert.True(messages > 0);
        Assert.Equal(messages, traffic.Messages);
        Assert.Equal(bytes[0, 1], traffic.BytesBetween(0, 1));
        Assert.Equal(bytes[2, 0], traffic.BytesBetween(2, 0));
        Assert.Equal(traffic.Bytes, traffic.BytesCrossRegion);
    }

    [Fact]
    public void Rumors_AreMessagesByThemselves()
    {
        var cluster = Cluster(new NetworkOptions(), relay: true);
        var pushes = 0;
        cluster.Network.PushTap = (_, _, _) => pushes++;
        cluster.StartAll();
        cluster.Run(TimeSpan.FromSeconds(20));
        cluster.Network.Traffic.Clear();
        pushes = 0;

        cluster.Replicas[0].Store.Namespace("data").Put("key"u8, "value"u8);
        cluster.Run(Ms(120));

        Assert.True(pushes >= 2);
        Assert.True(cluster.Network.Traffic.Messages >= pushes);
        Assert.NotNull(cluster.Replicas[2].Store.Namespace("data").Get("key"u8));
    }

    private static TimeSpan Ms(double ms) => TimeSpan.FromMilliseconds(ms);

    private static SimulatedCluster Cluster(NetworkOptions network, double loss = 0, TimeSpan skew = default, bool relay = false) => new(new SimulationOptions
    {
        Seed = 5,
        Replicas = 3,
        Loss = loss,
        MaxSkew = skew,
        Network = network with { Latency = Matrix, ReplicasPerRegion = 1 },
        ConfigureReplica = (_, options) => relay ? options with { Dissemination = Dissemination.RegionRelay } : options,
    });

    private static List<TimeSpan> Arrivals(SimulatedCluster cluster, int from, int to)
    {
        var begin = cluster.Time.Now;
        var arrivals = new List<TimeSpan>();
        cluster.Network.SendPacket(cluster.Replicas[from], cluster.Replicas[to], [1, 2, 3], () => arrivals.Add(cluster.Time.Now - begin));
        cluster.Run(Ms(2000));
        return arrivals;
    }

    private static TimeSpan SendDialled(SimulatedCluster cluster, int from, int to)
    {
        TimeSpan? arrival = null;
        cluster.Network.SendSingle(cluster.Replicas[from], cluster.Replicas[to], [1], () => arrival = cluster.Time.Now, () => Assert.Fail("There was no connection."));
        cluster.Run(Ms(2000));
        return arrival!.Value;
    }

    private static (MessagePath Path, NetworkFaults Faults, Connection Connection) Path(SimulatedCluster cluster)
    {
        var options = cluster.Options;
        var packets = new PacketModel(cluster.Time, options, cluster.Random);
        var connection = new Connection(cluster.Time, packets, options, cluster.Replicas[0], cluster.Replicas[1], static broken => broken.IsClosed = true);
        return (connection.ToFar, packets.Faults, connection);
    }
}
