using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace Honu.GrpcBenchmarks;

/// <summary>Runs all implementations in turns and prints the medians, and the medians of the ratios within each round.</summary>
internal sealed class Comparison(Dictionary<string, Peer> peers, IReadOnlyList<string> pairs, double seconds, double warmup)
{
    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true };

    private readonly JsonArray _runs = [];

    public static async Task<int> RunAsync(Arguments arguments)
    {
        var peers = new[]
        {
            new Peer("honu", Environment.ProcessPath!),
            new Peer("cpp", arguments.Text("cpp") ?? ""),
            new Peer("js", "node", arguments.Text("js") ?? ""),
        }.ToDictionary(peer => peer.Name, StringComparer.Ordinal);
        var comparison = new Comparison(
            peers, (arguments.Text("impl") ?? "honu,cpp,js,honu-cpp,cpp-honu").Split(','), arguments.Number("seconds", 2), arguments.Number("warmup", 8));
        var only = new Regex(arguments.Text("only") ?? "", RegexOptions.CultureInvariant, TimeSpan.FromSeconds(1));

        Console.WriteLine("Operations per second, medians; a ratio is the median of the ratios of the rounds. CPU is in us per operation, client + server.");
        Console.WriteLine("a-b: client of a, server of b.");
        foreach (var scenario in Scenario.All.Where(scenario => only.IsMatch(scenario.Name)))
            await comparison.CompareAsync(scenario, arguments.Int("rounds", 5)).ConfigureAwait(false);

        if (arguments.Text("json") is { } path)
            await File.WriteAllTextAsync(path, comparison._runs.ToJsonString(Indented)).ConfigureAwait(false);
        return 0;
    }

    private async Task CompareAsync(Scenario scenario, int rounds)
    {
        // grpc-js has no buffer hint.
        var taking = pairs.Where(pair => !scenario.Hint || !pair.Contains("js", StringComparison.Ordinal)).ToArray();
        if (taking.Length == 0)
            return;

        var results = taking.ToDictionary(pair => pair, _ => new List<JsonObject>(), StringComparer.Ordinal);
        var running = new List<IDisposable>();
        var clients = new Dictionary<string, Peer.RunningClient>(StringComparer.Ordinal);
        try
        {
            foreach (var pair in taking)
            {
                var (client, server) = pair.Split('-') is [var first, var second] ? (peers[first], peers[second]) : (peers[pair], peers[pair]);
                var served = await server.StartServerAsync(scenario).ConfigureAwait(false);
                running.Add(served);
                clients[pair] = await client.StartClientAsync(scenario, served, seconds, warmup).ConfigureAwait(false);
                running.Add(clients[pair]);
            }

            for (var round = 1; round <= rounds; round++)
            {
                foreach (var pair in taking)
                {
                    var result = await clients[pair].RunAsync().ConfigureAwait(false);
                    result["pair"] = pair;
                    result["round"] = round;
                    results[pair].Add(result);
                    _runs.Add(result);
                }
            }
        }
        finally
        {
            running.Reverse();
            running.ForEach(process => process.Dispose());
        }

        Print(scenario, results);
    }

    private static void Print(Scenario scenario, Dictionary<string, List<JsonObject>> results)
    {
        Console.WriteLine();
        Console.WriteLine(Format($"{scenario.Name}"));
        results.TryGetValue("honu", out var honu);
        foreach (var (pair, runs) in results)
        {
            var line = Format($"  {pair,-9} {Median(runs, "opsPerSecond"),10:F0}/s  CPU {MedianPerOperation(runs, "cpuMs"),6:F2} + {MedianPerOperation(runs, "serverCpuMs"),6:F2}");
            if (scenario.HasLatency)
                line += Format($"  p50 {Median(runs, "p50us"),8:F1} us  p99 {Median(runs, "p99us"),8:F1} us  p99.9 {Median(runs, "p999us"),8:F1} us");
            if (runs[0].ContainsKey("allocatedBytesPerOp"))
                line += Format($"  client allocates {Median(runs, "allocatedBytesPerOp"):F0} B/op");
            if (runs[0]["serverAllocatedBytesPerOp"] is not null)
                line += Format($", server {Median(runs, "serverAllocatedBytesPerOp"):F0} B/op");
            Console.WriteLine(line);
            if (honu is null || pair == "honu")
                continue;

            line = Format($"            honu/{pair}: rate {MedianRatio(honu, runs, "opsPerSecond"):F2}");
            if (scenario.HasLatency)
                line += Format($", p50 {MedianRatio(honu, runs, "p50us"):F2}, p99 {MedianRatio(honu, runs, "p99us"):F2}");
            Console.WriteLine(line);
        }
    }

    private static string Format(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);

    private static double Median(IEnumerable<double> values)
    {
        var sorted = values.Order().ToArray();
        return (sorted[(sorted.Length - 1) / 2] + sorted[sorted.Length / 2]) / 2;
    }

    private static double Value(JsonObject run, string field) => run[field]!.GetValue<double>();

    private static double Median(List<JsonObject> runs, string field) => Median(runs.Select(run => Value(run, field)));

    private static double MedianPerOperation(List<JsonObject> runs, string field) =>
        Median(runs.Select(run => 1000 * Value(run, field) / Value(run, "operations")));

    private static double MedianRatio(List<JsonObject> ours, List<JsonObject> theirs, string field) =>
        Median(ours.Zip(theirs, (one, other) => Value(one, field) / Value(other, field)));
}
