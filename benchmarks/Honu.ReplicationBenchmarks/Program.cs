using System.Globalization;
using Honu.ReplicationBenchmarks;

// dotnet run -c Release --project benchmarks/Honu.ReplicationBenchmarks -- [equal] [differ] [bootstrap] [killed] [repair] [put] [idle] [regions] [--objects N] [--rounds N] [--seed N] [--db DIR] [--latency FILE] [--json]
if (args is ["node", ..])
    return await Worker.RunAsync(args[1..]);

var scenarios = new List<string>();
var objects = 1_000_000;
var rounds = 5;
var seed = Random.Shared.Next();
var parent = Path.GetTempPath();
string? latency = null;
var isJson = false;
for (var i = 0; i < args.Length; i++)
{
    switch (args[i])
    {
        case "--objects":
            objects = int.Parse(args[++i], CultureInfo.InvariantCulture);
            break;
        case "--rounds":
            rounds = int.Parse(args[++i], CultureInfo.InvariantCulture);
            break;
        case "--seed":
            seed = int.Parse(args[++i], CultureInfo.InvariantCulture);
            break;
        case "--db":
            parent = args[++i];
            break;
        case "--latency":
            latency = args[++i];
            break;
        case "--json":
            isJson = true;
            break;
        case "equal" or "differ" or "bootstrap" or "killed" or "repair" or "put" or "idle" or "regions":
            scenarios.Add(args[i]);
            break;
        default:
            await Console.Error.WriteLineAsync($"There is no \"{args[i]}\".");
            return 2;
    }
}

if (scenarios.Count == 0)
    scenarios = ["equal", "differ", "bootstrap", "killed", "repair", "put", "idle", "regions"];
var figures = new Figures(isJson);
figures.Head();
foreach (var scenario in scenarios)
{
    var directory = Directory.CreateDirectory(Path.Combine(parent, $"honu-replication-{Guid.NewGuid():N}")).FullName;
    try
    {
        await (scenario switch
        {
            "equal" => SessionScenarios.EqualAsync(figures, directory, objects, sessions: 400),
            "differ" => SessionScenarios.OneDiffersAsync(figures, directory, Math.Min(objects, 100_000), sessions: 400),
            "bootstrap" => BootstrapScenario.RunAsync(figures, directory, objects, rounds),
            "killed" => BootstrapScenario.KilledAsync(figures, directory, objects, kills: 10, seed),
            "repair" => SessionScenarios.RepairAsync(figures, directory, objects),
            "put" => ClusterScenarios.PutAsync(figures, directory, puts: 20_000, rounds: rounds * 4),
            "regions" => RegionsScenario.RunAsync(figures, directory, TimeSpan.FromSeconds(60), latency),
            _ => ClusterScenarios.IdleAsync(figures, directory, TimeSpan.FromSeconds(30)),
        });
    }
    finally
    {
        Directory.Delete(directory, recursive: true);
    }
}

return 0;
