using System.Net;
using System.Net.Security;
using System.Security.Cryptography.X509Certificates;
using Honu.Grpc;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Logging;

namespace Honu.Hosting.Security;

/// <summary>Judges the certificates of those who connect, and tells the log why one was refused: the other end of the link learns little of it.</summary>
/// <remarks>A replica that is refused comes back every few seconds, and a stranger as often as it likes: of each reason and host one line in a while is enough.</remarks>
internal sealed partial class HandshakeWatch(RpcCertificates certificates, ILogger logger, TimeProvider time)
{
    private static readonly object Called = new();
    private const int MaxRemembered = 256;
    private static readonly TimeSpan Silence = TimeSpan.FromMinutes(1);

    private readonly Lock _lock = new();
    private readonly Dictionary<string, long> _told = new(StringComparer.Ordinal);

    /// <summary>TLS of a listener that shows the certificates, mutual when these have roots.</summary>
    public RpcServerTlsOptions Options => new() { Certificates = certificates, ClientCertificateValidation = Validate };

    /// <summary>Watches the connections of a listener, within TLS (after <c>UseRpc</c>). Calls must run through <see cref="Note"/>.</summary>
    /// <remarks>A client that does not trust this server often says so to nobody: its handshake succeeds at this end, and then it is gone.</remarks>
    public void Attach(ListenOptions listen) => listen.Use(next => async connection =>
    {
        await next(connection).ConfigureAwait(false);
        var host = (connection.RemoteEndPoint as IPEndPoint)?.Address.ToString() ?? "a caller";
        if (!connection.Items.ContainsKey(Called) && ShouldTell(host))
            ClientLeft(logger, host, certificates.Certificate is { } own ? PeerCertificate.Describe(own) : "none");
    });

    /// <summary>Notes that a connection has carried a call.</summary>
    public static void Note(HttpContext call)
    {
        if (call.Features.Get<IConnectionItemsFeature>() is { } connection)
            connection.Items[Called] = Called;
    }

    private bool Validate(object sender, X509Certificate? certificate, X509Chain? chain, SslPolicyErrors errors)
    {
        // Of a client no name is wanted here: who it is, is judged when it calls.
        var fault = CertificateFaults.Find(certificate, chain, SslPolicyErrors.None, certificates.Roots ?? [], CertificateFaults.ClientUsage);
        if (fault is null)
            return true;
        var host = (sender as IPEndPoint)?.Address.ToString() ?? "a caller";
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

    [LoggerMessage(EventId = 3108, EventName = "ClientLeft", Level = LogLevel.Warning, Message = "TLS: a client at {Host} left before its first call: it may not trust the certificate of this server, {Certificate}. The same is not reported again within a minute.")]
    private static partial void ClientLeft(ILogger logger, string host, string certificate);

    [LoggerMessage(EventId = 3101, EventName = "ClientRefused", Level = LogLevel.Warning, Message = "TLS: a client at {Host} was refused: {Reason}. The same is not reported again within a minute.")]
    private static partial void ClientRefused(ILogger logger, string host, string reason);
}
