using System.Globalization;
using System.Text;

namespace Honu.Simulation;

/// <summary>Bytes of each design as bars, as SVG.</summary>
internal static class BarChart
{
    private const double Width = 900;
    private const double Names = 230;
    private const double Figures = 190;
    private const double Row = 26;

    /// <summary>Draws a bar for each design: what went between regions, and what went within them.</summary>
    /// <returns>The SVG; <see langword="null"/> when nothing was sent.</returns>
    public static string? Draw(IReadOnlyList<DesignSummary> summaries)
    {
        var bars = summaries.Select(static summary => (
            summary.Design,
            Cross: summary.Runs.Average(static run => run.BytesCrossRegion),
            Total: summary.Runs.Average(static run => run.BytesTotal))).ToList();
        var most = bars.Max(static bar => bar.Total);
        if (most <= 0)
            return null;
        var svg = new StringBuilder();
        svg.Append(CultureInfo.InvariantCulture, $"<svg viewBox=\"0 0 {Width} {bars.Count * Row}\" width=\"{Width}\" role=\"img\" aria-label=\"bytes of each design\">\n");
        for (var i = 0; i < bars.Count; i++)
        {
            var (design, cross, total) = bars[i];
            double y = (i * Row) + 4, scale = (Width - Names - Figures) / most;
            svg.Append(CultureInfo.InvariantCulture, $"<text x=\"{Names - 8}\" y=\"{y + 13}\" text-anchor=\"end\">{HtmlReport.Text(design)}</text>");
            svg.Append(CultureInfo.InvariantCulture, $"<rect class=\"{HtmlStyle.Fill(i)}\" x=\"{Names}\" y=\"{y}\" width=\"{cross * scale:0.##}\" height=\"{Row - 8}\"/>");
            svg.Append(CultureInfo.InvariantCulture, $"<rect class=\"{HtmlStyle.Fill(i)} pale\" x=\"{Names + (cross * scale):0.##}\" y=\"{y}\" width=\"{(total - cross) * scale:0.##}\" height=\"{Row - 8}\"/>");
            svg.Append(CultureInfo.InvariantCulture, $"<text class=\"faint\" x=\"{Names + (total * scale) + 6:0.##}\" y=\"{y + 13}\">{Bytes(cross)} of {Bytes(total)}</text>\n");
        }

        return svg.Append("</svg>\n").ToString();
    }

    private static string Bytes(double bytes) => bytes switch
    {
        >= 1e9 => string.Create(CultureInfo.InvariantCulture, $"{bytes / 1e9:0.00} GB"),
        >= 1e6 => string.Create(CultureInfo.InvariantCulture, $"{bytes / 1e6:0.00} MB"),
        _ => string.Create(CultureInfo.InvariantCulture, $"{bytes / 1e3:0.0} kB"),
    };
}
