using System.Diagnostics.Metrics;

namespace Honu.Tests.Store;

/// <summary>What the meter <c>Honu</c> tells, as a collector sees it. Other tests run beside these: each looks at a namespace of its own.</summary>
public sealed class TelemetryTests
{
    [Fact]
    public void Operations_AreMeasuredWithTheirNamesAndBytes()
    {
        var ns = Guid.NewGuid().ToString("N");
        using var collector = new Collector(ns);
        using var store = HonuStore.OpenInMemory();
        var space = store.Namespace(ns);

        space.Put("k"u8, new byte[100]);
        space.Get("k"u8);
        space.Get("missing"u8);
        space.Delete("k"u8);
        store.Write(new HonuWriteBatch().Put(ns, "a"u8, new byte[7]).Put(ns, "b"u8, new byte[8]));
        foreach (var entry in space.Scan())
            _ = entry.Value;

        Assert.Equal(["delete", "get", "get", "put", "scan", "write"], collector.Operations.Order(StringComparer.Ordinal));
        Assert.All(collector.Seconds, static seconds => Assert.InRange(seconds, 0, 60));
    }

    [Fact]
    public void Operation_ThatFails_TellsTheKindOfErrorOnly()
    {
        var ns = Guid.NewGuid().ToString("N");
        using var collector = new Collector(ns);
        var store = HonuStore.OpenInMemory();
        var space = store.Namespace(ns);
        store.Dispose();

        Assert.Throws<ObjectDisposedException>(() => space.Put("k"u8, "v"u8));

        Assert.Equal(["ObjectDisposedException"], collector.Errors);
    }

    [Fact]
    public void Gauges_TellOfOpenStoresOnly()
    {
        var ns = Guid.NewGuid().ToString("N");
        using var collector = new Collector(ns);
        using (var store = HonuStore.OpenInMemory())
        {
            store.Namespace(ns).Put("k"u8, "v"u8);
            store.Namespace(ns).Delete("k"u8);
            store.GetStatistics();

            collector.Observe();
            Assert.Equal(1, collector.Gauges["honu.store.tombstones"]);
            Assert.True(collector.Gauges.ContainsKey("honu.store.history.size"));
        }

        collector.Gauges.Clear();
        collector.Observe();
        Assert.Empty(collector.Gauges);
    }

    private sealed class Collector : IDisposable
    {
        private readonly MeterListener _listener = new();
        private readonly string _namespace;

        public Collector(string ns)
        {
            _namespace = ns;
            _listener.InstrumentPublished = static (instrument, listener) =>
            {
                if (instrument.Meter.Name == "Honu")
                    listener.EnableMeasurementEvents(instrument);
            };
            _listener.SetMeasurementEventCallback<double>((_, value, tags, _) => Note(tags, value));
            _listener.SetMeasurementEventCallback<long>((instrument, value, tags, _) =>
            {
                if (Tag(tags, "db.namespace") == _namespace)
                    Gauges[instrument.Name] = value;
            });
            _listener.Start();
        }

        public List<string> Operations { get; } = [];

        public List<double> Seconds { get; } = [];

        public List<string> Errors { get; } = [];

        public Dictionary<string, long> Gauges { get; } = [];

        public void Observe() => _listener.RecordObservableInstruments();

        public void Dispose() => _listener.Dispose();

        private void Note(ReadOnlySpan<KeyValuePair<string, object?>> tags, double seconds)
        {
            if (Tag(tags, "db.namespace") != _namespace)
                return;
            Operations.Add(Tag(tags, "db.operation.name")!);
            Seconds.Add(seconds);
            if (Tag(tags, "error.type") is { } error)
                Errors.Add(error);
        }

        private static string? Tag(ReadOnlySpan<KeyValuePair<string, object?>> tags, string name)
        {
            foreach (var (key, value) in tags)
            {
                if (key == name)
                    return (string?)value;
            }

            return null;
        }
    }
}
