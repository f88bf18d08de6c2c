using System.Globalization;

namespace Honu.ReplicationBenchmarks;

/// <summary>An empty replica gets everything, sender and receiver in processes of their own; and the same while one or the other is killed.</summary>
internal static class BootstrapScenario
{
    private const uint Sender = 1;
    private const uint Receiver = 2;

    // What two fresh processes need before the stream flows.
    private static readonly TimeSpan StartTime = TimeSpan.FromMilliseconds(600);

    public static async Task RunAsync(Figures figures, string directory, int objects, int rounds)
    {
        var source = await FillAsync(directory, objects);
        List<double> rates = [], ofReceiver = [], ofSender = [];
        double received = 0, sent = 0, heap = 0, resident = 0;
        for (var round = 0; round < rounds; round++)
        {
            var target = Path.Combine(directory, string.Create(CultureInfo.InvariantCulture, $"target-{round}"));
            await using var sender = await WorkerProcess.StartAsync(source, Sender);

            // Another pid each time: the sender remembers which store writes as the last one.
            await using (var receiver = await WorkerProcess.StartAsync(target, Receiver + (uint)round))
            {
                var report = await receiver.AskAsync("sync " + sender.Address);
                if (report.GetProperty("objectsReceived").GetInt64() != objects)
                    throw new InvalidOperationException("not all objects arrived: " + report);
                ofReceiver.Add((await receiver.AskAsync("cpu")).GetProperty("micros").GetDouble() / objects);
                ofSender.Add((await sender.AskAsync("cpu")).GetProperty("micros").GetDouble() / objects);
                rates.Add(objects / report.GetProperty("milliseconds").GetDouble() * 1000);
                var (atReceiver, atSender) = (await receiver.AskAsync("memory"), await sender.AskAsync("memory"));
                received = Math.Max(received, MiB(atReceiver, "beyond"));
                sent = Math.Max(sent, MiB(atSender, "beyond"));
                heap = Math.Max(heap, Math.Max(MiB(atReceiver, "committed"), MiB(atSender, "committed")));
                resident = Math.Max(resident, Math.Max(MiB(atReceiver, "resident"), MiB(atSender, "resident")));
                if (round == 0 && (await receiver.AskAsync("hash")).ToString() != (await sender.AskAsync("hash")).ToString())
                    throw new InvalidOperationException("the two stores differ");
            }

            Directory.Delete(target, recursive: true);
        }

        const string Name = "bootstrap";
        figures.Add(Name, string.Create(CultureInfo.InvariantCulture, $"{objects:N0} × 100 B, median of {rounds}"), Figures.Median(rates), "objects/s", atLeast: 100_000);
        figures.Add(Name, "the best, the worst in thousands", rates.Max() / 1000, string.Create(CultureInfo.InvariantCulture, $"/ {rates.Min() / 1000:F1}"));
        figures.Add(Name, "receiver's processor time, start of the process included, median", Figures.Median(ofReceiver), "µs/object");
        figures.Add(Name, "sender's processor time, start of the process included, median", Figures.Median(ofSender), "µs/object");
        figures.Add(Name, "receiver's peak beyond block cache and write buffers", received, "MiB", atMost: 200e6 / 1048576);
        figures.Add(Name, "sender's peak beyond block cache and write buffers", sent, "MiB", atMost: 200e6 / 1048576);
        figures.Add(Name, "managed heap, committed, the larger of both", heap, "MiB");
        figures.Add(Name, "peak resident set, mapped tables included, the larger of both", resident, "MiB");
    }

    public static async Task KilledAsync(Figures figures, string directory, int objects, int kills, int seed)
    {
        var source = await FillAsync(directory, objects);
        var target = Path.Combine(directory, "killed");
        var random = new Random(seed);
        var sender = await WorkerProcess.StartAsync(source, Sender);
        var receiver = await WorkerProcess.StartAsync(target, Receiver);
        var expected = TimeSpan.FromSeconds(objects / 100_000.0);
        var held = 0L;
        for (var kill = 0; kill < kills; kill++)
        {
            var before = held;
            var syncing = receiver.AskAsync("sync " + sender.Address);
            await Task.Delay(StartTime + (random.NextDouble() * 2 * expected / kills));
            if (syncing.IsCompleted)
                Console.Error.WriteLine($"kill {kill}: the session had ended before: {await syncing}");
            if (kill % 2 == 0)
            {
                await receiver.KillAsync();
                await receiver.DisposeAsync();
                await Task.WhenAny(syncing);
                receiver = await WorkerProcess.StartAsync(target, Receiver);
            }
            else
            {
                await sender.KillAsync();
                await sender.DisposeAsync();
                await Task.WhenAny(syncing);
                sender = await WorkerProcess.StartAsync(source, Sender);
            }

            held = (await receiver.AskAsync("count")).GetProperty("objects").GetInt64();
            Console.Error.WriteLine(string.Create(CultureInfo.InvariantCulture, $"kill {kill} of the {(kill % 2 == 0 ? "receiver" : "sender")}: {held} objects are here, {held - before} more"));
        }

        var last = await receiver.AskAsync("sync " + sender.Address);
        var resent = held + last.GetProperty("objectsReceived").GetInt64() - objects;
        var isEqual = (await receiver.AskAsync("hash")).ToString() == (await sender.AskAsync("hash")).ToString();
        const string Name = "bootstrap, killed";
        figures.Add(Name, "kills", kills, string.Create(CultureInfo.InvariantCulture, $"(seed {seed})"));
        figures.Add(Name, "objects held before the last session", held, "", atLeast: kills > 0 ? 1 : 0);
        figures.Add(Name, "objects of the last session", last.GetProperty("objectsReceived").GetInt64(), "");
        figures.Add(Name, "objects that the last session sent once more", resent, "", atMost: 4096);
        figures.Add(Name, "equal in the end", isEqual ? 1 : 0, "", atLeast: 1);
        await receiver.DisposeAsync();
        await sender.DisposeAsync();
    }

    private static double MiB(System.Text.Json.JsonElement answer, string name) => answer.GetProperty(name).GetInt64() / 1048576.0;

    private static async Task<string> FillAsync(string directory, int objects)
    {
        var source = Path.Combine(directory, "source");
        if (Directory.Exists(source))
            return source;
        await using var filler = await WorkerProcess.StartAsync(source, Sender);
        await filler.AskAsync(string.Create(CultureInfo.InvariantCulture, $"fill {objects}"));
        return source;
    }
}
