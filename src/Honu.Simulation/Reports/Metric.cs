namespace Honu.Simulation;

/// <summary>A figure of a run that is printed and summarised.</summary>
/// <param name="Name">Its name in JSON.</param>
/// <param name="Of">Its value in a result; <see langword="null"/> where it does not apply.</param>
/// <param name="Decimals">How many decimals are printed.</param>
public sealed record Metric(string Name, Func<ExperimentResult, double?> Of, int Decimals)
{
    /// <summary>All of them, in the order in which they are printed.</summary>
    public static IReadOnlyList<Metric> All { get; } =
    [
        new("visibilityMeanMs", static result => Seen(result, result.VisibilityMeanMs), 3),
        new("visibilityP50Ms", static result => Seen(result, result.VisibilityP50Ms), 3),
        new("visibilityP99Ms", static result => Seen(result, result.VisibilityP99Ms), 3),
        new("t50Ms", static result => Seen(result, result.T50Ms), 3),
        new("t90Ms", static result => Seen(result, result.T90Ms), 3),
        new("messages", static result => result.Messages, 0),
        new("bytesCrossRegion", static result => result.BytesCrossRegion, 0),
        new("bytesTotal", static result => result.BytesTotal, 0),
        new("staleReadFraction", static result => result.StaleReadFraction, 6),
        new("forks", static result => result.Forks, 0),
        new("relearnPushes", static result => result.RelearnPushes, 2),
    ];

    // Without a write that everybody has seen there is no time: 0 would be the best of all figures.
    private static double? Seen(ExperimentResult result, double ms) => result.Writes > result.Unseen ? ms : null;
}
