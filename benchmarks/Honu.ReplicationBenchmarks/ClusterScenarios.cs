using System.Diagnostics;
using Honu.Cli.Benchmarking.Interop;

namespace Honu.ReplicationBenchmarks;

/// <summary>What replication costs a writer, and what it costs when nothing happens.</summary>
internal static class ClusterScenarios
{
    public static async Task PutAsync(Figures figures, string directory, int puts, int rounds)
    {
        using var alone = HonuStore.Open(Path.Combine(directory, "alone"), new HonuStoreOptions { Pid = 1, Engine = new CountingEngine() });
        await using var two = await Node.StartAsync(Path.Combine(directory, "peer-2"), 2);
        await using var three = await Node.StartAsync(Path.Combine(directory, "peer-3"), 3);
        await using var node = await Node.StartAsync(Path.Combine(directory, "replicated"), 1, address: null, two.Address, three.Address);
        List<double> cpu = [], wall = [], without = [], with = [];
        for (var round = -2; round < rounds; round++)
        {
            var (first, second) = round % 2 == 0 ? (alone, node.Store) : (node.Store, alone);
            var one = Measure(first, puts);
            var other = Measure(second, puts);
            var (ofAlone, ofNode) = round % 2 == 0 ? (one, other) : (other, one);
            if (round < 0)
                continue;
            cpu.Add((double)ofNode.Cpu / ofAlone.Cpu);
            wall.Add((double)ofNode.Wall / ofAlone.Wall);
            without.Add(ofAlone.Cpu / 1000.0 / puts);
            with.Add(ofNode.Cpu / 1000.0 / puts);
        }

        var status = await node.Replica.GetStatusAsync(countObjects: false, CancellationToken.None);
        const string Name = "put with two peers";
        figures.Add(Name, "thread CPU without", Figures.Median(without), "µs");
        figures.Add(Name, "thread CPU with", Figures.Median(with), "µs");
        figures.Add(Name, "ratio of thread CPU, median of the rounds", Figures.Median(cpu), "", atMost: 1.1);
        figures.Add(Name, "ratio of wall time", Figures.Median(wall), "");
        figures.Add(Name, "peers reached", status.Peers.Count(static peer => peer.LastSuccess is not null), "", atLeast: 2);
    }

    public static async Task IdleAsync(Figures figures, string directory, TimeSpan length)
    {
        var nodes = new List<Node>();
        for (var i = 0; i < 3; i++)
            nodes.Add(await Node.StartAsync(Path.Combine(directory, $"idle-{i}"), (uint)(i + 1), address: null, [.. nodes.Select(static node => node.Address)]));
        Data.Fill(nodes[0].Store, 1000);
        await nodes[2].Replica.SyncAsync(nodes[0].Address, CancellationToken.None);
        await nodes[2].Replica.SyncAsync(nodes[1].Address, CancellationToken.None);

        // Until the intervals have grown to their longest.
        await Task.Delay(TimeSpan.FromSeconds(15));
        async Task<long> SessionsAsync()
        {
            long sum = 0;
            foreach (var node in nodes)
                sum += (await node.Replica.GetStatusAsync(countObjects: false, CancellationToken.None)).SessionsSucceeded;
            return sum;
        }

        long Syncs() => nodes.Sum(static node => node.Engine.Syncs);
        var (sessions, syncs, cpu, clock) = (await SessionsAsync(), Syncs(), CpuTime.OfProcess(), Stopwatch.StartNew());
        await Task.Delay(length);
        var seconds = clock.Elapsed.TotalSeconds;
        const string Name = "three idle replicas";
        figures.Add(Name, "sessions, both ends counted", (await SessionsAsync() - sessions) / seconds, "/s");
        figures.Add(Name, "processor, all three", (CpuTime.OfProcess() - cpu) / 1e7 / seconds, "% of a core");
        figures.Add(Name, "times that something was made durable", Syncs() - syncs, "", atMost: 0);
        foreach (var node in nodes)
            await node.DisposeAsync();
    }

    // New keys every time would make the rounds differ; the same ones are overwritten.
    private static (long Cpu, long Wall) Measure(HonuStore store, int puts)
    {
        var value = new byte[Data.ValueBytes];
        Random.Shared.NextBytes(value);
        var keys = Enumerable.Range(0, puts).Select(Data.Key).ToArray();
        Random.Shared.Shuffle(keys);
        var (cpu, wall) = (CpuTime.OfThread(), Stopwatch.GetTimestamp());
        foreach (var key in keys)
            store.Put(key, value);
        return (CpuTime.OfThread() - cpu, Stopwatch.GetTimestamp() - wall);
    }
}
