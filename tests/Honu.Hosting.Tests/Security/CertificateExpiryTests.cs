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
        using var expiry = new CertificateExpiry(new RpcCertificates(certificate, null), log.CreateLogger(""), clock);

        Assert.Empty(Count(log));
        Pass(clock, TimeSpan.FromDays(2));
        Assert.Equal([(LogLevel.Warning, 1)], Count(log).Select(static entry => (entry.Key, Math.Min(entry.Value, 1))));
        Assert.InRange(Count(log)[LogLevel.Warning], 1, 2);
        Pass(clock, TimeSpan.FromDays(23));
        var days = Count(log)[LogLevel.Warning];
        Assert.InRange(days, 20, 25);
        Assert.True(Count(log).GetValueOrDefault(LogLevel.Error) >= 23, "the last week was not told more often");
        Assert.Contains(Gauge(), static left => left > TimeSpan.FromDays(5).TotalSeconds && left < TimeSpan.FromDays(7).TotalSeconds);
        Pass(clock, TimeSpan.FromDays(7));
        Assert.Equal(days, Count(log)[LogLevel.Warning]);
        Assert.True(Count(log)[LogLevel.Critical] > 0);
        Assert.Contains(Gauge(), static left => left < 0 && left > -TimeSpan.FromDays(3).TotalSeconds);
        Assert.Contains(log.Lines, static line => line.Text.Contains("replica:1", StringComparison.Ordinal));
    }

    private static void Pass(ManualTimeProvider clock, TimeSpan time)
    {
        for (var passed = TimeSpan.Zero; passed < time; passed += TimeSpan.FromHours(1))
            clock.Advance(TimeSpan.FromHours(1));
    }

    private static Dictionary<LogLevel, int> Count(LogLines log) => log.Lines.CountBy(static line => line.Level).ToDictionary();

    // Replicas of other tests may be observed, too; their certificates are younger or older than this one.
    private static List<double> Gauge()
    {
        var values = new List<double>();
        using var listener = new MeterListener();
        listener.InstrumentPublished = static (instrument, listener) =>
        {
            if (instrument.Name == "honu.tls.certificate.expiry")
                listener.EnableMeasurementEvents(instrument);
        };
        listener.SetMeasurementEventCallback<double>((_, value, _, _) => values.Add(value));
        listener.Start();
        listener.RecordObservableInstruments();
        return values;
    }
}
