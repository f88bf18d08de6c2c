using System.Globalization;
using System.Text;

namespace Honu.Simulation;

/// <summary>Regions in a circle and the weights of the arms between them, one SVG for each design.</summary>
internal static class TopologyChart
{
    private const double Size = 440;
    private const double Radius = 150;
    private const double Centre = Size / 2;
    private const double FullWidth = 14;
    private const double LeastShare = 0.004;

    /// <summary>Draws the designs that chose at all.</summary>
    /// <returns>The figures; <see langword="null"/> when no design chose.</returns>
    public static string? Draw(IReadOnlyList<DesignSummary> summaries, LatencyMatrix latency)
    {
        var order = Order(latency);
        var figures = new StringBuilder();
        foreach (var summary in summaries)
        {
            var weights = summary.Runs.SelectMany(static run => run.ArmWeights).GroupBy(static arm => (arm.From, arm.To))
                .Select(group => (group.Key.From, group.Key.To, Share: group.Sum(static arm => arm.Share) / summary.Runs.Count)).ToList();
            if (weights.Count > 0)
                Append(figures, summary.Design, order, weights);
        }

        return figures.Length == 0 ? null : $"<div class=\"topologies\">\n{figures}</div>\n";
    }

    private static void Append(StringBuilder figures, string design, List<string> order, List<(string From, string To, double Share)> weights)
    {
        figures.Append(CultureInfo.InvariantCulture, $"<figure><svg viewBox=\"0 0 {Size} {Size}\" width=\"{Size}\" role=\"img\" aria-label=\"topology of {HtmlReport.Text(design)}\">\n");
        foreach (var (from, to, share) in weights.Where(static arm => arm.Share >= LeastShare).OrderBy(static arm => arm.Share))
        {
            if (order.IndexOf(from) is var a and >= 0 && order.IndexOf(to) is var b and >= 0)
                Arm(figures, (from, to, share), a, b, order.Count);
        }

        for (var i = 0; i < order.Count; i++)
        {
            var (x, y, angle) = Place(i, order.Count, Radius);
            var (textX, textY, _) = Place(i, order.Count, Radius + 32);
            var anchor = Math.Cos(angle) switch { > 0.3 => "start", < -0.3 => "end", _ => "middle" };
            figures.Append(CultureInfo.InvariantCulture, $"<circle class=\"node\" cx=\"{x:0.#}\" cy=\"{y:0.#}\" r=\"4\"/><text x=\"{textX:0.#}\" y=\"{textY + 4:0.#}\" text-anchor=\"{anchor}\">{HtmlReport.Text(order[i])}</text>\n");
        }

        figures.Append(CultureInfo.InvariantCulture, $"</svg><figcaption>{HtmlReport.Text(design)}</figcaption></figure>\n");
    }

    // A line bends to the right of its way, so that both directions are seen.
    private static void Arm(StringBuilder figures, (string From, string To, double Share) arm, int a, int b, int count)
    {
        var (fromX, fromY, angle) = Place(a, count, Radius);
        var title = string.Create(CultureInfo.InvariantCulture, $"{HtmlReport.Text(arm.From)} to {HtmlReport.Text(arm.To)}: {arm.Share:P1}");
        var width = Math.Max(0.4, arm.Share * FullWidth);
        if (a == b)
        {
            double x = fromX + (10 * Math.Cos(angle)), y = fromY + (10 * Math.Sin(angle));
            figures.Append(CultureInfo.InvariantCulture, $"<circle class=\"arm\" cx=\"{x:0.#}\" cy=\"{y:0.#}\" r=\"9\" stroke-width=\"{width:0.##}\"><title>{title}</title></circle>\n");
            return;
        }

        var (toX, toY, _) = Place(b, count, Radius);
        double bendX = Centre + ((fromX + toX - (2 * Centre)) * 0.2) + ((toY - fromY) * 0.08), bendY = Centre + ((fromY + toY - (2 * Centre)) * 0.2) - ((toX - fromX) * 0.08);
        figures.Append(
            CultureInfo.InvariantCulture,
            $"<path class=\"arm\" d=\"M{fromX:0.#} {fromY:0.#}Q{bendX:0.#} {bendY:0.#} {toX:0.#} {toY:0.#}\" stroke-width=\"{width:0.##}\" opacity=\"{Math.Clamp(0.15 + (arm.Share * 4), 0, 0.9):0.##}\"><title>{title}</title></path>\n");
    }

    private static (double X, double Y, double Angle) Place(int index, int count, double radius)
    {
        var angle = (2 * Math.PI * index / count) - (Math.PI / 2);
        return (Centre + (radius * Math.Cos(angle)), Centre + (radius * Math.Sin(angle)), angle);
    }

    // From each region on to the nearest one that is left.
    private static List<string> Order(LatencyMatrix latency)
    {
        var order = new List<int> { 0 };
        var left = Enumerable.Range(1, latency.Regions.Count - 1).ToList();
        while (left.Count > 0)
        {
            var next = left.MinBy(region => latency.OneWayMs(order[^1], region) + latency.OneWayMs(region, order[^1]));
            left.Remove(next);
            order.Add(next);
        }

        return [.. order.Select(region => latency.Regions[region])];
    }
}
