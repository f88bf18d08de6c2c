using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Honu.Grpc.Tests;

/// <summary>A certificate authority that lives as long as a test.</summary>
internal sealed class Certificates : IDisposable
{
    public const string ServerUsage = "1.3.6.1.5.5.7.3.1";
    public const string ClientUsage = "1.3.6.1.5.5.7.3.2";

    private readonly List<IDisposable> _issued = [];
    private readonly X509Certificate2 _root;
    private readonly TimeProvider _clock = TimeProvider.System;

    public Certificates(string name)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        _root = AuthorityRequest(name, key).CreateSelfSigned(_clock.GetUtcNow().AddDays(-10), _clock.GetUtcNow().AddDays(1));
    }

    private Certificates(X509Certificate2 root) => _root = root;

    public X509Certificate2Collection Roots => [_root];

    public X509Certificate2 Server(string name = "localhost") => Issue(name, 12, ServerUsage);

    public X509Certificate2 Client(string name) => Issue(name, 12, ClientUsage);

    /// <summary>A certificate that is good for both sides, as a replica shows it.</summary>
    public X509Certificate2 Node(string name) => Issue(name, 12, ServerUsage, ClientUsage);

    /// <summary>A certificate with a further alternative name, as replicas of a store need it.</summary>
    public X509Certificate2 Node(string name, string uri, int validHours = 12) => Issue(name, validHours, [ServerUsage, ClientUsage], uri);

    public X509Certificate2 ExpiredServer() => Issue("localhost", -1, ServerUsage);

    public X509Certificate2 ExpiredClient(string name) => Issue(name, -1, ClientUsage);

    /// <summary>An authority below this one; <see cref="Roots"/> of the result is its own certificate.</summary>
    public Certificates Intermediate(string name)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var bare = AuthorityRequest(name, key).Create(_root, _clock.GetUtcNow().AddDays(-9), _clock.GetUtcNow().AddHours(20), RandomNumberGenerator.GetBytes(8));
        var authority = new Certificates(bare.CopyWithPrivateKey(key));
        _issued.Add(authority);
        return authority;
    }

    /// <summary>Writes certificates as PEM, one after the other.</summary>
    public static void WritePem(string path, params IEnumerable<X509Certificate2> certificates) =>
        File.WriteAllText(path, string.Concat(certificates.Select(static certificate => certificate.ExportCertificatePem() + "\n")));

    /// <summary>Writes the private key of a certificate as PEM.</summary>
    public static void WriteKey(string path, X509Certificate2 certificate)
    {
        using var key = certificate.GetECDsaPrivateKey()!;
        File.WriteAllText(path, key.ExportPkcs8PrivateKeyPem() + "\n");
    }

    public void Dispose()
    {
        _root.Dispose();
        _issued.ForEach(certificate => certificate.Dispose());
    }

    private static CertificateRequest AuthorityRequest(string name, ECDsa key)
    {
        var request = new CertificateRequest($"CN={name}", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        request.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(request.PublicKey, false));
        return request;
    }

    private X509Certificate2 Issue(string name, int validHours, params string[] usages) => Issue(name, validHours, usages, uri: null);

    private X509Certificate2 Issue(string name, int validHours, string[] usages, string? uri)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest($"CN={name}", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([.. usages.Select(static usage => new Oid(usage))], false));
        var names = new SubjectAlternativeNameBuilder();
        names.AddDnsName(name);
        names.AddIpAddress(IPAddress.Loopback);
        if (uri is not null)
            names.AddUri(new Uri(uri));
        request.CertificateExtensions.Add(names.Build());
        var serial = RandomNumberGenerator.GetBytes(8);
        using var bare = request.Create(_root, _clock.GetUtcNow().AddDays(-8), _clock.GetUtcNow().AddHours(validHours), serial);
        var certificate = bare.CopyWithPrivateKey(key);
        _issued.Add(certificate);
        return certificate;
    }
}
