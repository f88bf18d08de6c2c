using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Grpc.Core;
using Honu.Grpc.Tests.Protos;

namespace Honu.Grpc.Tests;

/// <summary>What a handler learns of its client from the certificate.</summary>
public sealed class PeerAuthenticationTests : IDisposable
{
    private readonly Certificates _trusted = new("trusted");

    [Fact]
    public async Task AuthContext_WithMutualTls_NamesTheClient()
    {
        var tls = new RpcServerTlsOptions { Certificates = new(_trusted.Server(), _trusted.Roots) };
        await using var host = await EchoHost.StartAsync(tls: tls);
        var seen = Capture(host.Service);
        var certificate = _trusted.Client("replica-7");

        await host.Client(new RpcChannelOptions { Tls = new RpcClientTlsOptions { Certificates = new(certificate, _trusted.Roots) } })
            .UnaryAsync(new EchoMessage()).Guarded();

        var context = seen()!;
        Assert.True(context.IsPeerAuthenticated);
        Assert.Equal("x509_subject_alternative_name", context.PeerIdentityPropertyName);
        Assert.Equal(["replica-7"], context.PeerIdentity.Select(property => property.Value));
        Assert.Equal("replica-7", Assert.Single(context.FindPropertiesByName("x509_common_name")).Value);
        using var shown = X509Certificate2.CreateFromPem(Assert.Single(context.FindPropertiesByName("x509_pem_cert")).Value);
        Assert.Equal(certificate.Thumbprint, shown.Thumbprint);
        Assert.Equal(3, context.Properties.Count());
    }

    [Fact]
    public async Task AuthContext_WithoutACertificate_IsNotAuthenticated()
    {
        await using var host = await EchoHost.StartAsync();
        var seen = Capture(host.Service);

        await host.Client().UnaryAsync(new EchoMessage()).Guarded();

        var context = seen()!;
        Assert.False(context.IsPeerAuthenticated);
        Assert.Null(context.PeerIdentityPropertyName);
        Assert.Empty(context.PeerIdentity);
        Assert.Empty(context.Properties);
        Assert.Empty(context.FindPropertiesByName("x509_common_name"));
    }

    [Theory]
    [InlineData("CN=a", new[] { "b.example", "c.example" }, "x509_subject_alternative_name", "b.example c.example")]
    [InlineData("O=someone, CN=a, C=SE", new string[0], "x509_common_name", "a")]
    [InlineData("O=someone", new string[0], null, "")]
    public void Identity_OfACertificate_IsItsDnsNamesElseItsCommonName(string subject, string[] dnsNames, string? property, string identity)
    {
        using var certificate = SelfSigned(subject, dnsNames);

        var context = PeerAuthentication.FromCertificate(certificate);

        Assert.Equal(property, context.PeerIdentityPropertyName);
        Assert.Equal(property is not null, context.IsPeerAuthenticated);
        Assert.Equal(identity, string.Join(' ', context.PeerIdentity.Select(name => name.Value)));
        Assert.Single(context.FindPropertiesByName("x509_pem_cert"));
    }

    [Fact]
    public void Property_OfBytes_IsACopyOfThem()
    {
        byte[] bytes = [.. "value"u8];
        var property = AuthProperty.Create("name", bytes);

        bytes[0] = 0;
        property.ValueBytes[1] = 0;

        Assert.Equal(("name", "value"), (property.Name, property.Value));
    }

    public void Dispose() => _trusted.Dispose();

    private static Func<AuthContext?> Capture(EchoService service)
    {
        AuthContext? seen = null;
        service.OnUnary = (request, context) =>
        {
            seen = context.AuthContext;
            return Task.FromResult(request);
        };
        return () => seen;
    }

    private static X509Certificate2 SelfSigned(string subject, string[] dnsNames)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest(subject, key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddEmailAddress("nobody@example.org");
        Array.ForEach(dnsNames, names.AddDnsName);
        request.CertificateExtensions.Add(names.Build());
        var now = TimeProvider.System.GetUtcNow();
        return request.CreateSelfSigned(now.AddHours(-1), now.AddHours(1));
    }
}
