using System.Net.Security;
using System.Security.Cryptography.X509Certificates;
using Honu.Grpc;
using Microsoft.Extensions.Logging;

namespace Honu.Hosting.Security;

/// <summary>Judges the certificates of those who connect, and tells the log why one was refused: the other end of the link learns little of it.</summary>
/// <remarks>A replica that is refused comes back every few seconds, and a stranger as often as it likes: of each reason and host one line in a while is enough.</remarks>
internal sealed partial class HandshakeWatch(RpcCertificates certificates, ILogger logger, TimeProvider time)
{
    private const int MaxRemembered = 256;
    private static readonly TimeSpan Silence = TimeSpan.FromMinutes(1);

    private readonly Lock _lock = new();
    private readonly Dictionary<string, long> _told = new(StringComparer.Ordinal);

    /// <summary>TLS of a listener that shows <paramref name="certificates"/>, mutual when these have roots.</summary>
    public static RpcServerTlsOptions Options(RpcCertificates certificates, ILogger logger, TimeProvider time) =>
        new() { Certificates = certificates, ClientCertificateValidation = new HandshakeWatch(certificates, logger, time).Validate };

    private bool Validate(object sender, X509Certificate? certificate, X509Chain? chain, SslPolicyErrors errors)
    {
        // Of a client no name is wanted here: who it is, is judged when it calls.
        var fault = CertificateFaults.Find(certificate, chain, SslPolicyErrors.None, certificates.Roots ?? [], CertificateFaults.ClientUsage);
        if (fault is null)
            return true;
        var host = (sender as System.Net.IPEndPoint)?.Address.ToString() ?? "a caller";
        if (ShouldTell(host + fault))
            ClientRefused(logger, host, fault);
        return false;
    }

    private bool ShouldTell(string what)
    {
        lock (_lock)
        {
            var now = time.GetTimestamp();
            if (_told.TryGetValue(what, out var last) && time.GetElapsedTime(last, now) < Silence)
                return false;
            if (_told.Count >= MaxRemembered)
                _told.Clear();
            _told[what] = now;
            return true;
        }
    }

    [LoggerMessage(EventId = 3101, EventName = "ClientRefused", Level = LogLevel.Warning, Message = "TLS: a client at {Host} was refused: {Reason}. The same is not reported again within a minute.")]
    private static partial void ClientRefused(ILogger logger, string host, string reason);
}
