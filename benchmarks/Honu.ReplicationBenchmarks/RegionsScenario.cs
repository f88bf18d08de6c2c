using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Reflection;
using System.Text;
using System.Text.Json;
using Honu.Hosting;
using Honu.Simulation;
using Honu.TestKit;

namespace Honu.ReplicationBenchmarks;

/// <summary>Nine servers in three regions, processes of their own behind lines that are as long as those between the regions: is a write seen by all as soon as the simulator says?</summary>
internal static class RegionsScenario
{
    private const int ReplicasPerRegion = 3;

    private const int Regions = 3;

    private static readonly string[] UsualRegions = ["Virginia", "Frankfurt", "Tokyo"];
    private static readonly TimeSpan WriteInterval = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan WarmUp = TimeSpan.FromSeconds(15);
    private static readonly TimeSpan Guard = TimeSpan.FromSeconds(60);

    private static readonly string Command = typeof(RegionsScenario).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>().Single(static item => item.Key == "HonuCommand").Value!;

    /// <param name="figures">Where the figures go.</param>
    /// <param name="directory">Where the stores are.</param>
    /// <param name="length">How long is measured.</param>
    /// <param name="latency">A file of latencies, whose first three regions are taken; <see langword="null"/> for three of AWS.</param>
    public static async Task RunAsync(Figures figures, string directory, TimeSpan length, string? latency)
    {
        var matrix = latency is null ? Part(LatencyMatrix.Default, UsualRegions) : First(LatencyMatrix.Load(latency));
        var simulated = ExperimentRunner.Run(new ExperimentOptions
        {
            Design = "region-relay",
            Latency = matrix,
            ReplicasPerRegion = ReplicasPerRegion,
            WarmUp = WarmUp,
            Duration = length,
            WriteInterval = WriteInterval,
        });
        var latencies = await MeasureAsync(directory, matrix, length);
        var name = $"nine servers in {string.Join(", ", matrix.Regions)}";
        var mean = latencies.Average();
        figures.Add(name, "writes", latencies.Count, "");
        figures.Add(name, "visible to all, mean, simulated", simulated.VisibilityMeanMs, "ms");
        figures.Add(name, "visible to all, mean, real", mean, "ms");
        figures.Add(name, "visible to all, median, real", Figures.Median(latencies), "ms");
        figures.Add(name, "visible to all, p99, simulated", simulated.VisibilityP99Ms, "ms");
        figures.Add(name, "visible to all, p99, real", Figures.Quantile(latencies, 0.99), "ms");
        figures.Add(name, "real / simulated, means", mean / simulated.VisibilityMeanMs, "", atMost: 1.25, atLeast: 0.75);
    }

    private static LatencyMatrix First(LatencyMatrix all) => Part(all, [.. all.Regions.Take(Regions)]);

    private static LatencyMatrix Part(LatencyMatrix all, string[] regions)
    {
        var places = regions.Select(region => all.Regions.ToList().IndexOf(region)).ToList();
        var text = new StringBuilder("src,dst,oneway_sim_ms\n");
        foreach (var from in places)
        {
            foreach (var to in places)
                text.Append(CultureInfo.InvariantCulture, $"{all.Regions[from]},{all.Regions[to]},{all.OneWayMs(from, to)}\n");
        }

        using var reader = new StringReader(text.ToString());
        return LatencyMatrix.Read(reader, "three regions");
    }

