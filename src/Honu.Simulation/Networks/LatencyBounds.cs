namespace Honu.Simulation;

/// <summary>What no design can beat on a matrix of latencies, if messages go straight from region to region.</summary>
public static class LatencyBounds
{
    // A relay receives, applies and sends before a neighbour can: a millisecond is what that takes on the machines that the published figures are from.
    private const double RelayWorkMs = 1;

    /// <summary>The mean over all regions, each as the writer's, of the time until the farthest replica has a message that is sent to every replica at once.</summary>
    public static double DirectMs(LatencyMatrix latency) => Mean(latency, static (_, _) => 0);

    /// <summary>The same when one replica of each region gets the message and hands it on to its neighbours, which takes the way between neighbours and a millisecond of work.</summary>
    public static double RelayMs(LatencyMatrix latency) => Mean(latency, static (latency, region) => latency.OneWayMs(region, region) + RelayWorkMs);

    private static double Mean(LatencyMatrix latency, Func<LatencyMatrix, int, double> last)
    {
        ArgumentNullException.ThrowIfNull(latency);
        var regions = Enumerable.Range(0, latency.Regions.Count).ToArray();
        return regions.Average(from => regions.Max(to => latency.OneWayMs(from, to) + (from == to ? 0 : last(latency, to))));
    }
}
