using System.Net.Security;
using System.Security.Cryptography.X509Certificates;

namespace Honu.Grpc;

/// <summary>TLS of a client.</summary>
public sealed record RpcClientTlsOptions
{
    /// <summary>The only certificate authorities whose servers are trusted. Revocation is not asked for: private authorities rarely publish it.</summary>
    /// <value>Default <see langword="null"/>: those of the machine.</value>
    public X509Certificate2Collection? TrustedRoots { get; init; }

    /// <summary>The certificate, with its private key, that the client shows. Not disposed by the channel.</summary>
    /// <value>Default <see langword="null"/>: none.</value>
    public X509Certificate2? ClientCertificate { get; init; }

    /// <summary>The name that the server's certificate must have; calls name it as their <c>:authority</c>, too.</summary>
    /// <value>Default <see langword="null"/>: the host of the address.</value>
    public string? TargetHost { get; init; }

    /// <summary>Decides about the server's certificate in place of the default, which demands no policy errors.</summary>
    /// <value>Default <see langword="null"/>. A callback that ignores its <see cref="SslPolicyErrors"/> trusts everyone.</value>
    public RemoteCertificateValidationCallback? ServerCertificateValidation { get; init; }

    /// <summary>Changes the framework's own options, after all of the above.</summary>
    /// <value>Default <see langword="null"/>.</value>
    public Action<SslClientAuthenticationOptions>? Configure { get; init; }

    internal SslClientAuthenticationOptions ToAuthenticationOptions()
    {
        var options = new SslClientAuthenticationOptions
        {
            RemoteCertificateValidationCallback = ServerCertificateValidation,
            CertificateChainPolicy = TrustedRoots is null ? null : CertificateTrust.PolicyFor(TrustedRoots, CertificateTrust.ServerAuthentication),
        };
        if (ClientCertificate is not null)
            options.ClientCertificateContext = SslStreamCertificateContext.Create(ClientCertificate, additionalCertificates: null, offline: true);
        Configure?.Invoke(options);
        return options;
    }
}
