using System.Globalization;
using System.Net;
using System.Text;

namespace Honu.Simulation;

/// <summary>
/// Results as one HTML page with plots: how long writes take until everyone has them, what that costs in bytes, whom replicas chose, and what the
/// choices were worth over time. The page loads nothing and runs nothing; its colours follow the reader's choice of light or dark.
/// </summary>
public static class HtmlReport
{
    /// <summary>Writes the page.</summary>
    /// <param name="writer">Where to.</param>
    /// <param name="title">What was simulated.</param>
    /// <param name="facts">The settings, as names and values.</param>
    /// <param name="results">The runs, at least one.</param>
    /// <param name="latency">The regions, for the order in which they are drawn.</param>
    public static void Write(TextWriter writer, string title, IReadOnlyList<(string Name, string Value)> facts, IReadOnlyList<ExperimentResult> results, LatencyMatrix latency)
    {
        ArgumentNullException.ThrowIfNull(writer);
        ArgumentNullException.ThrowIfNull(facts);
        ArgumentNullException.ThrowIfNull(results);
        ArgumentNullException.ThrowIfNull(latency);
        var summaries = DesignSummary.Of(results);
        var page = new StringBuilder();
        page.Append(CultureInfo.InvariantCulture, $"""
            <!DOCTYPE html>
            <html lang="en">
            <head>
            <meta charset="utf-8">
            <meta name="viewport" content="width=device-width, initial-scale=1">
            <title>{Text(title)}</title>
            <style>
            {HtmlStyle.Css}
            </style>
            </head>
            <body>
            <h1>{Text(title)}</h1>
            <dl>

            """);
        foreach (var (name, value) in facts)
            page.Append(CultureInfo.InvariantCulture, $"<div><dt>{Text(name)}</dt><dd>{Text(value)}</dd></div>\n");
        page.Append("</dl>\n");
        SummaryTable.Append(page, summaries);
        Legend(page, summaries);
        Section(
            page,
            "Visibility",
            "Share of writes (up) that every replica can read, or a later version, within a time (right). Quantiles of each run, averaged over the seeds.",
            VisibilityPlot(summaries));
        Section(page, "Bytes", "Bytes of all messages after the warm-up, mean over the seeds: between regions (full colour) and within them (pale).", BarChart.Draw(summaries));
        Section(page, "Reward", "Mean reward of the choices in each 5 s, from the begin of the warm-up.", RewardPlot(summaries));
        Section(
            page,
            "Topology",
            "Whom the replicas of each region chose after the warm-up: the thicker a line, the larger the share of the choices. A ring is the share within the region. Near regions stand side by side.",
            TopologyChart.Draw(summaries, latency));
        Section(
            page,
            "Forks",
            "Share of the forks with a write of the region that its write won. A fork has as many sides as writes that replaced the same version; where all regions win equal shares, it is fair.",
            SummaryTable.Forks(summaries));
        page.Append("</body>\n</html>\n");
        writer.Write(page.ToString());
    }

    internal static string Text(string text) => WebUtility.HtmlEncode(text);

    private static void Section(StringBuilder page, string title, string caption, string? content)
    {
        if (content is not null)
            page.Append(CultureInfo.InvariantCulture, $"<section>\n<h2>{title}</h2>\n<p>{caption}</p>\n{content}</section>\n");
    }

    private static void Legend(StringBuilder page, IReadOnlyList<DesignSummary> summaries)
    {
        page.Append("<ul class=\"legend\">\n");
        for (var i = 0; i < summaries.Count; i++)
        {
            page.Append(
                CultureInfo.InvariantCulture,
                $"<li><svg width=\"36\" height=\"10\" aria-hidden=\"true\"><path class=\"{HtmlStyle.Series(i)}\" d=\"M0 5H36\"/></svg>{Text(summaries[i].Design)}</li>\n");
        }

        page.Append("</ul>\n");
    }

    private static string? VisibilityPlot(IReadOnlyList<DesignSummary> summaries)
    {
        List<IReadOnlyList<(double, double)>> lines =
        [
            .. summaries.Select(summary => (IReadOnlyList<(double, double)>)[.. Quantiles(summary).Select(static (ms, percent) => (ms, percent / 100.0))]),
        ];
        return LineChart.Draw(lines, [.. summaries.Select(static summary => summary.Design)], "milliseconds", "share of writes", mayBeLogarithmic: true);
    }

    private static IEnumerable<double> Quantiles(DesignSummary summary)
    {
        var runs = summary.Runs.Where(static run => run.VisibilityQuantilesMs.Count > 0).ToList();
        return runs.Count == 0 ? [] : Enumerable.Range(0, runs.Min(static run => run.VisibilityQuantilesMs.Count)).Select(i => runs.Average(run => run.VisibilityQuantilesMs[i]));
    }

    private static string? RewardPlot(IReadOnlyList<DesignSummary> summaries)
    {
        List<IReadOnlyList<(double, double)>> lines =
        [
            .. summaries.Select(summary => (IReadOnlyList<(double, double)>)
            [
                .. summary.Runs.SelectMany(static run => run.Rewards).GroupBy(static point => point.Seconds).OrderBy(static bucket => bucket.Key)
                    .Select(static bucket => (bucket.Key, bucket.Average(static point => point.Reward))),
            ]),
        ];
        return LineChart.Draw(lines, [.. summaries.Select(static summary => summary.Design)], "seconds", "reward", mayBeLogarithmic: false);
    }
}
