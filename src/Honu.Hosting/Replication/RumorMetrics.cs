using System.Diagnostics.Metrics;
using Honu.Replication;

namespace Honu.Hosting;

/// <summary>The metrics of rumors. They are counted by the state machine and only read here.</summary>
internal static class RumorMetrics
{
    /// <summary>Adds them to the meter of replication.</summary>
    public static void AddTo(Meter meter, RumorCounts counts)
    {
        meter.CreateObservableCounter(
            "honu.replication.rumors",
            () => Measure(counts, "honu.replication.outcome", (RumorCount.Sent, "sent"), (RumorCount.Received, "received"), (RumorCount.News, "new"), (RumorCount.LeftToSessions, "left_to_sessions")),
            "{rumor}",
            "Ranges of writes pushed to other replicas and received from them; of those received, the ones that brought news; times that too much was left to sessions.");
        meter.CreateObservableCounter(
            "honu.replication.rumor.pushes",
            () => Measure(counts, "honu.replication.push", (RumorCount.FarPushes, "far"), (RumorCount.LocalPushes, "local"), (RumorCount.Retries, "retry"), (RumorCount.Hedges, "hedge"), (RumorCount.Detours, "detour")),
            "{push}",
            "Pushes to other regions and to neighbours; how many of all were retries, second ones to the same region, and by way of a third region.");
    }

    private static IEnumerable<Measurement<long>> Measure(RumorCounts counts, string attribute, params (RumorCount Count, string Name)[] named) =>
        named.Select(item => new Measurement<long>(counts[item.Count], new KeyValuePair<string, object?>(attribute, item.Name)));
}
