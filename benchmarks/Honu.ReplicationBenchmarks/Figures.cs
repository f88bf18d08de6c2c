using System.Globalization;
using System.Text.Json;

namespace Honu.ReplicationBenchmarks;

/// <summary>What a run has measured, as a table and as JSON.</summary>
internal sealed class Figures(bool isJson)
{
    /// <summary>Tells one figure.</summary>
    /// <param name="scenario">Of what.</param>
    /// <param name="figure">What it is.</param>
    /// <param name="value">The value.</param>
    /// <param name="unit">Its unit.</param>
    /// <param name="atMost">The greatest that is allowed.</param>
    /// <param name="atLeast">The least that is wanted.</param>
    public void Add(string scenario, string figure, double value, string unit, double? atMost = null, double? atLeast = null)
    {
        var isMet = atMost is null && atLeast is null ? null : (bool?)((atMost is null || value <= atMost) && (atLeast is null || value >= atLeast));
        if (isJson)
        {
            Console.WriteLine(JsonSerializer.Serialize(new { scenario, figure, value = Math.Round(value, 4), unit, atMost, atLeast, met = isMet }));
            return;
        }

        var goal = atMost is not null ? $"at most {Text(atMost.Value)}" : atLeast is not null ? $"at least {Text(atLeast.Value)}" : "";
        Console.WriteLine($"| {scenario} | {figure} | {Text(value)} {unit} | {goal} | {isMet switch { true => "met", false => "MISSED", null => "" }} |");
    }

    public void Head()
    {
        if (!isJson)
            Console.WriteLine("| scenario | figure | measured | wanted | |\n|---|---|---|---|---|");
    }

    public static double Median(IReadOnlyList<double> values) => Quantile(values, 0.5);

    public static double Quantile(IReadOnlyList<double> values, double quantile)
    {
        var sorted = values.Order().ToArray();
        return sorted[Math.Min(sorted.Length - 1, (int)(sorted.Length * quantile))];
    }

    private static string Text(double value) => value.ToString(Math.Abs(value) >= 100 ? "#,##0" : "0.###", CultureInfo.InvariantCulture);
}
