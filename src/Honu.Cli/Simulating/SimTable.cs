using System.Globalization;
using Honu.Simulation;
using Spectre.Console;

namespace Honu.Cli.Simulating;

/// <summary>The summaries for people.</summary>
internal static class SimTable
{
    // A pipe has no width, and a wrapped row helps nobody.
    private const int WidthWithoutTerminal = 220;

    private static readonly string[] RatioMetrics = ["visibilityMeanMs", "visibilityP99Ms", "messages", "bytesCrossRegion"];

    public static void Print(IReadOnlyList<DesignSummary> summaries)
    {
        var console = AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(Console.Out) });
        if (Console.IsOutputRedirected)
            console.Profile.Width = WidthWithoutTerminal;
        var first = summaries[0].Runs[0];
        console.Write(first.Scenario == Scenarios.Paper ? Paper(summaries) : Figures(summaries));
        console.WriteLine("× is the ratio to uniform with the same seed, in brackets its 95 % interval.");
        if (first.DirectBoundMs > 0)
        {
            console.WriteLine(string.Create(
                CultureInfo.InvariantCulture, $"No design can have a mean below {first.DirectBoundMs:0.0} ms, or with one message per region below {first.RelayBoundMs:0.0} ms."));
        }

        foreach (var summary in summaries.Where(static summary => summary.Runs.Any(static run => run.Unseen > 0)))
        {
            console.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"{summary.Design}: {summary.Runs.Sum(static run => (long)run.Unseen)} of {summary.Runs.Sum(static run => (long)run.Writes)} writes had not reached every replica at the end; no figure counts them."));
        }
    }

    private static Table Figures(IReadOnlyList<DesignSummary> summaries)
    {
        var table = NewTable("mean ms", "p50 ms", "p99 ms", "t50 ms", "t90 ms", "messages", "MB cross", "MB", "stale %", "mean ×", "p99 ×", "messages ×", "MB cross ×");
        foreach (var summary in summaries)
        {
            table.AddRow(
            [
                Markup.Escape(summary.Design),
                .. Means(summary, "visibilityMeanMs", "visibilityP50Ms", "visibilityP99Ms", "t50Ms", "t90Ms", "messages"),
                Number(Mean(summary, "bytesCrossRegion") / 1e6, "N2"),
                Number(Mean(summary, "bytesTotal") / 1e6, "N2"),
                Number(Mean(summary, "staleReadFraction") * 100, "N2"),
                .. RatioMetrics.Select(metric => Ratio(summary, metric)),
            ]);
        }

        return table;
    }

    private static Table Paper(IReadOnlyList<DesignSummary> summaries)
    {
        var table = NewTable("mean ms", "paper ms", "mean ×", "paper ×", "differs by", "p99 ms", "messages ×", "MB cross ×");
        foreach (var summary in summaries)
        {
            var paper = PaperComparison.Of(summary);
            table.AddRow(
            [
                Markup.Escape(summary.Design),
                .. Means(summary, "visibilityMeanMs"),
                Number(paper?.VisibilityMeanMs, "N0"),
                Ratio(summary, "visibilityMeanMs"),
                Number(paper?.RatioToUniform, "N3"),
                Number(summary.Ratios.GetValueOrDefault("visibilityMeanMs")?.Mean - paper?.RatioToUniform, "+0.000;-0.000;0.000"),
                .. Means(summary, "visibilityP99Ms"),
                Ratio(summary, "messages"),
                Ratio(summary, "bytesCrossRegion"),
            ]);
        }

        return table;
    }

    private static Table NewTable(params ReadOnlySpan<string> columns)
    {
        var table = new Table().Border(TableBorder.Simple).AddColumn("design");
        foreach (var column in columns)
            table.AddColumn(new TableColumn(column).RightAligned().NoWrap());
        return table;
    }

    private static IEnumerable<string> Means(DesignSummary summary, params string[] metrics) => metrics.Select(metric => Number(Mean(summary, metric), "N0"));

    private static double? Mean(DesignSummary summary, string metric) => summary.Means.GetValueOrDefault(metric)?.Mean;

    private static string Ratio(DesignSummary summary, string metric) => summary.Ratios.GetValueOrDefault(metric) switch
    {
        null => "",
        { Low: { } low, High: { } high } ratio => Markup.Escape(string.Create(CultureInfo.InvariantCulture, $"{ratio.Mean:0.000} [{low:0.000} {high:0.000}]")),
        var ratio => Number(ratio.Mean, "0.000"),
    };

    private static string Number(double? value, string format) => value?.ToString(format, CultureInfo.InvariantCulture) ?? "";
}
