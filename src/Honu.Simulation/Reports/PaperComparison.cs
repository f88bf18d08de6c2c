namespace Honu.Simulation;

/// <summary>What the authors of the experiment published for a design, beside what came out here.</summary>
/// <param name="VisibilityMeanMs">Their mean visibility.</param>
/// <param name="RatioToUniform">Theirs divided by their uniform choice.</param>
public sealed record PaperComparison(double VisibilityMeanMs, double RatioToUniform)
{
    /// <summary>The published figures for a design; <see langword="null"/> in other scenarios and for designs that the authors did not run.</summary>
    public static PaperComparison? Of(DesignSummary summary)
    {
        ArgumentNullException.ThrowIfNull(summary);
        var figures = PaperExperiment.Published;
        return summary.Runs[0].Scenario == Scenarios.Paper && figures.FirstOrDefault(figure => figure.Design == summary.Design) is { } figure
            ? new PaperComparison(figure.VisibilityMeanMs, figure.VisibilityMeanMs / figures[0].VisibilityMeanMs)
            : null;
    }
}
