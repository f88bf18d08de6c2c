using System.Diagnostics.Metrics;
using Honu.Replication;

namespace Honu.Hosting;

/// <summary>The metrics of rumors, under the meter <c>Honu.Replication</c>.</summary>
internal sealed class RumorMetrics : IDisposable
{
    private readonly Meter? _owned;

    /// <param name="meters">Where meters come from in a hosted application; <see langword="null"/> for a meter of its own.</param>
    /// <param name="counts">What is counted; <see langword="null"/> when no rumors are sent.</param>
    public RumorMetrics(IMeterFactory? meters, RumorCounts? counts)
    {
        var meter = meters?.Create(ReplicationMetrics.MeterName) ?? (_owned = new Meter(ReplicationMetrics.MeterName));
        if (counts is null)
            return;
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

    public void Dispose() => _owned?.Dispose();

    private static IEnumerable<Measurement<long>> Measure(RumorCounts counts, string attribute, params (RumorCount Count, string Name)[] named) =>
        named.Select(item => new Measurement<long>(counts[item.Count], new KeyValuePair<string, object?>(attribute, item.Name)));
}
