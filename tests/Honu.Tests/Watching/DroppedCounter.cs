using System.Diagnostics.Metrics;

namespace Honu.Tests.Watching;

/// <summary>Adds up <c>honu.watch.dropped</c>. Other tests of the process count too: compare with "at least".</summary>
internal sealed class DroppedCounter : IDisposable
{
    private readonly MeterListener _listener = new();
    private long _total;

    public DroppedCounter()
    {
        _listener.InstrumentPublished = static (instrument, listener) =>
        {
            if (instrument is { Name: "honu.watch.dropped", Meter.Name: "Honu" })
                listener.EnableMeasurementEvents(instrument);
        };
        _listener.SetMeasurementEventCallback<long>((_, count, _, _) => Interlocked.Add(ref _total, count));
        _listener.Start();
    }

    public long Total => Interlocked.Read(ref _total);

    public void Dispose() => _listener.Dispose();
}
