using System.Globalization;
using System.Text;

namespace Honu.Simulation;

/// <summary>The summaries as a table of a page.</summary>
internal static class SummaryTable
{
    public static void Append(StringBuilder page, IReadOnlyList<DesignSummary> summaries)
    {
        var isPaper = summaries.Any(static summary => PaperComparison.Of(summary) is not null);
        page.Append("<div class=\"wide\"><table>\n<tr><th>design</th><th>seeds</th><th>mean ms</th><th>p99 ms</th><th>mean ×</th><th>p99 ×</th><th>messages ×</th><th>bytes between regions ×</th><th>stale reads</th>");
        page.Append(isPaper ? "<th>published ms</th><th>published ×</th></tr>\n" : "</tr>\n");
        foreach (var summary in summaries)
        {
            page.Append(CultureInfo.InvariantCulture, $"<tr><td>{HtmlReport.Text(summary.Design)}</td><td>{summary.Runs.Count}</td>");
            page.Append(CultureInfo.InvariantCulture, $"<td>{Mean(summary, "visibilityMeanMs", "N0")}</td><td>{Mean(summary, "visibilityP99Ms", "N0")}</td>");
            foreach (var name in (string[])["visibilityMeanMs", "visibilityP99Ms", "messages", "bytesCrossRegion"])
                page.Append(CultureInfo.InvariantCulture, $"<td>{Ratio(summary, name)}</td>");
            page.Append(CultureInfo.InvariantCulture, $"<td>{Mean(summary, "staleReadFraction", "P2")}</td>");
            if (isPaper)
            {
                var paper = PaperComparison.Of(summary);
                page.Append(CultureInfo.InvariantCulture, $"<td>{paper?.VisibilityMeanMs:N0}</td><td>{paper?.RatioToUniform:N3}</td>");
            }

            page.Append("</tr>\n");
        }

        page.Append("</table></div>\n<p>×: divided by uniform with the same seed; in brackets the 95 % interval.</p>\n");
        foreach (var summary in summaries.Where(static summary => summary.Unseen > 0))
        {
            page.Append(
                CultureInfo.InvariantCulture,
                $"<p>{HtmlReport.Text(summary.Design)}: {summary.Unseen:N0} of {summary.Writes:N0} writes had not reached every replica at the end; no figure of visibility counts them.</p>\n");
        }
    }

    /// <summary>Who won forks; null where there were none.</summary>
    public static string? Forks(IReadOnlyList<DesignSummary> summaries)
    {
        List<string> regions = [.. summaries.SelectMany(static summary => summary.ForkShares).Select(static share => share.Region).Distinct(StringComparer.Ordinal)];
        if (regions.Count == 0)
            return null;
        var table = new StringBuilder("<div class=\"wide\"><table>\n<tr><th>region</th>");
        foreach (var summary in summaries)
            table.Append(CultureInfo.InvariantCulture, $"<th>{HtmlReport.Text(summary.Design)}</th>");
        foreach (var region in regions)
        {
            table.Append(CultureInfo.InvariantCulture, $"</tr>\n<tr><td>{HtmlReport.Text(region)}</td>");
            foreach (var summary in summaries)
            {
                var share = summary.ForkShares.FirstOrDefault(share => share.Region == region);
                table.Append(share is null ? "<td></td>" : string.Create(CultureInfo.InvariantCulture, $"<td>{(double)share.Won / share.TookPart:P1} <small>of {share.TookPart:N0}</small></td>"));
            }
        }

        return table.Append("</tr>\n</table></div>\n").ToString();
    }

    private static string Mean(DesignSummary summary, string metric, string format) =>
        summary.Means.GetValueOrDefault(metric)?.Mean.ToString(format, CultureInfo.InvariantCulture) ?? "";

    private static string Ratio(DesignSummary summary, string metric) => summary.Ratios.GetValueOrDefault(metric) switch
    {
        null => "",
        { Low: { } low, High: { } high } ratio => string.Create(CultureInfo.InvariantCulture, $"{ratio.Mean:0.000} <small>[{low:0.000}, {high:0.000}]</small>"),
        var ratio => string.Create(CultureInfo.InvariantCulture, $"{ratio.Mean:0.000}"),
    };
}
