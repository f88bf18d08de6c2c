using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Honu.Grpc.Tests;

/// <summary>A certificate authority that lives as long as a test.</summary>
internal sealed class Certificates : IDisposable
{
    private readonly List<X509Certificate2> _issued = [];
    private readonly X509Certificate2 _root;
    private readonly TimeProvider _clock = TimeProvider.System;

    public Certificates(string name)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest($"CN={name}", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        request.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(request.PublicKey, false));
        _root = request.CreateSelfSigned(_clock.GetUtcNow().AddDays(-1), _clock.GetUtcNow().AddDays(1));
    }

    public X509Certificate2Collection Roots => [_root];

    public X509Certificate2 Server() => Issue("localhost", "1.3.6.1.5.5.7.3.1");

    public X509Certificate2 Client(string name) => Issue(name, "1.3.6.1.5.5.7.3.2");

    public void Dispose()
    {
        _root.Dispose();
        _issued.ForEach(certificate => certificate.Dispose());
    }

    private X509Certificate2 Issue(string name, string usage)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest($"CN={name}", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([new Oid(usage)], false));
        var names = new SubjectAlternativeNameBuilder();
        names.AddDnsName(name);
        names.AddIpAddress(IPAddress.Loopback);
        request.CertificateExtensions.Add(names.Build());
        var serial = RandomNumberGenerator.GetBytes(8);
        using var bare = request.Create(_root, _clock.GetUtcNow().AddHours(-1), _clock.GetUtcNow().AddHours(12), serial);
        var certificate = bare.CopyWithPrivateKey(key);
        _issued.Add(certificate);
        return certificate;
    }
}
