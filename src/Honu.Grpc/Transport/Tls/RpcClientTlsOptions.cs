using System.Net.Security;
using System.Security.Cryptography.X509Certificates;

namespace Honu.Grpc;

/// <summary>TLS of a client.</summary>
public sealed record RpcClientTlsOptions
{
    /// <summary>The certificate that the client shows, and the only authorities whose servers it trusts. Asked at each new connection.</summary>
    /// <value>Default <see langword="null"/>: no certificate, and the authorities of the machine.</value>
    public RpcCertificates? Certificates { get; init; }

    /// <summary>The name that the server's certificate must have; calls name it as their <c>:authority</c>, too.</summary>
    /// <value>Default <see langword="null"/>: the host of the address.</value>
    public string? TargetHost { get; init; }

    /// <summary>Decides about the server's certificate in place of the default, which demands a trusted authority and the right name.</summary>
    /// <value>Default <see langword="null"/>. A callback that ignores its <see cref="SslPolicyErrors"/> trusts everyone.</value>
    public RemoteCertificateValidationCallback? ServerCertificateValidation { get; init; }

    internal SslClientAuthenticationOptions ToAuthenticationOptions() => new()
    {
        // The handler keeps these options for good, so what may change between two connections comes from callbacks.
        LocalCertificateSelectionCallback = Certificates is null ? null : (_, _, _, _, _) => Certificates.Certificate!,
        RemoteCertificateValidationCallback = ServerCertificateValidation ?? (Certificates is null ? null : Validate),
        CertificateChainPolicy = Certificates?.Roots is { } roots ? CertificateTrust.PolicyFor(roots, CertificateTrust.ServerAuthentication) : null,
    };

    private bool Validate(object sender, X509Certificate? certificate, X509Chain? chain, SslPolicyErrors errors) =>
        Certificates?.Roots is { } roots && certificate is X509Certificate2 server
            ? (errors & ~SslPolicyErrors.RemoteCertificateChainErrors) == SslPolicyErrors.None &&
              CertificateTrust.Holds(server, chain, roots, CertificateTrust.ServerAuthentication)
            : errors == SslPolicyErrors.None;
}
