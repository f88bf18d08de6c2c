using System.Net.Security;
using System.Security.Cryptography.X509Certificates;

namespace Honu.Grpc.InteropHost;

/// <summary>The certificates of both sides; each side takes its own.</summary>
internal sealed class TlsFiles : IDisposable
{
    private readonly X509Certificate2Collection _roots = [];
    private readonly X509Certificate2 _server;
    private readonly X509Certificate2 _client;

    private TlsFiles(string directory)
    {
        _roots.ImportFromPemFile(Path.Combine(directory, "ca.pem"));
        _server = Certificate(directory, "server");
        _client = Certificate(directory, "client");
    }

    public static TlsFiles Load(string directory) => new(directory);

    public RpcServerTlsOptions ForServer() => new() { Certificate = _server, ClientRoots = _roots };

    public RpcClientTlsOptions ForClient() => new() { TrustedRoots = _roots, ClientCertificate = _client };

    /// <summary>The same as <see cref="ForClient"/>, for connections that the channel does not make.</summary>
    public SslClientAuthenticationOptions ForHandler()
    {
        var policy = new X509ChainPolicy { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck };
        policy.CustomTrustStore.AddRange(_roots);
        return new SslClientAuthenticationOptions { CertificateChainPolicy = policy, ClientCertificates = [_client] };
    }

    public void Dispose()
    {
        _server.Dispose();
        _client.Dispose();
        foreach (var root in _roots)
            root.Dispose();
    }

    private static X509Certificate2 Certificate(string directory, string name) =>
        X509Certificate2.CreateFromPemFile(Path.Combine(directory, $"{name}.pem"), Path.Combine(directory, $"{name}.key"));
}
