using System.Diagnostics.Metrics;
using Honu.Grpc;
using Honu.Hosting.Security;
using Honu.TestKit;
using Microsoft.Extensions.Logging;

namespace Honu.Hosting.Tests.Security;

/// <summary>Warnings before the own certificate expires, on a clock of the test.</summary>
public sealed class CertificateExpiryTests
{
    [Fact]
    public void Warnings_ComeDailyFrom30DaysAndHourlyFrom7()
    {
        var clock = new ManualTimeProvider();
        using var authority = CertificateMaker.Authority("a", TimeSpan.FromDays(100), clock);
        using var certificate = CertificateMaker.Replica(authority, "c", 1, ["localhost"], TimeSpan.FromDays(31), clock);
        var log = new LogLines();
        using var meter = new Meter("test");
        using var expiry = new CertificateExpiry(new RpcCertificates(certificate, null), log.CreateLogger(""), clock, meter);

        Assert.Empty(Count(log));
        Pass(clock, TimeSpan.FromDays(2));
        Assert.Equal([(LogLevel.Warning, 1)], Count(log).Select(static entry => (entry.Key, Math.Min(entry.Value, 1))));
        Assert.InRange(Count(log)[LogLevel.Warning], 1, 2);
        Pass(clock, TimeSpan.FromDays(23));
        var days = Count(log)[LogLevel.Warning];
        Assert.InRange(days, 20, 25);
        Assert.True(Count(log).GetValueOrDefault(LogLevel.Error) >= 23, "the last week was not told more often");
        Assert.InRange(Assert.Single(Gauge(meter)), TimeSpan.FromDays(5).TotalSeconds, TimeSpan.FromDays(7).TotalSeconds);
        Pass(clock, TimeSpan.FromDays(7));
        Assert.Equal(days, Count(log)[LogLevel.Warning]);
        Assert.True(Count(log)[LogLevel.Critical] > 0);
        Assert.InRange(Assert.Single(Gauge(meter)), -TimeSpan.FromDays(3).TotalSeconds, 0);
        Assert.Contains(log.Lines, static line => line.Text.Contains("replica:1", StringComparison.Ordinal));
        expiry.Dispose();
        Assert.Empty(Gauge(meter));
    }

    private static void Pass(ManualTimeProvider clock, TimeSpan time)
    {
        for (var passed = TimeSpan.Zero; passed < time; passed += TimeSpan.FromHours(1))
            clock.Advance(TimeSpan.FromHours(1));
    }

    private static Dictionary<LogLevel, int> Count(LogLines log) => log.Lines.CountBy(static line => line.Level).ToDictionary();

    private static List<double> Gauge(Meter meter)
    {
        var values = new List<double>();
        using var listener = new MeterListener();
        listener.InstrumentPublished = (instrument, listener) =>
        {
            if (instrument.Meter == meter)
                listener.EnableMeasurementEvents(instrument);
        };
        listener.SetMeasurementEventCallback<double>((_, value, _, _) => values.Add(value));
        listener.Start();
        listener.RecordObservableInstruments();
        return values;
    }
}
