using System.Globalization;
using System.Text.Json;
using Honu.Cli.Benchmarking.Interop;
using Honu.Replication;

namespace Honu.ReplicationBenchmarks;

/// <summary>A node in a process of its own, which does what it is told on stdin and answers each line with one of JSON.</summary>
internal static class Worker
{
    private static readonly TimeSpan SampleInterval = TimeSpan.FromMilliseconds(20);

    // Only changed by the sampling thread, apart from the reset between two answers.
    private static long _peakBytes;

    /// <summary><c>node DIRECTORY PID ADDRESS [PEER]</c>; the address may be <c>-</c> for a free port.</summary>
    public static async Task<int> RunAsync(string[] args)
    {
        await using var node = await Node.StartAsync(args[0], uint.Parse(args[1], CultureInfo.InvariantCulture), args[2] == "-" ? null : args[2]);
        new Thread(() => Sample(node.Engine)) { IsBackground = true }.Start();
        Answer(new { address = node.Address });
        while (await Console.In.ReadLineAsync() is { } line)
        {
            var words = line.Split(' ');
            try
            {
                switch (words[0])
                {
                    case "fill":
                        Data.Fill(node.Store, int.Parse(words[1], CultureInfo.InvariantCulture));
                        Answer(new { });
                        break;
                    case "sync":
                        Answer(Describe(await node.Replica.SyncAsync(words[1], CancellationToken.None)));
                        break;
                    case "memory":
                        Answer(Memory());
                        break;
                    case "cpu":
                        Answer(new { micros = CpuTime.OfProcess() / 1000 });
                        break;
                    case "count":
                        Answer(new { objects = node.Store.Namespace(HonuStore.DefaultNamespace).Count() });
                        break;
                    case "hash":
                        Answer(new { hash = Data.Hash(node.Store) });
                        break;
                }
            }
            catch (Exception e) when (e is Hosting.HonuReplicationException or HonuException)
            {
                Answer(new { error = e.Message });
            }
        }

        return 0;
    }

    private static void Answer(object answer) => Console.Out.WriteLine(JsonSerializer.Serialize(answer));

    private static object Describe(SyncReport report) => new
    {
        milliseconds = report.Duration.TotalMilliseconds,
        objectsReceived = report.ObjectsReceived,
        objectsSent = report.ObjectsSent,
        bytesReceived = report.BytesReceived,
        roundTrips = report.RoundTrips,
    };

    // Anonymous: mapped tables belong to the system's cache, not to the process.
    private static object Memory()
    {
        var beyond = Interlocked.Exchange(ref _peakBytes, 0);
        var collected = GC.GetGCMemoryInfo(GCKind.Any);
        return new { beyond, resident = ReadStatus("VmHWM:"), heap = collected.HeapSizeBytes, committed = collected.TotalCommittedBytes };
    }

    private static void Sample(CountingEngine engine)
    {
        while (true)
        {
            var beyond = ReadStatus("RssAnon:") - engine.MemoryBytes;
            if (beyond > Interlocked.Read(ref _peakBytes))
                Interlocked.Exchange(ref _peakBytes, beyond);
            Thread.Sleep(SampleInterval);
        }
    }

    private static long ReadStatus(string name)
    {
        var line = File.ReadLines("/proc/self/status").First(line => line.StartsWith(name, StringComparison.Ordinal));
        return long.Parse(line.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture) * 1024;
    }
}
