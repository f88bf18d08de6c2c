using Honu.Grpc;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Https;

namespace Microsoft.AspNetCore.Hosting;

/// <summary>Sets a Kestrel endpoint up for gRPC.</summary>
public static class RpcListenOptionsExtensions
{
    private const int StreamWindowBytes = 1024 * 1024;
    private const int ConnectionWindowBytes = 8 * StreamWindowBytes;
    private const int StreamsPerConnection = 1000;
    private const int HeaderBytes = 256 * 1024; // Kestrel closes the whole connection over larger ones

    /// <summary>Makes this endpoint speak HTTP/2 only: plaintext with prior knowledge, or TLS when <paramref name="tls"/> is given.</summary>
    /// <param name="listen">The endpoint.</param>
    /// <param name="tls">TLS, mutual if it names client roots; <see langword="null"/> for plaintext.</param>
    /// <returns>The same endpoint.</returns>
    /// <remarks>
    /// Kestrel keeps these per server, so they hold for its other endpoints, too: windows (1 MiB per stream, 8 MiB per connection: larger ones stall
    /// less on long links and cost that memory per unread stream), 1000 streams per connection, headers of 256 KiB, pings after 60 s of silence unless set
    /// otherwise, no <c>Server</c> header, and no minimum rate of responses, for which a silent stream would be reset. The limits of request bodies are lifted
    /// per call, not here.
    /// </remarks>
    public static ListenOptions UseRpc(this ListenOptions listen, RpcServerTlsOptions? tls = null)
    {
        ArgumentNullException.ThrowIfNull(listen);
        listen.KestrelServerOptions.AddServerHeader = false;
        var limits = listen.KestrelServerOptions.Limits;
        limits.MaxRequestHeadersTotalSize = Math.Max(limits.MaxRequestHeadersTotalSize, HeaderBytes);
        limits.Http2.MaxRequestHeaderFieldSize = Math.Max(limits.Http2.MaxRequestHeaderFieldSize, HeaderBytes);
        limits.MinResponseDataRate = null;
        limits.Http2.InitialStreamWindowSize = StreamWindowBytes;
        limits.Http2.InitialConnectionWindowSize = ConnectionWindowBytes;
        limits.Http2.MaxStreamsPerConnection = StreamsPerConnection;
        if (limits.Http2.KeepAlivePingDelay == TimeSpan.MaxValue)
            limits.Http2.KeepAlivePingDelay = TimeSpan.FromSeconds(60);

        listen.Protocols = HttpProtocols.Http2;
        if (tls is not null)
            listen.UseHttps(new TlsHandshakeCallbackOptions { OnConnection = connection => new(tls.ToAuthenticationOptions(connection.Connection.RemoteEndPoint)) });
        return listen;
    }
}
