using System.Diagnostics.Metrics;

namespace Honu.Watching;

/// <summary>What watching counts, under the meter <c>Honu</c>.</summary>
internal static class WatchMetrics
{
    private static readonly Meter Meter = new("Honu");

    /// <summary>Changes that a watcher did not get one by one, because it was too slow: it reads the latest of them from the store.</summary>
    public static readonly Counter<long> Dropped = Meter.CreateCounter<long>("honu.watch.dropped", "{change}", "Changes dropped from the buffers of slow watchers, which then read the store instead.");
}
