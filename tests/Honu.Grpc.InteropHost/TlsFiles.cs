using System.Net.Security;
using System.Security.Cryptography.X509Certificates;

namespace Honu.Grpc.InteropHost;

/// <summary>The PEM files of both sides in one directory; each side takes its own and trusts the same authority.</summary>
internal sealed class TlsFiles(string directory)
{
    public RpcServerTlsOptions ForServer() => new() { Certificates = Read("server") };

    public RpcClientTlsOptions ForClient() => new() { Certificates = Read("client") };

    /// <summary>The same as <see cref="ForClient"/>, for connections that the channel does not make.</summary>
    public SslClientAuthenticationOptions ForHandler()
    {
        var certificates = Read("client");
        var policy = new X509ChainPolicy { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck };
        policy.CustomTrustStore.AddRange(certificates.Roots!);
        return new SslClientAuthenticationOptions { CertificateChainPolicy = policy, ClientCertificates = [certificates.Certificate!] };
    }

    private RpcCertificates Read(string side) => RpcCertificates.FromPemFiles(
        Path.Combine(directory, $"{side}.pem"), Path.Combine(directory, $"{side}.key"), Path.Combine(directory, "ca.pem"));
}
