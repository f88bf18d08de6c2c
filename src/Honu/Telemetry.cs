using System.Collections.Concurrent;
using System.Diagnostics;
using System.Diagnostics.Metrics;
using Honu.Format;
using Honu.Writing;

namespace Honu;

/// <summary>The metrics of the stores of this process, under the meter <c>Honu</c>. Names and units follow OpenTelemetry; no key and no value is ever an attribute.</summary>
/// <remarks>A get costs about a microsecond: the clock is read only when somebody listens.</remarks>
internal static class Telemetry
{
    private static readonly ConcurrentDictionary<StoreCore, bool> Stores = new();
    private static readonly Meter Meter = new("Honu");

    private static readonly Histogram<double> Durations = Meter.CreateHistogram<double>("honu.store.operation.duration", "s", "How long an operation of the store took.");
    private static readonly Counter<long> ValueBytes = Meter.CreateCounter<long>("honu.store.io", "By", "Bytes of values read from and written to the store.");
    private static readonly Counter<long> Dropped = Meter.CreateCounter<long>("honu.watch.dropped", "{change}", "Changes dropped from the buffers of slow watchers, which then read the store instead.");

    static Telemetry()
    {
        Meter.CreateObservableGauge("honu.store.history.size", static () => Observe(HistoryBytes), "By", "About how many bytes older versions take on disk.");
        Meter.CreateObservableGauge("honu.store.tombstones", static () => Observe(static (_, state) => state.CountedTombstones), "{tombstone}", "Deleted objects that are still remembered, as of the last statistics.");
    }

    /// <summary>Whether somebody wants to know of operations.</summary>
    public static bool IsListening => Durations.Enabled || ValueBytes.Enabled;

    /// <summary>A store was opened: its gauges are observed until <see cref="Remove"/>.</summary>
    public static void Add(StoreCore core) => Stores[core] = true;

    public static void Remove(StoreCore core) => Stores.TryRemove(core, out _);

    /// <summary>The moment at which an operation begins.</summary>
    public static long Start() => Stopwatch.GetTimestamp();

    /// <summary>An operation that reads has ended.</summary>
    public static void Read(string operation, string ns, long start, long valueBytes) => End(operation, ns, start, valueBytes, "read", error: null);

    /// <summary>An operation that writes has ended.</summary>
    public static void Wrote(string operation, string ns, long start, long valueBytes) => End(operation, ns, start, valueBytes, "write", error: null);

    /// <summary>An operation has failed.</summary>
    public static void Failed(string operation, string ns, long start, Exception error) => End(operation, ns, start, valueBytes: 0, direction: "", error);

    /// <summary>A slow watcher's buffer was given up.</summary>
    public static void DroppedChanges(long changes) => Dropped.Add(changes);

    private static void End(string operation, string ns, long start, long valueBytes, string direction, Exception? error)
    {
        if (valueBytes > 0)
            ValueBytes.Add(valueBytes, new TagList { { "honu.io.direction", direction } });
        var tags = new TagList { { "db.operation.name", operation }, { "db.namespace", ns } };
        if (error is not null)
            tags.Add("error.type", error.GetType().Name);
        Durations.Record(Stopwatch.GetElapsedTime(start).TotalSeconds, tags);
    }

    private static List<Measurement<long>> Observe(Func<StoreCore, NamespaceState, long> measure)
    {
        var measurements = new List<Measurement<long>>();
        foreach (var core in Stores.Keys)
        {
            try
            {
                foreach (var state in core.Namespaces.All)
                {
                    if (measure(core, state) is >= 0 and var value)
                        measurements.Add(new Measurement<long>(value, new KeyValuePair<string, object?>("db.namespace", state.Name)));
                }
            }
            catch (ObjectDisposedException)
            {
                // Closed between the list and here.
            }
        }

        return measurements;
    }

    private static long HistoryBytes(StoreCore core, NamespaceState state)
    {
        Span<byte> from = stackalloc byte[KeySpaces.NamespacePrefixBytes];
        Span<byte> to = stackalloc byte[KeySpaces.NamespacePrefixBytes];
        KeySpaces.Prefix(from, KeySpaces.History, state.Id);
        from.CopyTo(to);
        return core.Engine.GetApproximateSize(from, KeySpaces.PrefixEnd(to));
    }
}
