using System.Diagnostics;
using System.Diagnostics.Metrics;
using Honu.Replication;

namespace Honu.Hosting;

/// <summary>The metrics of one replica, under the meter <c>Honu.Replication</c>. Peers are attributes, keys never are.</summary>
internal sealed class ReplicationMetrics : IDisposable
{
    public const string MeterName = "Honu.Replication";

    private readonly Meter? _owned;
    private readonly Histogram<double> _duration;
    private readonly Counter<long> _objects;
    private readonly Counter<long> _bytes;
    private readonly Counter<long> _selections;
    private readonly Counter<long> _mismatches;
    private readonly string _strategy;

    /// <param name="meters">Where meters come from in a hosted application; <see langword="null"/> for a meter of its own.</param>
    /// <param name="strategy">The selector's name.</param>
    /// <param name="lastSuccessAge">Time since a session last succeeded, or since the start.</param>
    /// <param name="openSessions">Sessions that are open now.</param>
    public ReplicationMetrics(IMeterFactory? meters, string strategy, Func<TimeSpan> lastSuccessAge, Func<int> openSessions)
    {
        var meter = meters?.Create(MeterName) ?? (_owned = new Meter(MeterName));
        _strategy = strategy;
        _duration = meter.CreateHistogram<double>("honu.replication.session.duration", "s", "How long an anti-entropy session took.");
        _objects = meter.CreateCounter<long>("honu.replication.objects", "{object}", "Objects sent to peers and received from them, by what applying them did.");
        _bytes = meter.CreateCounter<long>("honu.replication.io", "By", "Bytes of messages to and from peers, with their frames, without HTTP/2 and TLS.");
        _selections = meter.CreateCounter<long>("honu.peer.selections", "{selection}", "How often a peer was chosen for a session.");
        _mismatches = meter.CreateCounter<long>("honu.replication.digest.mismatches", "{namespace}", "Namespaces whose contents differed from a peer's although their vectors did not, or from what was written to them.");
        meter.CreateObservableGauge("honu.replication.last_success.age", () => lastSuccessAge().TotalSeconds, "s", "Time since a session last succeeded, or since the start when none has.");
        meter.CreateObservableGauge("honu.replication.sessions.active", openSessions, "{session}", "Sessions that are open now.");
    }

    /// <summary>A peer was chosen for a session.</summary>
    public void Selected(PeerAddress peer)
    {
        if (_selections.Enabled)
            _selections.Add(1, new TagList { { "honu.peer.name", peer.Endpoint }, { "honu.peer.strategy", _strategy } });
    }

    /// <summary>A session has ended.</summary>
    public void Finished(SyncReport report, bool isInitiator)
    {
        if (_duration.Enabled)
        {
            var tags = new TagList { { "honu.replication.role", isInitiator ? "initiator" : "responder" } };
            if (report.Reason != SessionEndReason.None)
                tags.Add("error.type", ReasonName(report.Reason));
            _duration.Record(report.Duration.TotalSeconds, tags);
        }

        Count("sent", report.ObjectsSent);
        Count("linear", report.Updates[UpdateKind.Linear]);
        Count("stomp", report.Updates[UpdateKind.Stomp] + report.Updates[UpdateKind.Stomped] + report.Updates[UpdateKind.Equivocation]);
        Count("skip", report.Updates[UpdateKind.Skip]);
        Count("reissued", report.Updates[UpdateKind.Reissued]);
        Count("unchanged", report.Updates[UpdateKind.Duplicate] + report.Updates[UpdateKind.Stale]);
        Count("deferred", report.ObjectsDeferred);
        Count("repaired", report.ObjectsRepaired);
        _bytes.Add(report.BytesSent, new KeyValuePair<string, object?>("network.io.direction", "transmit"));
        _bytes.Add(report.BytesReceived, new KeyValuePair<string, object?>("network.io.direction", "receive"));
        if (report.DigestMismatches > 0)
            _mismatches.Add(report.DigestMismatches, new KeyValuePair<string, object?>("honu.replication.found_by", "session"));
    }

    /// <summary>The store holds other records than were written to it.</summary>
    public void StoreDiffers() => _mismatches.Add(1, new KeyValuePair<string, object?>("honu.replication.found_by", "scan"));

    public void Dispose() => _owned?.Dispose();

    private void Count(string outcome, long objects)
    {
        if (objects > 0)
            _objects.Add(objects, new KeyValuePair<string, object?>("honu.replication.outcome", outcome));
    }

    private static string ReasonName(SessionEndReason reason) => reason.ToString().ToLowerInvariant();
}
