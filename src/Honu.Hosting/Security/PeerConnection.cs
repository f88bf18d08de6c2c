using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using Grpc.Core;
using Honu.Grpc;
using Honu.Hosting.Protocol.Replication;
using Honu.Replication;
using Honu.Replication.Messages;

namespace Honu.Hosting.Security;

/// <summary>The channel to one peer, and who its certificate says that it is.</summary>
/// <remarks>
/// A channel may have several connections and makes new ones as it likes, and nobody says over which of them a call goes. So the first
/// handshake settles who the channel leads to, and one that shows another replica is refused: every connection of a channel
/// leads to the same replica. The next session gets a new channel then.
/// </remarks>
internal sealed class PeerConnection : IDisposable
{
    private readonly HonuReplicaOptions _options;
    private readonly RpcChannel _channel;
    private readonly Lock _lock = new();
    private readonly TaskCompletionSource<PeerIdentity?> _identity = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private string? _fault;

    public PeerConnection(string endpoint, HonuReplicaOptions options, int maxMessageBytes)
    {
        _options = options;
        var tls = options.Tls is null ? null : options.Tls with { ServerCertificateValidation = Validate };
        _channel = RpcChannel.ForAddress(
            (tls is null ? "http://" : "https://") + endpoint,
            new RpcChannelOptions
            {
                Tls = tls,
                MaxReceiveMessageBytes = maxMessageBytes,
                ConnectTimeout = TimeSpan.FromSeconds(5),
                KeepAliveInterval = TimeSpan.FromSeconds(10),
                KeepAliveTimeout = TimeSpan.FromSeconds(5),
            });
        Client = new Gossip.GossipClient(_channel);
        if (tls is null)
            _identity.SetResult(null);
    }

    public Gossip.GossipClient Client { get; }

    /// <summary>Whether another replica has come to answer at the endpoint.</summary>
    public bool IsOutdated { get; private set; }

    /// <summary>Whether nothing speaks against telling a replica something over this connection, without asking who answers.</summary>
    /// <param name="cluster">The cluster: one authority may vouch for several, in which pids come again.</param>
    /// <param name="pid">Who is meant.</param>
    /// <param name="isKnown">Whether the connection has shown who answers; always so without certificates.</param>
    public bool MayLeadTo(string cluster, uint? pid, out bool isKnown)
    {
        isKnown = _identity.Task.IsCompletedSuccessfully;
        return isKnown && !IsOutdated && (_identity.Task.Result is not { } shown || (shown.Cluster == cluster && (pid is null || shown.Pid == pid)));
    }

    /// <summary>Who answers the call: known when there is a connection.</summary>
    /// <exception cref="RpcException">There is none.</exception>
    public async Task<PeerIdentity?> IdentifyAsync(AsyncDuplexStreamingCall<SessionMessage, SessionMessage> call)
    {
        if (!_identity.Task.IsCompleted && await Task.WhenAny(_identity.Task, call.ResponseHeadersAsync).ConfigureAwait(false) is var first && first != _identity.Task)
            await first.ConfigureAwait(false);
        return await _identity.Task.ConfigureAwait(false);
    }

    /// <summary>What a call that failed before anything was received says of its handshake; <see langword="null"/> when that was not the cause.</summary>
    /// <remarks>A server that refuses a certificate tells nobody: it closes the connection, after the client took it for established.</remarks>
    public string? DescribeHandshake(Exception failure)
    {
        if (_options.Tls is null || (failure as RpcException)?.Status.DebugException is not { } cause)
            return null;
        for (var inner = cause; inner is not null; inner = inner.InnerException)
        {
            if (inner is AuthenticationException)
                return $"TLS: {_fault ?? Innermost(inner)}";
        }

        return (cause as HttpRequestException)?.HttpRequestError is HttpRequestError.Unknown or HttpRequestError.SecureConnectionError or HttpRequestError.InvalidResponse or HttpRequestError.ResponseEnded
            ? $"TLS: the peer ended the connection, it may have refused the certificate of this side, {Own()}: {Innermost(cause)}"
            : null;
    }

    public void Dispose() => _channel.Dispose();

    private static string Innermost(Exception exception)
    {
        while (exception.InnerException is { } inner and not ObjectDisposedException)
            exception = inner;
        return exception.Message.ReplaceLineEndings(" ").TrimEnd('.');
    }

    private string Own() => _options.Tls?.Certificates?.Certificate is { } own ? PeerCertificate.Describe(own) : "which showed none";

    private bool Validate(object sender, X509Certificate? certificate, X509Chain? chain, SslPolicyErrors errors)
    {
        var fault = FindFault(sender, certificate, chain, errors);
        _fault = fault is null ? null : $"the peer is not trusted, {fault}";
        return fault is null;
    }

    private string? FindFault(object sender, X509Certificate? certificate, X509Chain? chain, SslPolicyErrors errors)
    {
        var roots = _options.Tls!.Certificates?.Roots;
        if (_options.Tls.ServerCertificateValidation is { } own)
        {
            if (!own(sender, certificate, chain, errors))
                return "the application does not accept its certificate";
        }
        else if (roots is not null)
        {
            if (CertificateFaults.Find(certificate, chain, errors, roots, CertificateFaults.ServerUsage) is { } fault)
                return fault;
        }
        else if (errors != SslPolicyErrors.None)
        {
            return $"the machine's authorities do not vouch for it ({errors})";
        }

        if (certificate is not X509Certificate2 shown)
            return "no certificate was shown";
        var names = PeerCertificate.Of(shown);
        if (names.Fault is { } wrong)
            return $"{wrong}: {PeerCertificate.Describe(shown)}";

        // Public authorities do not make such names; who trusts them cannot tell replicas apart by certificates.
        if (names.Replica is null && roots is not null)
            return $"its certificate names no replica (honu://CLUSTER/PID): {PeerCertificate.Describe(shown)}";
        return Settle(names.Replica);
    }

    private string? Settle(PeerIdentity? identity)
    {
        lock (_lock)
        {
            if (_identity.TrySetResult(identity) || _identity.Task.Result == identity)
                return null;
            IsOutdated = true;
            return $"replica {identity?.Pid} answers where replica {_identity.Task.Result?.Pid} did before; the next session goes to it";
        }
    }
}
