using System.Globalization;
using Honu.Simulation;
using Spectre.Console;

namespace Honu.Cli.Simulating;

/// <summary>The summaries for people.</summary>
internal static class SimTable
{
    // A pipe has no width, and a wrapped row helps nobody.
    private const int WidthWithoutTerminal = 220;

    // Columns that belong together. A wide terminal gets them side by side, a narrow one below each other.
    private static readonly Column[][] Usual =
    [
        [
            Figure("mean ms", "visibilityMeanMs"), Figure("p50 ms", "visibilityP50Ms"), Figure("p99 ms", "visibilityP99Ms"), Figure("t50 ms", "t50Ms"), Figure("t90 ms", "t90Ms"),
            Figure("stale %", "staleReadFraction", 100, "N2"),
        ],
        [Figure("messages", "messages"), Figure("MB cross", "bytesCrossRegion", 1e-6, "N2"), Figure("MB", "bytesTotal", 1e-6, "N2"), Figure("forks", "forks")],
        [Ratio("mean ×", "visibilityMeanMs"), Ratio("p99 ×", "visibilityP99Ms"), Ratio("messages ×", "messages"), Ratio("MB cross ×", "bytesCrossRegion")],
    ];

    private static readonly Column[][] Paper =
    [
        [
            Figure("mean ms", "visibilityMeanMs"),
            new("paper ms", static summary => Number(PaperComparison.Of(summary)?.VisibilityMeanMs, "N0")),
            Ratio("mean ×", "visibilityMeanMs"),
            new("paper ×", static summary => Number(PaperComparison.Of(summary)?.RatioToUniform, "0.000")),
        ],
        [
            new("off by", static summary => Number(
                summary.Ratios.GetValueOrDefault("visibilityMeanMs")?.Mean - PaperComparison.Of(summary)?.RatioToUniform, "+0.000;-0.000;0.000")),
            Figure("p99 ms", "visibilityP99Ms"), Ratio("messages ×", "messages"), Ratio("MB cross ×", "bytesCrossRegion"),
        ],
    ];

    public static void Print(IReadOnlyList<DesignSummary> summaries)
    {
        var console = AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(Console.Out) });
        if (Console.IsOutputRedirected)
            console.Profile.Width = WidthWithoutTerminal;
        var first = summaries[0].Runs[0];
        var groups = first.Scenario == Scenarios.Paper ? Paper : Usual;
        Table[] tables = [Table(summaries, [.. groups.SelectMany(static group => group)])];
        if (WidthOf(summaries, groups) > console.Profile.Width)
            tables = [.. groups.Select(group => Table(summaries, group))];
        foreach (var table in tables)
            console.Write(table);
        console.WriteLine("×: divided by uniform with the same seed; ± half of its 95 % interval.");

        if (first.DirectBoundMs > 0)
        {
            console.WriteLine(string.Create(
                CultureInfo.InvariantCulture, $"What goes straight from region to region has a mean of at least {first.DirectBoundMs:0.0} ms, with one message per region {first.RelayBoundMs:0.0} ms."));
        }

        foreach (var summary in summaries.Where(static summary => summary.Unseen > 0))
        {
            console.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"{summary.Design}: {summary.Unseen} of {summary.Writes} writes had not reached every replica at the end; no figure of visibility counts them."));
        }
    }

    private static Table Table(IReadOnlyList<DesignSummary> summaries, Column[] columns)
    {
        var table = new Table().Border(TableBorder.Simple).AddColumn(new TableColumn("design").NoWrap());
        foreach (var column in columns)
            table.AddColumn(new TableColumn(column.Header).RightAligned().NoWrap());
        foreach (var summary in summaries)
            table.AddRow([Markup.Escape(summary.Design), .. columns.Select(column => Markup.Escape(column.Cell(summary)))]);
        return table;
    }

    // Two spaces around each column, and the table's own frame.
    private static int WidthOf(IReadOnlyList<DesignSummary> summaries, Column[][] groups) => 2 + summaries.Max(static summary => summary.Design.Length) + groups
        .SelectMany(static group => group).Sum(column => 2 + Math.Max(column.Header.Length, summaries.Max(summary => column.Cell(summary).Length))) + 2;

    private static Column Figure(string header, string metric, double factor = 1, string format = "N0") =>
        new(header, summary => Number(summary.Means.GetValueOrDefault(metric)?.Mean * factor, format));

    private static Column Ratio(string header, string metric) => new(header, summary => summary.Ratios.GetValueOrDefault(metric) switch
    {
        null => "",
        { High: { } high } ratio => string.Create(CultureInfo.InvariantCulture, $"{ratio.Mean:0.000} ±{high - ratio.Mean:.000}"),
        var ratio => Number(ratio.Mean, "0.000"),
    });

    private static string Number(double? value, string format) => value?.ToString(format, CultureInfo.InvariantCulture) ?? "";

    private sealed record Column(string Header, Func<DesignSummary, string> Cell);
}
