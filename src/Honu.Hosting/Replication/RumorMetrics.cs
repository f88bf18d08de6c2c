using System.Diagnostics;
using System.Diagnostics.Metrics;
using Honu.Replication;

namespace Honu.Hosting;

/// <summary>The metrics of rumors, under the meter <c>Honu.Replication</c>.</summary>
internal sealed class RumorMetrics : IDisposable
{
    private const string Strategy = "region-relay";

    private readonly Meter? _owned;
    private readonly Counter<long> _selections;
    private readonly Histogram<double> _reward;

    /// <param name="meters">Where meters come from in a hosted application; <see langword="null"/> for a meter of its own.</param>
    /// <param name="counts">What is counted; <see langword="null"/> when no rumors are sent.</param>
    public RumorMetrics(IMeterFactory? meters, RumorCounts? counts)
    {
        var meter = meters?.Create(ReplicationMetrics.MeterName) ?? (_owned = new Meter(ReplicationMetrics.MeterName));
        _selections = meter.CreateCounter<long>("honu.peer.selections", "{selection}", "How often a peer was chosen for a session.");
        _reward = meter.CreateHistogram<double>("honu.peer.reward", "1", "What a choice of a peer was worth, from 0 to 1.");
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

    /// <summary>A relay was chosen, and has earned a reward.</summary>
    public void Rewarded(PeerAddress relay, double reward)
    {
        var tags = new TagList { { "honu.peer.name", relay.Endpoint }, { "honu.peer.strategy", Strategy } };
        if (_selections.Enabled)
            _selections.Add(1, tags);
        if (_reward.Enabled)
            _reward.Record(reward, tags);
    }

    public void Dispose() => _owned?.Dispose();

    private static IEnumerable<Measurement<long>> Measure(RumorCounts counts, string attribute, params (RumorCount Count, string Name)[] named) =>
        named.Select(item => new Measurement<long>(counts[item.Count], new KeyValuePair<string, object?>(attribute, item.Name)));
}
