using Honu.Replication;
using Honu.Simulation;

namespace Honu.Cli.Simulating;

/// <summary>The names of designs on the command line.</summary>
internal static class SimDesigns
{
    // The design that is no selector of sessions.
    private const string RegionRelay = DisseminationNames.RegionRelay;

    /// <summary>What runs when the user names no designs.</summary>
    public static IReadOnlyList<string> UsualOf(string scenario) => scenario == Scenarios.Paper
        ? [.. PaperExperiment.Published.Select(static figure => figure.Design)]
        : [DesignSummary.Baseline, RegionRelay];

    /// <summary>Reads names that are separated by commas; one that is given twice counts once.</summary>
    public static IReadOnlyList<string> Parse(string text, string scenario)
    {
        var designs = new List<string>();
        foreach (var design in text.Split(',', StringSplitOptions.TrimEntries))
        {
            if (Problem(design, scenario) is { } problem)
                throw CliException.Usage($"--designs: {problem}");
            if (!designs.Contains(design, StringComparer.Ordinal))
                designs.Add(design);
        }

        return designs;
    }

    private static string? Problem(string design, string scenario)
    {
        if (design == RegionRelay)
            return scenario == Scenarios.Paper ? $"{RegionRelay} is none of the paper's strategies; compare it with \"uniform\" in the other scenarios." : null;
        try
        {
            PeerSelectors.CreateBare(design);
            return null;
        }
        catch (ArgumentException error)
        {
            var message = error.Message.Split(" (Parameter '")[0];
            return scenario == Scenarios.Paper ? message : $"{message} Beside the selectors there is {RegionRelay}.";
        }
    }
}
