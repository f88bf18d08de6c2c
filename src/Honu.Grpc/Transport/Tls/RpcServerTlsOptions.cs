using System.Net;
using System.Net.Security;
using System.Security.Cryptography.X509Certificates;

namespace Honu.Grpc;

/// <summary>TLS of a listener.</summary>
public sealed record RpcServerTlsOptions
{
    /// <summary>The certificate that the server shows. With roots: mutual TLS; a client without a certificate of these is refused in the handshake.</summary>
    public required RpcCertificates Certificates { get; init; }

    /// <summary>Decides about the client's certificate in place of the default, which demands one of an authority among the roots. Only asked with roots.</summary>
    /// <value>Default <see langword="null"/>. Runs in the handshake, with the client's <see cref="EndPoint"/> as sender; must be fast and safe to call from
    /// any thread. A callback that ignores its <see cref="SslPolicyErrors"/> trusts everyone.</value>
    public RemoteCertificateValidationCallback? ClientCertificateValidation { get; init; }

    // For one handshake: the files of the certificates may have changed since the last one.
    internal SslServerAuthenticationOptions ToAuthenticationOptions(EndPoint? remote)
    {
        var roots = Certificates.Roots;
        return new SslServerAuthenticationOptions
        {
            ServerCertificateContext = Certificates.Context,
            ClientCertificateRequired = roots is not null,
            // A resumed session would show a certificate that was judged by yesterday's roots.
            AllowTlsResume = roots is null,
            CertificateChainPolicy = roots is null ? null : CertificateTrust.PolicyFor(roots, CertificateTrust.ClientAuthentication),
            RemoteCertificateValidationCallback = roots is null ? null : (sender, certificate, chain, errors) =>
                ClientCertificateValidation?.Invoke(remote ?? sender, certificate, chain, errors) ??
                (certificate is X509Certificate2 client && CertificateTrust.Holds(client, chain, roots, CertificateTrust.ClientAuthentication)),
        };
    }
}