    private static async Task<List<double>> MeasureAsync(string directory, LatencyMatrix matrix, TimeSpan length)
    {
        var count = Regions * ReplicasPerRegion;
        var lines = new LatencyProxy?[count, count];
        var servers = new List<Process>();
        var clients = new List<StoreClient>();
        using var stop = new CancellationTokenSource();
        var watches = new List<Task>();
        try
        {
            for (var from = 0; from < count; from++)
            {
                for (var to = 0; to < count; to++)
                {
                    if (from != to)
                        lines[from, to] = new LatencyProxy(OneWay(matrix, from, to), OneWay(matrix, to, from));
                }
            }

            for (var i = 0; i < count; i++)
            {
                var (server, address) = await StartAsync(directory, i, matrix.Regions[i / ReplicasPerRegion], [.. Enumerable.Range(0, count).Where(other => other != i).Select(other => $"{other + 1}@{lines[i, other]!.Address}")]);
                servers.Add(server);
                clients.Add(StoreClient.Connect(address));
                for (var other = 0; other < count; other++)
                {
                    if (other != i)
                        lines[other, i]!.ServerPort = int.Parse(address[(address.LastIndexOf(':') + 1)..], CultureInfo.InvariantCulture);
                }
            }

            var seen = new ConcurrentDictionary<string, Sighting>();
            foreach (var client in clients)
            {
                var started = new TaskCompletionSource();
                watches.Add(WatchAsync(client, seen, count, started, stop.Token));
                await started.Task.WaitAsync(Guard);
            }

            var end = Stopwatch.GetTimestamp() + (long)((WarmUp + length).TotalSeconds * Stopwatch.Frequency);
            var measured = Stopwatch.GetTimestamp() + (long)(WarmUp.TotalSeconds * Stopwatch.Frequency);
            await Task.WhenAll(Enumerable.Range(0, Regions).Select(region => WriteAsync(clients[region * ReplicasPerRegion], region, seen, end)));
            await Task.WhenAll(seen.Values.Select(static sighting => sighting.ByAll.Task)).WaitAsync(Guard);
            return [.. seen.Values.Where(sighting => sighting.First >= measured).Select(static sighting => Stopwatch.GetElapsedTime(sighting.First, sighting.Last).TotalMilliseconds)];
        }
        finally
        {
            await stop.CancelAsync();
            await Task.WhenAll(watches);
            foreach (var client in clients)
                await client.DisposeAsync();
            foreach (var server in servers)
            {
                server.Kill();
                await server.WaitForExitAsync();
                server.Dispose();
            }

            foreach (var line in lines)
            {
                if (line is not null)
                    await line.DisposeAsync();
            }
        }
    }

    private static async Task<(Process Server, string Address)> StartAsync(string directory, int index, string region, string[] peers)
    {
        var start = new ProcessStartInfo(Command) { UseShellExecute = false, RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (var argument in (string[])["serve", "--db", Path.Combine(directory, $"{index}"), "--listen", "127.0.0.1:0", "--pid", $"{index + 1}", "--region", region, "--dissemination", "region-relay", "--json"])
            start.ArgumentList.Add(argument);
        foreach (var peer in peers)
        {
            start.ArgumentList.Add("--peer");
            start.ArgumentList.Add(peer);
        }

        var server = Process.Start(start)!;
        server.ErrorDataReceived += static (_, _) => { };
        server.BeginErrorReadLine();
        var line = await server.StandardOutput.ReadLineAsync() ?? throw new EndOfStreamException("A server has ended.");
        using var ready = JsonDocument.Parse(line);
        return (server, ready.RootElement.GetProperty("address").GetString()!);
    }

    private static async Task WatchAsync(StoreClient client, ConcurrentDictionary<string, Sighting> seen, int count, TaskCompletionSource started, CancellationToken cancellation)
    {
        try
        {
            await foreach (var change in client.WatchAsync(new StoreWatch(), _ => started.TrySetResult(), cancellation))
                seen.GetOrAdd(Encoding.UTF8.GetString(change.Object.Key.Span), static _ => new Sighting()).Add(count);
        }
        catch (OperationCanceledException)
        {
            // The run is over.
        }
    }

    private static async Task WriteAsync(StoreClient client, int region, ConcurrentDictionary<string, Sighting> seen, long end)
    {
        using var ticks = new PeriodicTimer(WriteInterval);
        await Task.Delay(WriteInterval * region / Regions);
        for (var i = 0; Stopwatch.GetTimestamp() < end; i++)
        {
            var key = string.Create(CultureInfo.InvariantCulture, $"{region}/{i}");
            seen.GetOrAdd(key, static _ => new Sighting());
            await client.PutAsync(HonuStore.DefaultNamespace, Encoding.UTF8.GetBytes(key), new byte[64]);
            await ticks.WaitForNextTickAsync();
        }
    }

    private static TimeSpan OneWay(LatencyMatrix matrix, int from, int to) => TimeSpan.FromMilliseconds(matrix.OneWayMs(from / ReplicasPerRegion, to / ReplicasPerRegion));

    // The first to see a write is the replica at which it was made.
    private sealed class Sighting
    {
        private int _count;

        public TaskCompletionSource ByAll { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public long First { get; private set; }

        public long Last { get; private set; }

        public void Add(int all)
        {
            lock (ByAll)
            {
                Last = Stopwatch.GetTimestamp();
                if (_count++ == 0)
                    First = Last;
                if (_count == all)
                    ByAll.TrySetResult();
            }
        }
    }
}
