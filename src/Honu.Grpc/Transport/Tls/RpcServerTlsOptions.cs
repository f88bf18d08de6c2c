using System.Net.Security;
using System.Security.Cryptography.X509Certificates;

namespace Honu.Grpc;

/// <summary>TLS of a listener.</summary>
public sealed record RpcServerTlsOptions
{
    /// <summary>The certificate that the server shows. With roots: mutual TLS; a client without a certificate of these is refused in the handshake.</summary>
    public required RpcCertificates Certificates { get; init; }

    /// <summary>A further condition on the client's certificate, after its chain was found good.</summary>
    /// <value>Default <see langword="null"/>: none. Runs in the handshake; must be fast and safe to call from any thread.</value>
    public Func<X509Certificate2, bool>? ClientCertificateValidation { get; init; }

    // For one handshake: the files of the certificates may have changed since the last one.
    internal SslServerAuthenticationOptions ToAuthenticationOptions()
    {
        var roots = Certificates.Roots;
        return new SslServerAuthenticationOptions
        {
            ServerCertificateContext = Certificates.Context,
            ClientCertificateRequired = roots is not null,
            // A resumed session would show a certificate that was judged by yesterday's roots.
            AllowTlsResume = roots is null,
            CertificateChainPolicy = roots is null ? null : CertificateTrust.PolicyFor(roots, CertificateTrust.ClientAuthentication),
            RemoteCertificateValidationCallback = roots is null ? null : (_, certificate, chain, _) =>
                certificate is X509Certificate2 client && CertificateTrust.Holds(client, chain, roots, CertificateTrust.ClientAuthentication) &&
                (ClientCertificateValidation?.Invoke(client) ?? true),
        };
    }
}
