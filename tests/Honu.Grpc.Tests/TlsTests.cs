using System.Security.Cryptography.X509Certificates;
using Grpc.Core;
using Honu.Grpc.Tests.Protos;

namespace Honu.Grpc.Tests;

/// <summary>TLS and mutual TLS with authorities made for the test.</summary>
public sealed class TlsTests : IDisposable
{
    private readonly Certificates _trusted = new("trusted");
    private readonly Certificates _other = new("other");

    [Fact]
    public async Task Tls_TrustedServer_ServesCalls()
    {
        await using var host = await EchoHost.StartAsync(tls: new RpcServerTlsOptions { Certificates = new(_trusted.Server(), null) });
        var client = host.Client(new RpcChannelOptions { Tls = new RpcClientTlsOptions { Certificates = new(null, _trusted.Roots) } });

        var response = await client.UnaryAsync(new EchoMessage { Number = 1 }).Guarded();

        Assert.Equal(1, response.Number);
    }

    [Fact]
    public async Task Tls_ServerOfAnotherAuthority_IsUnavailable()
    {
        await using var host = await EchoHost.StartAsync(tls: new RpcServerTlsOptions { Certificates = new(_other.Server(), null) });
        var client = host.Client(new RpcChannelOptions { Tls = new RpcClientTlsOptions { Certificates = new(null, _trusted.Roots) } });

        Assert.Equal(StatusCode.Unavailable, (await client.UnaryAsync(new EchoMessage()).FailureAsync()).StatusCode);
    }

    [Fact]
    public async Task Tls_ServerWithoutTrustedRoots_IsUnavailable()
    {
        await using var host = await EchoHost.StartAsync(tls: new RpcServerTlsOptions { Certificates = new(_trusted.Server(), null) });

        Assert.Equal(StatusCode.Unavailable, (await host.Client().UnaryAsync(new EchoMessage()).FailureAsync()).StatusCode);
    }

    [Fact]
    public async Task Tls_ServerWithAnotherName_IsUnavailable()
    {
        await using var host = await EchoHost.StartAsync(tls: new RpcServerTlsOptions { Certificates = new(_trusted.Server(), null) });
        var client = host.Client(new RpcChannelOptions { Tls = new RpcClientTlsOptions { Certificates = new(null, _trusted.Roots), TargetHost = "elsewhere.example" } });

        Assert.Equal(StatusCode.Unavailable, (await client.UnaryAsync(new EchoMessage()).FailureAsync()).StatusCode);
    }

    [Fact]
    public async Task Tls_CallbackAccepts_ServesCalls()
    {
        await using var host = await EchoHost.StartAsync(tls: new RpcServerTlsOptions { Certificates = new(_trusted.Server(), null) });
        var client = host.Client(new RpcChannelOptions
        {
            Tls = new RpcClientTlsOptions { ServerCertificateValidation = (_, certificate, _, _) => certificate!.Subject == "CN=localhost" },
        });

        await client.UnaryAsync(new EchoMessage()).Guarded();
    }

    [Fact]
    public async Task MutualTls_TrustedClient_HandlerSeesItsCertificate()
    {
        await using var host = await EchoHost.StartAsync(tls: MutualTls());
        string? subject = null;
        host.Service.OnUnary = (request, context) =>
        {
            subject = context.GetHttpContext().Connection.ClientCertificate?.Subject;
            return Task.FromResult(request);
        };

        await host.Client(WithCertificate(_trusted.Client("replica-7"))).UnaryAsync(new EchoMessage()).Guarded();

        Assert.Equal("CN=replica-7", subject);
    }

    [Fact]
    public async Task MutualTls_ClientWithoutCertificate_IsUnavailable()
    {
        await using var host = await EchoHost.StartAsync(tls: MutualTls());

        var failure = await host.Client(WithCertificate(null)).UnaryAsync(new EchoMessage()).FailureAsync();

        Assert.Equal(StatusCode.Unavailable, failure.StatusCode);
    }

    [Fact]
    public async Task MutualTls_ClientOfAnotherAuthority_IsUnavailable()
    {
        await using var host = await EchoHost.StartAsync(tls: MutualTls());

        var failure = await host.Client(WithCertificate(_other.Client("replica-7"))).UnaryAsync(new EchoMessage()).FailureAsync();

        Assert.Equal(StatusCode.Unavailable, failure.StatusCode);
    }

    [Fact]
    public async Task MutualTls_ValidationSaysNo_IsUnavailable()
    {
        await using var host = await EchoHost.StartAsync(tls: MutualTls() with { ClientCertificateValidation = static (_, certificate, _, _) => certificate?.Subject == "CN=replica-1" });

        var failure = await host.Client(WithCertificate(_trusted.Client("replica-7"))).UnaryAsync(new EchoMessage()).FailureAsync();

        Assert.Equal(StatusCode.Unavailable, failure.StatusCode);
    }

    public void Dispose()
    {
        _trusted.Dispose();
        _other.Dispose();
    }

    private RpcServerTlsOptions MutualTls() => new() { Certificates = new(_trusted.Server(), _trusted.Roots) };

    private RpcChannelOptions WithCertificate(X509Certificate2? certificate) =>
        new() { Tls = new RpcClientTlsOptions { Certificates = new(certificate, _trusted.Roots) } };
}
