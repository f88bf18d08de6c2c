using System.Diagnostics;
using System.Diagnostics.Metrics;
using Honu.Replication;

namespace Honu.Hosting;

/// <summary>The metrics of one replica, under the meter <c>Honu.Replication</c>. Peers are attributes, keys never are.</summary>
internal sealed class ReplicationMetrics : IDisposable
{
    private const string MeterName = "Honu.Replication";

    // Rewards are 0 to 1, and the usual buckets are for milliseconds.
    private static readonly InstrumentAdvice<double> RewardBuckets = new() { HistogramBucketBoundaries = [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1] };

    private readonly Meter? _owned;
    private readonly Histogram<double> _duration;
    private readonly Counter<long> _objects;
    private readonly Counter<long> _bytes;
    private readonly Counter<long> _selections;
    private readonly Histogram<double> _rewards;
    private readonly ObservableGauge<double> _value;
    private readonly ObservableGauge<double> _share;
    private readonly Counter<long> _mismatches;
    private readonly string _strategy;

    /// <param name="meters">Where meters come from in a hosted application; <see langword="null"/> for a meter of its own.</param>
    /// <param name="replica">Whose selector and rumors are told of.</param>
    /// <param name="lastSuccessAge">Time since a session last succeeded, or since the start.</param>
    /// <param name="openSessions">Sessions that are open now.</param>
    /// <param name="arms">What the selector knows of each peer.</param>
    public ReplicationMetrics(IMeterFactory? meters, Replica replica, Func<TimeSpan> lastSuccessAge, Func<int> openSessions, Func<IReadOnlyList<PeerSnapshot>> arms)
    {
        Meter = meters?.Create(MeterName) ?? (_owned = new Meter(MeterName));
        _strategy = replica.SelectorName;
        _duration = Meter.CreateHistogram<double>("honu.replication.session.duration", "s", "How long an anti-entropy session took.");
        _objects = Meter.CreateCounter<long>("honu.replication.objects", "{object}", "Objects sent to peers and received from them, by what applying them did.");
        _bytes = Meter.CreateCounter<long>("honu.replication.io", "By", "Bytes of messages to and from peers, with their frames, without HTTP/2 and TLS.");
        _selections = Meter.CreateCounter<long>("honu.peer.selections", "{selection}", "How often a peer was chosen, for a session or as a relay.");
        _rewards = Meter.CreateHistogram("honu.peer.reward", "1", "What a choice of a peer was worth, from 0 to 1.", advice: RewardBuckets);
        _mismatches = Meter.CreateCounter<long>("honu.replication.digest.mismatches", "{namespace}", "Namespaces whose contents differed from a peer's although their vectors did not, or from what was written to them.");
        Meter.CreateObservableGauge("honu.replication.last_success.age", () => lastSuccessAge().TotalSeconds, "s", "Time since a session last succeeded, or since the start when none has.");
        Meter.CreateObservableGauge("honu.replication.sessions.active", openSessions, "{session}", "Sessions that are open now.");
        _value = Meter.CreateObservableGauge("honu.peer.value", () => Measure(arms(), static arm => arm.Value), "1", "What the selector expects of the next session with a peer.");
        _share = Meter.CreateObservableGauge("honu.peer.share", () => Measure(arms(), static arm => arm.Share), "1", "A peer's part of about the last hundred choices.");
        if (replica.RumorCounts is { } rumors)
            RumorMetrics.AddTo(Meter, rumors);
    }

    /// <summary>The meter, for what else the replica measures.</summary>
    public Meter Meter { get; }

    /// <summary>Whether somebody listens to what is known of each peer.</summary>
    public bool WantsArms => _value.Enabled || _share.Enabled;

    /// <summary>A peer was chosen for a session.</summary>
    public void Selected(PeerAddress peer)
    {
        if (_selections.Enabled)
            _selections.Add(1, Tags(peer));
    }

    /// <summary>A session that was opened here has taught something.</summary>
    public void Rewarded(PeerAddress peer, double reward)
    {
        if (_rewards.Enabled)
            _rewards.Record(reward, Tags(peer));
    }

    /// <summary>A relay was chosen for a push, and has earned a reward.</summary>
    public void RelayRewarded(PeerAddress relay, double reward)
    {
        var tags = new TagList { { "honu.peer.name", relay.Endpoint }, { "honu.peer.strategy", DisseminationNames.RegionRelay } };
        if (_selections.Enabled)
            _selections.Add(1, tags);
        if (_rewards.Enabled)
            _rewards.Record(reward, tags);
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

    private TagList Tags(PeerAddress peer) => new() { { "honu.peer.name", peer.Endpoint }, { "honu.peer.strategy", _strategy } };

    private IEnumerable<Measurement<double>> Measure(IReadOnlyList<PeerSnapshot> peers, Func<ArmSnapshot, double> figure) =>
        peers.Where(static peer => peer.Arm is not null).Select(peer => new Measurement<double>(figure(peer.Arm!), Tags(peer.Address)));

    private void Count(string outcome, long objects)
    {
        if (objects > 0)
            _objects.Add(objects, new KeyValuePair<string, object?>("honu.replication.outcome", outcome));
    }

    private static string ReasonName(SessionEndReason reason) => reason.ToString().ToLowerInvariant();
}
