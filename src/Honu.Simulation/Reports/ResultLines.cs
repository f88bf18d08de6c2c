using System.Text.Json;

namespace Honu.Simulation;

/// <summary>Results and summaries as <c>honu sim --json</c> prints them.</summary>
public static class ResultLines
{
    /// <summary>Writes the line of one run: its design, its seed and the figures of <see cref="Metric.All"/>.</summary>
    public static void Write(Utf8JsonWriter json, ExperimentResult result)
    {
        ArgumentNullException.ThrowIfNull(json);
        ArgumentNullException.ThrowIfNull(result);
        json.WriteStartObject();
        json.WriteString("design"u8, result.Design);
        json.WriteNumber("seed"u8, result.Seed);
        foreach (var metric in Metric.All)
            Number(json, metric.Name, metric.Of(result), metric.Decimals);
        json.WriteEndObject();
    }

    /// <summary>Writes the line of one design: means of the figures, their intervals, and the ratios to <see cref="DesignSummary.Baseline"/> with theirs.</summary>
    public static void Write(Utf8JsonWriter json, DesignSummary summary)
    {
        ArgumentNullException.ThrowIfNull(json);
        ArgumentNullException.ThrowIfNull(summary);
        json.WriteStartObject();
        json.WriteString("design"u8, summary.Design);
        json.WriteString("scenario"u8, summary.Runs[0].Scenario);
        json.WriteNumber("seeds"u8, summary.Runs.Count);
        json.WriteNumber("writes"u8, summary.Writes);
        json.WriteNumber("unseen"u8, summary.Unseen);
        foreach (var metric in Metric.All)
            Number(json, metric.Name, summary.Means.GetValueOrDefault(metric.Name)?.Mean, metric.Decimals);
        Intervals(json, "interval95", summary.Means, null, static metric => metric.Decimals);
        Intervals(json, "ratioToUniform", summary.Ratios, "ratio", static _ => 6);
        if (summary.Runs.All(static run => run.HealMs is not null))
            Number(json, "healMs", summary.Runs.Average(static run => run.HealMs), 3);
        if (summary.Runs[0].DirectBoundMs > 0)
        {
            Number(json, "directBoundMs", summary.Runs[0].DirectBoundMs, 3);
            Number(json, "relayBoundMs", summary.Runs[0].RelayBoundMs, 3);
        }

        Forks(json, summary);
        if (PaperComparison.Of(summary) is { } paper)
        {
            Number(json, "paperVisibilityMeanMs", paper.VisibilityMeanMs, 0);
            Number(json, "paperRatioToUniform", paper.RatioToUniform, 3);
        }

        json.WriteEndObject();
    }

    private static void Forks(Utf8JsonWriter json, DesignSummary summary)
    {
        if (summary.ForkShares.Count == 0)
            return;
        json.WriteStartArray("forkShares"u8);
        foreach (var share in summary.ForkShares)
        {
            json.WriteStartObject();
            json.WriteString("region"u8, share.Region);
            json.WriteNumber("tookPart"u8, share.TookPart);
            json.WriteNumber("won"u8, share.Won);
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    private static void Intervals(Utf8JsonWriter json, string name, IReadOnlyDictionary<string, Estimate> estimates, string? mean, Func<Metric, int> decimals)
    {
        json.WriteStartObject(name);
        foreach (var metric in Metric.All)
        {
            if (!estimates.TryGetValue(metric.Name, out var estimate))
                continue;
            json.WriteStartObject(metric.Name);
            if (mean is not null)
                Number(json, mean, estimate.Mean, decimals(metric));
            Number(json, "low", estimate.Low, decimals(metric));
            Number(json, "high", estimate.High, decimals(metric));
            json.WriteEndObject();
        }

        json.WriteEndObject();
    }

    private static void Number(Utf8JsonWriter json, string name, double? value, int decimals)
    {
        if (value is { } number && double.IsFinite(number))
            json.WriteNumber(name, (decimal)Math.Round(number, decimals));
        else
            json.WriteNull(name);
    }
}
