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
            ("measured", Durations.Format(options.Duration)),
            ("writers per region", options.WritersPerRegion.ToString(CultureInfo.InvariantCulture)),
            ("seeds", request.Seeds == 1 ? "1" : string.Create(CultureInfo.InvariantCulture, $"1 to {request.Seeds}")),
            ("program", RunSettings.ThisProgram),
        ];

        // What is not given, the scenario decides: its page of the documentation has the numbers.
        if (options.ReplicasPerRegion is { } perRegion)
            facts.Insert(1, ("replicas per region", perRegion.ToString(CultureInfo.InvariantCulture)));
        if (options.WarmUp is { } warmUp)
            facts.Add(("warm-up", Durations.Format(warmUp)));
        if (options.WriteInterval is { } interval)
            facts.Add(("one write per", Durations.Format(interval)));
        if (options.WritesAtRandom)
            facts.Add(("writes come", "at random"));
        if (options.SessionPause != new ExperimentOptions().SessionPause)
            facts.Add(("pause after a session", Durations.Format(options.SessionPause)));
        if (options.Loss is { } loss)
            facts.Add(("loss", loss.ToString(CultureInfo.InvariantCulture)));
        if (!options.NamesRegions)
            facts.Add(("regions are", "not named"));
        if (options.KeepsConnections is { } keeps)
            facts.Add(("connections", keeps ? "kept" : "per session"));
        if (options.Clock == VersionClock.Lamport)
            facts.Add(("clock", "Lamport"));
        if (options.MaxSkew is { } skew)
            facts.Add(("clocks wrong by up to", Durations.Format(skew)));
        if (options.ClockStep > TimeSpan.Zero)
            facts.Add(("clocks in steps of", Durations.Format(options.ClockStep)));
        using var writer = new StreamWriter(path);
        HtmlReport.Write(writer, $"honu sim: {options.Scenario}", facts, results, options.Latency);
    }
}
