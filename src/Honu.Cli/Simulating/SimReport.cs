using System.Globalization;
using Honu.Cli.Parsing;
using Honu.Simulation;

namespace Honu.Cli.Simulating;

/// <summary>The page that <c>--report</c> asks for.</summary>
internal static class SimReport
{
    public static void Write(string path, SimRequest request, IReadOnlyList<ExperimentResult> results)
    {
        var options = request.Options;
        List<(string, string)> facts =
        [
            ("regions", options.Latency.Regions.Count.ToString(CultureInfo.InvariantCulture)),
            ("replicas per region", options.ReplicasPerRegion?.ToString(CultureInfo.InvariantCulture) ?? "as the scenario has it"),
            ("warm-up", Durations.Format(options.WarmUp)),
            ("measured", Durations.Format(options.Duration)),
            ("one write per", options.WriteInterval is { } interval ? Durations.Format(interval) : "as the scenario has it"),
            ("seeds", request.Seeds == 1 ? "1" : string.Create(CultureInfo.InvariantCulture, $"1 to {request.Seeds}")),
            ("program", RunSettings.ThisProgram),
        ];
        if (options.Loss is { } loss)
            facts.Insert(5, ("loss", loss.ToString(CultureInfo.InvariantCulture)));
        using var writer = new StreamWriter(path);
        HtmlReport.Write(writer, $"honu sim: {options.Scenario}", facts, results, options.Latency);
    }
}
