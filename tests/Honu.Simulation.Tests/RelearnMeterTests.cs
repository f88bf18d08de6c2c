using Honu.Replication.Messages;

namespace Honu.Simulation.Tests;

/// <summary>How many pushes it takes until a slow relay is left, counted by hand: replica 0 of region a pushes to the replicas 3 to 5 of region b, of which 3 becomes slow.</summary>
public class RelearnMeterTests
{
    private const int Slow = 3;
    private const string Regions = "src,dst,oneway_sim_ms\na,a,1\na,b,50\nb,a,50\nb,b,1\n";

    private readonly SimulatedCluster _cluster = new(new SimulationOptions { Replicas = 6, Network = new NetworkOptions { Latency = LatencyMatrix.Read(new StringReader(Regions), "regions") } });
    private ulong _written;

    [Fact]
    public void Pushes_LeftAtOnceAndForGood_AreThoseBefore()
    {
        var meter = Slowed();

        Push(meter, Slow, Slow);
        Push(meter, [.. Enumerable.Repeat(4, 12)]);

        Assert.Equal(2, meter.Pushes());
    }

    [Fact]
    public void Pushes_SlowOneChosenAgainBehindARowOfTen_CountOn()
    {
        var meter = Slowed();

        Push(meter, Slow);
        Push(meter, [.. Enumerable.Repeat(4, 10), Slow, .. Enumerable.Repeat(4, 10)]);

        // One of eleven is more than 5 %, so it was not left before that one.
        Assert.Equal(12, meter.Pushes());
    }

    [Fact]
    public void Pushes_SlowOneTriedOnceInALongWhile_CountNot()
    {
        var meter = Slowed();

        Push(meter, Slow);
        Push(meter, [.. Enumerable.Repeat(4, 30), Slow, .. Enumerable.Repeat(5, 30)]);

        Assert.Equal(1, meter.Pushes());
    }

    [Fact]
    public void Pushes_RunEndsTooSoon_AreUnknown()
    {
        var meter = Slowed();

        Push(meter, Slow);
        Push(meter, [.. Enumerable.Repeat(4, 9)]);

        Assert.Null(meter.Pushes());
    }

    [Fact]
    public void Pushes_NeverLeft_AreUnknown()
    {
        var meter = Slowed();

        Push(meter, [.. Enumerable.Repeat(Slow, 50)]);

        Assert.Null(meter.Pushes());
    }

    [Fact]
    public void Pushes_SentAgainToAnotherReplica_AreNoChoice()
    {
        var meter = Slowed();

        Push(meter, Slow);
        meter.Pushed(_cluster.Replicas[0], _cluster.Replicas[Slow], Batch(_written));
        Push(meter, [.. Enumerable.Repeat(4, 10)]);

        Assert.Equal(1, meter.Pushes());
    }

    [Fact]
    public void Pushes_NobodyHadUsedTheSlowOne_AreUnknown()
    {
        var meter = new RelearnMeter(_cluster);
        Push(meter, 4, 4, 4);

        meter.Slowed(Slow);
        Push(meter, [.. Enumerable.Repeat(4, 20)]);

        Assert.Null(meter.Pushes());
    }

    private RelearnMeter Slowed()
    {
        var meter = new RelearnMeter(_cluster);
        Push(meter, Slow, Slow, 4);
        Assert.Equal(Slow, meter.Busiest());
        meter.Slowed(Slow);
        return meter;
    }

    private void Push(RelearnMeter meter, params int[] relays)
    {
        foreach (var relay in relays)
            meter.Pushed(_cluster.Replicas[0], _cluster.Replicas[relay], Batch(++_written));
    }

    private static RumorBatch Batch(ulong to) => new() { Rumors = { new Rumor { To = to } } };
}
