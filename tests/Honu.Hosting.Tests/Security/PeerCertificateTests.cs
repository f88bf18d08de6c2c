using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Honu.Hosting.Security;
using Honu.Replication;

namespace Honu.Hosting.Tests.Security;

/// <summary>Who a certificate names: made and read back, and what must not pass for a name.</summary>
public sealed class PeerCertificateTests
{
    [Theory]
    [InlineData("", 1u)]
    [InlineData("prod", 4294967295u)]
    [InlineData("Größe & mehr/100% #1?", 7u)]
    public void Replica_MadeAndRead_IsTheSame(string cluster, uint pid)
    {
        using var authority = CertificateMaker.Authority("a", TimeSpan.FromDays(2), TimeProvider.System);
        using var certificate = CertificateMaker.Replica(authority, cluster, pid, ["node1", "::1"], TimeSpan.FromDays(1), TimeProvider.System);

        var read = PeerCertificate.Of(certificate);

        Assert.Null(read.Fault);
        Assert.Equal(new PeerIdentity(cluster, pid), read.Replica);
        Assert.Equal($"replica:{pid}", read.Subject);
        Assert.True(certificate.MatchesHostname("node1"));
        Assert.True(certificate.MatchesHostname("::1"));
        Assert.False(certificate.MatchesHostname("node2"));
    }

    [Fact]
    public void Client_MadeAndRead_IsTheSame()
    {
        using var authority = CertificateMaker.Authority("a", TimeSpan.FromDays(2), TimeProvider.System);
        using var certificate = CertificateMaker.Client(authority, "prod", "alice/7", TimeSpan.FromDays(9), TimeProvider.System);

        var read = PeerCertificate.Of(certificate);

        Assert.Equal((null, null, "prod", "client:alice/7"), (read.Fault, read.Replica, read.Cluster, read.Subject));
        Assert.True(certificate.NotAfter <= authority.NotAfter, "it outlives its authority");
    }

    [Theory]
    [InlineData("honu://c/1", "replica:1")]
    [InlineData("honu://c/client/bob", "client:bob")]
    [InlineData("https://example.org/1", "client:common")]
    [InlineData("honu://c/0", null)]
    [InlineData("honu://c/01", null)]
    [InlineData("honu://c/+1", null)]
    [InlineData("honu://c/4294967296", null)]
    [InlineData("honu://c/1/", null)]
    [InlineData("honu://c/client/", null)]
    [InlineData("honu://c/client/a/b", null)]
    [InlineData("honu://c/", null)]
    [InlineData("honu://c", null)]
    [InlineData("honu://", null)]
    [InlineData("HONU://c/1", null)]
    [InlineData("honu://%63/1", null)]
    public void Name_IsReadOnlyInItsOneSpelling(string uri, string? subject)
    {
        using var certificate = SelfSigned(uri);

        var read = PeerCertificate.Of(certificate);

        Assert.Equal(subject, read.Subject);
        Assert.Equal(subject is null, read.Fault is not null);
    }

    [Fact]
    public void Names_MoreThanOne_AreNobodys()
    {
        using var certificate = SelfSigned("honu://c/1", "honu://c/2");

        Assert.Contains("2 names", PeerCertificate.Of(certificate).Fault, StringComparison.Ordinal);
        Assert.Null(PeerCertificate.Of(certificate).Replica);
    }

    private static X509Certificate2 SelfSigned(params string[] uris)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=common", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(CertificateMaker.Names(uris, ["localhost"]));
        var now = TimeProvider.System.GetUtcNow();
        return request.CreateSelfSigned(now.AddHours(-1), now.AddHours(1));
    }
}
