using System.Diagnostics.Metrics;
using Honu.Grpc;
using Microsoft.Extensions.Logging;

namespace Honu.Hosting.Security;

/// <summary>Warns before the own certificate expires: at 30 days once a day, at 7 days as an error each hour. Also the gauge <c>honu.tls.certificate.expiry</c>.</summary>
internal sealed partial class CertificateExpiry : IDisposable
{
    private static readonly TimeSpan CheckInterval = TimeSpan.FromHours(1);
    private static readonly TimeSpan Early = TimeSpan.FromDays(30);
    private static readonly TimeSpan Urgent = TimeSpan.FromDays(7);

    private readonly RpcCertificates _certificates;
    private readonly ILogger _logger;
    private readonly TimeProvider _time;
    private readonly ITimer _timer;
    private DateTimeOffset _lastEarly;
    private volatile bool _isDisposed;

    public CertificateExpiry(RpcCertificates certificates, ILogger logger, TimeProvider time, Meter meter)
    {
        (_certificates, _logger, _time) = (certificates, logger, time);
        _timer = time.CreateTimer(_ => Check(), state: null, TimeSpan.Zero, CheckInterval);
        meter.CreateObservableGauge("honu.tls.certificate.expiry", Measure, "s", "Time until the own certificate expires; below zero when it has.");
    }

    public void Dispose()
    {
        _isDisposed = true;
        _timer.Dispose();
    }

    // The meter may outlive the replica.
    private IEnumerable<Measurement<double>> Measure() => _isDisposed ? [] : [new Measurement<double>(Left().TotalSeconds)];

    private TimeSpan Left() => _certificates.Certificate is { } own ? own.NotAfter.ToUniversalTime() - _time.GetUtcNow().UtcDateTime : TimeSpan.MaxValue;

    private void Check()
    {
        var (left, now) = (Left(), _time.GetUtcNow());
        if (left > Early || _certificates.Certificate is not { } own)
            return;
        var name = PeerCertificate.Describe(own);
        if (left <= TimeSpan.Zero)
        {
            Expired(_logger, name);
        }
        else if (left <= Urgent)
        {
            ExpiresVerySoon(_logger, name, left.TotalDays);
        }
        else if (now - _lastEarly >= TimeSpan.FromDays(1))
        {
            _lastEarly = now;
            ExpiresSoon(_logger, name, left.TotalDays);
        }
    }

    [LoggerMessage(EventId = 3102, EventName = "CertificateExpiresSoon", Level = LogLevel.Warning, Message = "TLS: the certificate of this server expires in {Days:0} days: {Name}. Write a new one into its files; no restart is needed.")]
    private static partial void ExpiresSoon(ILogger logger, string name, double days);

    [LoggerMessage(EventId = 3103, EventName = "CertificateExpiresVerySoon", Level = LogLevel.Error, Message = "TLS: the certificate of this server expires in {Days:0.0} days, after which nobody will talk to it: {Name}. Write a new one into its files; no restart is needed.")]
    private static partial void ExpiresVerySoon(ILogger logger, string name, double days);

    [LoggerMessage(EventId = 3104, EventName = "CertificateExpired", Level = LogLevel.Critical, Message = "TLS: the certificate of this server has expired, clients and peers refuse it: {Name}. Write a new one into its files; no restart is needed.")]
    private static partial void Expired(ILogger logger, string name);
}
