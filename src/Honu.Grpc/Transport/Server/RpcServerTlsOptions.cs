using System.Security.Cryptography.X509Certificates;
using Microsoft.AspNetCore.Server.Kestrel.Https;

namespace Honu.Grpc;

/// <summary>TLS of a listener.</summary>
public sealed record RpcServerTlsOptions
{
    /// <summary>The certificate, with its private key, that the server shows. Not disposed by the listener.</summary>
    public required X509Certificate2 Certificate { get; init; }

    /// <summary>The certificate authorities whose clients are let in. Revocation is not asked for: private authorities rarely publish it.</summary>
    /// <value>Default <see langword="null"/>: clients need no certificate. Otherwise mutual TLS: a client without a certificate of these is refused in the handshake.</value>
    public X509Certificate2Collection? ClientRoots { get; init; }

    /// <summary>A further condition on the client's certificate, after its chain was found good.</summary>
    /// <value>Default <see langword="null"/>: none. Runs in the handshake; must be fast and safe to call from any thread.</value>
    public Func<X509Certificate2, bool>? ClientCertificateValidation { get; init; }

    internal void ApplyTo(HttpsConnectionAdapterOptions https)
    {
        https.ServerCertificate = Certificate;
        if (ClientRoots is not { } roots)
            return;

        https.ClientCertificateMode = ClientCertificateMode.RequireCertificate;
        https.ClientCertificateValidation = (certificate, presented, _) =>
        {
            using var chain = new X509Chain { ChainPolicy = CertificateTrust.PolicyFor(roots, CertificateTrust.ClientAuthentication) };
            if (presented is not null)
                chain.ChainPolicy.ExtraStore.AddRange(presented.ChainPolicy.ExtraStore);
            return chain.Build(certificate) && (ClientCertificateValidation?.Invoke(certificate) ?? true);
        };
    }
}
