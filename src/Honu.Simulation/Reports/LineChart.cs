using System.Globalization;
using System.Text;

namespace Honu.Simulation;

/// <summary>Lines over two axes, as SVG.</summary>
internal static class LineChart
{
    private const double Width = 900;
    private const double Height = 340;
    private const double Left = 58;
    private const double Right = 16;
    private const double Top = 12;
    private const double Bottom = 44;

    // Beyond this range of horizontal values a linear axis squeezes the fast designs into its first pixels.
    private const double LinearRange = 20;

    /// <summary>Draws the lines; those without points are left out.</summary>
    /// <returns>The SVG; <see langword="null"/> when there is nothing to draw.</returns>
    public static string? Draw(IReadOnlyList<IReadOnlyList<(double X, double Y)>> lines, IReadOnlyList<string> names, string xName, string yName, bool mayBeLogarithmic)
    {
        var points = lines.SelectMany(static line => line).ToList();
        if (points.Count == 0)
            return null;
        double least = points.Min(static point => point.X), most = points.Max(static point => point.X);
        var x = mayBeLogarithmic && least > 0 && most / least > LinearRange ? Axis.Logarithmic(least * 0.9, most) : Axis.Linear(Math.Min(0, least), most);
        var y = Axis.Linear(0, points.Max(static point => point.Y));
        var svg = new StringBuilder();
        svg.Append(CultureInfo.InvariantCulture, $"<svg viewBox=\"0 0 {Width} {Height}\" width=\"{Width}\" role=\"img\" aria-label=\"{yName} over {xName}\">\n");
        foreach (var tick in x.Ticks)
        {
            var at = Left + (x.Place(tick) * (Width - Left - Right));
            svg.Append(CultureInfo.InvariantCulture, $"<path class=\"grid\" d=\"M{at:0.#} {Top}V{Height - Bottom}\"/><text class=\"faint\" x=\"{at:0.#}\" y=\"{Height - Bottom + 16}\" text-anchor=\"middle\">{tick:#,0.##}</text>\n");
        }

        foreach (var tick in y.Ticks)
        {
            var at = Height - Bottom - (y.Place(tick) * (Height - Top - Bottom));
            svg.Append(CultureInfo.InvariantCulture, $"<path class=\"grid\" d=\"M{Left} {at:0.#}H{Width - Right}\"/><text class=\"faint\" x=\"{Left - 6}\" y=\"{at + 4:0.#}\" text-anchor=\"end\">{tick:#,0.##}</text>\n");
        }

        svg.Append(CultureInfo.InvariantCulture, $"<text x=\"{(Left + Width - Right) / 2}\" y=\"{Height - 8}\" text-anchor=\"middle\">{xName}</text>\n");
        svg.Append(CultureInfo.InvariantCulture, $"<text transform=\"translate(13 {(Top + Height - Bottom) / 2}) rotate(-90)\" text-anchor=\"middle\">{yName}</text>\n");
        for (var i = 0; i < lines.Count; i++)
        {
            if (lines[i].Count == 0)
                continue;
            svg.Append(CultureInfo.InvariantCulture, $"<path class=\"{HtmlStyle.Series(i)}\" d=\"");
            var command = 'M';
            foreach (var (pointX, pointY) in lines[i])
            {
                var px = Left + (x.Place(pointX) * (Width - Left - Right));
                var py = Height - Bottom - (y.Place(pointY) * (Height - Top - Bottom));
                svg.Append(CultureInfo.InvariantCulture, $"{command}{px:0.#} {py:0.#}");
                command = 'L';
            }

            svg.Append(CultureInfo.InvariantCulture, $"\"><title>{HtmlReport.Text(names[i])}</title></path>\n");
        }

        return svg.Append("</svg>\n").ToString();
    }
}

/// <summary>The scale of an axis.</summary>
internal sealed class Axis
{
    private const int TargetTicks = 6;

    private readonly double _least;
    private readonly double _most;
    private readonly bool _isLogarithmic;

    private Axis(double least, double most, bool isLogarithmic, IReadOnlyList<double> ticks) => (_least, _most, _isLogarithmic, Ticks) = (least, most, isLogarithmic, ticks);

    /// <summary>The values to mark.</summary>
    public IReadOnlyList<double> Ticks { get; }

    /// <summary>Equal steps; it ends with a mark.</summary>
    public static Axis Linear(double least, double most)
    {
        var range = most > least ? most - least : 1;
        var rough = range / TargetTicks;
        var power = Math.Pow(10, Math.Floor(Math.Log10(rough)));
        var step = ((double[])[1, 2, 5, 10]).First(factor => factor * power >= rough * 0.999) * power;
        var count = (int)Math.Ceiling((range / step) - 1e-9);
        return new Axis(least, least + (count * step), isLogarithmic: false, [.. Enumerable.Range(0, count + 1).Select(i => least + (i * step))]);
    }

    /// <summary>Equal factors: marks at 1, 2 and 5 times powers of ten.</summary>
    public static Axis Logarithmic(double least, double most)
    {
        var ticks = new List<double>();
        for (var power = Math.Floor(Math.Log10(least)); power <= Math.Ceiling(Math.Log10(most)); power++)
            ticks.AddRange(((double[])[1, 2, 5]).Select(factor => factor * Math.Pow(10, power)).Where(tick => tick >= least && tick <= most));
        return new Axis(least, most, isLogarithmic: true, ticks);
    }

    /// <summary>Where a value stands, from 0 to 1.</summary>
    public double Place(double value) => _isLogarithmic
        ? (Math.Log(value) - Math.Log(_least)) / (Math.Log(_most) - Math.Log(_least))
        : (value - _least) / (_most - _least);
}
