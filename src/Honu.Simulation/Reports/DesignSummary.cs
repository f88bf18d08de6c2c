namespace Honu.Simulation;

/// <summary>The runs of one design taken together.</summary>
/// <param name="Design">How writes spread.</param>
/// <param name="Runs">Its runs, one for each seed.</param>
/// <param name="Means">The mean of each figure over the seeds, by the name of the <see cref="Metric"/>; a figure that does not apply in some run is left out.</param>
/// <param name="Ratios">The mean over the seeds of each figure divided by the one of <see cref="Baseline"/> with the same seed; a figure that is zero there in some run is left out, and so is everything without that design.</param>
public sealed record DesignSummary(string Design, IReadOnlyList<ExperimentResult> Runs, IReadOnlyDictionary<string, Estimate> Means, IReadOnlyDictionary<string, Estimate> Ratios)
{
    /// <summary>The design that others are divided by, whatever its reward: it does not choose by it.</summary>
    public const string Baseline = "uniform";

    /// <summary>Writes measured in all runs together.</summary>
    public long Writes { get; } = Runs.Sum(static run => (long)run.Writes);

    /// <summary>Of these, writes that did not reach every replica: no figure of visibility counts them.</summary>
    public long Unseen { get; } = Runs.Sum(static run => (long)run.Unseen);

    /// <summary>Forks that each region took part in and won, of all runs together; none where there were no forks.</summary>
    public IReadOnlyList<ForkShare> ForkShares { get; } =
    [
        .. Runs.SelectMany(static run => run.ForkShares).GroupBy(static share => share.Region, StringComparer.Ordinal)
            .Select(static shares => new ForkShare(shares.Key, shares.Sum(static share => share.TookPart), shares.Sum(static share => share.Won)))
            .Where(static share => share.TookPart > 0),
    ];

    /// <summary>Summarises results: one summary for each design, in the order in which the designs come first.</summary>
    public static IReadOnlyList<DesignSummary> Of(IReadOnlyList<ExperimentResult> results)
    {
        ArgumentNullException.ThrowIfNull(results);
        var designs = results.Select(static result => result.Design).ToList();
        var divisor = designs.Find(static design => design == Baseline) ?? designs.Find(static design => design.StartsWith(Baseline + "@", StringComparison.Ordinal));
        var baseline = results.Where(result => result.Design == divisor).ToDictionary(static result => result.Seed);
        return
        [
            .. results.GroupBy(static result => result.Design, StringComparer.Ordinal).Select(runs => new DesignSummary(
                runs.Key, [.. runs], Estimates([.. runs], static (metric, run) => metric.Of(run)), Estimates([.. runs], (metric, run) => Ratio(metric, run, baseline)))),
        ];
    }

    // Pairing by seed takes out what both runs share, such as the moments of the writes.
    private static double? Ratio(Metric metric, ExperimentResult run, Dictionary<int, ExperimentResult> baseline) =>
        baseline.TryGetValue(run.Seed, out var other) && metric.Of(other) is { } divisor and not 0 ? metric.Of(run) / divisor : null;

    private static Dictionary<string, Estimate> Estimates(ExperimentResult[] runs, Func<Metric, ExperimentResult, double?> value)
    {
        var estimates = new Dictionary<string, Estimate>(StringComparer.Ordinal);
        foreach (var metric in Metric.All)
        {
            var values = runs.Select(run => value(metric, run)).ToList();
            if (values.TrueForAll(static item => item is not null) && Estimate.Of([.. values.Select(static item => item!.Value)]) is { } estimate)
                estimates.Add(metric.Name, estimate);
        }

        return estimates;
    }
}
