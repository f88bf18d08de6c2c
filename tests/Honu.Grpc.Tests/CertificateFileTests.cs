using System.Security.Cryptography.X509Certificates;
using Grpc.Core;
using Honu.Grpc.Tests.Protos;
using Microsoft.Extensions.Logging;

namespace Honu.Grpc.Tests;

/// <summary>Certificates in PEM files: what is refused at the start, and what a change does to new and to existing connections.</summary>
public sealed class CertificateFileTests : IDisposable
{
    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("honu-certificates-");
    private readonly Certificates _old = new("old authority");
    private readonly Certificates _new = new("new authority");
    private readonly ManualClock _clock = new();
    private readonly LogRecorder _log = new();

    public void Dispose()
    {
        _old.Dispose();
        _new.Dispose();
        _directory.Delete(recursive: true);
    }

    [Fact]
    public async Task PemFiles_OfBothSides_MakeMutualTls()
    {
        Write("server", _old.Server());
        Write("client", _old.Client("replica-7"));
        Certificates.WritePem(PathOf("ca.pem"), _old.Roots);
        await using var host = await EchoHost.StartAsync(tls: new RpcServerTlsOptions { Certificates = Files("server", "ca") });
        string? subject = null;
        host.Service.OnUnary = (request, context) =>
        {
            subject = context.GetHttpContext().Connection.ClientCertificate?.Subject;
            return Task.FromResult(request);
        };

        await host.Client(Options(Files("client", "ca"))).UnaryAsync(new EchoMessage()).Guarded();

        Assert.Equal("CN=replica-7", subject);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Server_SendsTheIntermediateCertificatesOfItsFile(bool inFile)
    {
        var intermediate = _old.Intermediate("intermediate");
        var server = intermediate.Server();
        Certificates.WritePem(PathOf("server.pem"), inFile ? [server, intermediate.Roots[0]] : [server]);
        Certificates.WriteKey(PathOf("server.key"), server);
        await using var host = await EchoHost.StartAsync(tls: new RpcServerTlsOptions { Certificates = Files("server", null) });

        var call = host.Client(Options(new RpcCertificates(null, _old.Roots))).UnaryAsync(new EchoMessage());
        await Task.WhenAny(call.ResponseAsync).Guarded();

        Assert.Equal(inFile ? StatusCode.OK : StatusCode.Unavailable, call.GetStatus().StatusCode);
    }

    [Fact]
    public void Files_ThatCannotBeUsed_AreNamed()
    {
        Write("server", _old.Server());
        Write("other", _old.Server());
        File.WriteAllText(PathOf("empty.pem"), "");
        File.WriteAllText(PathOf("damaged.pem"), "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n");

        Bad<InvalidDataException>("other.key", PathOf("server.pem"), PathOf("other.key"), null);
        Bad<InvalidDataException>("empty.pem", PathOf("empty.pem"), PathOf("server.key"), null);
        Bad<InvalidDataException>("empty.pem", PathOf("server.pem"), PathOf("empty.pem"), null);
        Bad<InvalidDataException>("empty.pem", null, null, PathOf("empty.pem"));
        Bad<InvalidDataException>("damaged.pem", null, null, PathOf("damaged.pem"));
        Bad<InvalidDataException>("server.key", null, null, PathOf("server.key"));
        Bad<FileNotFoundException>("absent.pem", PathOf("absent.pem"), PathOf("server.key"), null);
        Bad<FileNotFoundException>("absent.pem", null, null, PathOf("absent.pem"));
        Assert.Throws<ArgumentException>(() => RpcCertificates.FromPemFiles(PathOf("server.pem"), null, null));
        Assert.Throws<ArgumentException>(() => RpcCertificates.FromPemFiles(null, PathOf("server.key"), null));
    }

    [Fact]
    public async Task Reload_OfTheServersCertificate_HoldsForNewConnectionsOnly()
    {
        Write("server", _old.Server());
        await using var host = await EchoHost.StartAsync(tls: new RpcServerTlsOptions { Certificates = Files("server", null) });
        var existing = host.Client(Options(new RpcCertificates(null, _old.Roots)));
        using var stream = existing.Duplex();
        await PingAsync(stream);

        Write("server", _new.Server());
        Assert.Equal(StatusCode.OK, await StatusAsync(host, new RpcCertificates(null, _old.Roots))); // not looked at yet: within a second
        _clock.Advance(TimeSpan.FromSeconds(1));

        Assert.Equal(StatusCode.OK, await StatusAsync(host, new RpcCertificates(null, _new.Roots)));
        Assert.Equal(StatusCode.Unavailable, await StatusAsync(host, new RpcCertificates(null, _old.Roots)));
        await PingAsync(stream);
        await existing.UnaryAsync(new EchoMessage()).Guarded();
        var (id, level, text) = Assert.Single(_log.Events);
        Assert.Equal((4004, LogLevel.Information), (id, level));
        Assert.Contains("server.pem", text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Reload_OfTheClientsCertificate_HoldsForNewConnectionsOfTheSameChannel()
    {
        Write("client", _old.Client("first"));
        Certificates.WritePem(PathOf("ca.pem"), _old.Roots);
        var certificates = Files("client", "ca");
        var tls = new RpcServerTlsOptions { Certificates = new(_old.Server(), _old.Roots) };
        var subjects = new List<string?>();
        var service = new EchoService
        {
            OnUnary = (request, context) =>
            {
                subjects.Add(context.GetHttpContext().Connection.ClientCertificate?.Subject);
                return Task.FromResult(request);
            },
        };
        RpcChannel channel;
        int port;
        await using (var host = await EchoHost.StartAsync(service, tls: tls))
        {
            port = host.Port;
            channel = RpcChannel.ForAddress(host.Address, Options(certificates));
            await new Echo.EchoClient(channel).UnaryAsync(new EchoMessage()).Guarded();

            Write("client", _old.Client("second"));
            _clock.Advance(TimeSpan.FromSeconds(1));
            Assert.Equal(StatusCode.OK, await StatusAsync(host, certificates));
            await new Echo.EchoClient(channel).UnaryAsync(new EchoMessage()).Guarded();
        }

        // The same channel over a connection that it makes anew.
        using (channel)
        {
            await using var host = await EchoHost.StartAsync(service, tls: tls, port: port);
            await new Echo.EchoClient(channel).UnaryAsync(new EchoMessage()).Guarded();
        }

        Assert.Equal(["CN=first", "CN=second", "CN=first", "CN=second"], subjects);
    }

    [Fact]
    public async Task Reload_OfTheClientsRoots_ReachesAChannelThatConnectsAnew()
    {
        Certificates.WritePem(PathOf("ca.pem"), _old.Roots);
        var certificates = Files(null, "ca");
        int port;
        RpcChannel channel;
        await using (var host = await EchoHost.StartAsync(tls: new RpcServerTlsOptions { Certificates = new(_old.Server(), null) }))
        {
            port = host.Port;
            channel = RpcChannel.ForAddress(host.Address, Options(certificates));
            await new Echo.EchoClient(channel).UnaryAsync(new EchoMessage()).Guarded();
        }

        using (channel)
        {
            await using var host = await EchoHost.StartAsync(tls: new RpcServerTlsOptions { Certificates = new(_new.Server(), null) }, port: port);
            Assert.Equal(StatusCode.Unavailable, (await new Echo.EchoClient(channel).UnaryAsync(new EchoMessage()).FailureAsync()).StatusCode);

            Certificates.WritePem(PathOf("ca.pem"), _new.Roots);
            _clock.Advance(TimeSpan.FromSeconds(1));

            await new Echo.EchoClient(channel).UnaryAsync(new EchoMessage()).Guarded();
        }
    }

    [Fact]
    public async Task Reload_OfTheServersRoots_RefusesTheOldAuthority()
    {
        Write("server", _old.Server());
        Certificates.WritePem(PathOf("ca.pem"), _old.Roots);
        await using var host = await EchoHost.StartAsync(tls: new RpcServerTlsOptions { Certificates = Files("server", "ca") });
        var (old, renewed) = (new RpcCertificates(_old.Client("a"), _old.Roots), new RpcCertificates(_new.Client("b"), _old.Roots));
        Assert.Equal(StatusCode.OK, await StatusAsync(host, old));
        Assert.Equal(StatusCode.Unavailable, await StatusAsync(host, renewed));

        Certificates.WritePem(PathOf("ca.pem"), _old.Roots[0], _new.Roots[0]);
        _clock.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(StatusCode.OK, await StatusAsync(host, old));
        Assert.Equal(StatusCode.OK, await StatusAsync(host, renewed));

        Certificates.WritePem(PathOf("ca.pem"), _new.Roots);
        _clock.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(StatusCode.Unavailable, await StatusAsync(host, old));
        Assert.Equal(StatusCode.OK, await StatusAsync(host, renewed));
    }

    [Theory]
    [InlineData("key of another certificate")]
    [InlineData("empty")]
    [InlineData("missing")]
    public async Task Reload_HalfWay_KeepsTheLastGoodPairAndRecovers(string how)
    {
        Write("server", _old.Server());
        await using var host = await EchoHost.StartAsync(tls: new RpcServerTlsOptions { Certificates = Files("server", null) });
        var (old, renewed) = (new RpcCertificates(null, _old.Roots), new RpcCertificates(null, _new.Roots));
        var next = _new.Server();

        // The certificate is there, the key is not yet.
        if (how == "missing")
            File.Delete(PathOf("server.pem"));
        else if (how == "empty")
            File.WriteAllText(PathOf("server.pem"), "");
        else
            Certificates.WritePem(PathOf("server.pem"), next);
        _clock.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(StatusCode.OK, await StatusAsync(host, old));
        Assert.Equal((4005, LogLevel.Warning), (_log.Events.Last().Id, _log.Events.Last().Level));
        Assert.Contains("server.pem", _log.Events.Last().Text, StringComparison.Ordinal);

        Certificates.WritePem(PathOf("server.pem"), next);
        Certificates.WriteKey(PathOf("server.key"), next);
        _clock.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(StatusCode.OK, await StatusAsync(host, renewed));

        Assert.Equal(4004, _log.Events.Last().Id);
        Assert.Equal(StatusCode.Unavailable, await StatusAsync(host, old));
        Assert.Empty(host.Errors);
    }

    [Fact]
    public void Reload_OfFilesThatAreAsTheyWere_SaysNothing()
    {
        Write("server", _old.Server());
        var certificates = Files("server", null);
        var before = certificates.Certificate;

        for (var i = 0; i < 3; i++)
        {
            _clock.Advance(TimeSpan.FromSeconds(1));
            Assert.Same(before, certificates.Certificate);
        }

        Assert.Empty(_log.Events);
    }

    [Fact]
    public async Task ExpiredCertificate_OfEitherSide_IsRefused()
    {
        await using var expired = await EchoHost.StartAsync(tls: new RpcServerTlsOptions { Certificates = new(_old.ExpiredServer(), null) });
        await using var mutual = await EchoHost.StartAsync(tls: new RpcServerTlsOptions { Certificates = new(_old.Server(), _old.Roots) });

        Assert.Equal(StatusCode.Unavailable, await StatusAsync(expired, new RpcCertificates(null, _old.Roots)));
        Assert.Equal(StatusCode.Unavailable, await StatusAsync(mutual, new RpcCertificates(_old.ExpiredClient("late"), _old.Roots)));
        Assert.Equal(StatusCode.OK, await StatusAsync(mutual, new RpcCertificates(_old.Client("in time"), _old.Roots)));
    }

    [Fact]
    public async Task Certificate_OfTheWrongUsage_IsRefused()
    {
        await using var host = await EchoHost.StartAsync(tls: new RpcServerTlsOptions { Certificates = new(_old.Client("localhost"), null) });
        await using var mutual = await EchoHost.StartAsync(tls: new RpcServerTlsOptions { Certificates = new(_old.Node("localhost"), _old.Roots) });

        Assert.Equal(StatusCode.Unavailable, await StatusAsync(host, new RpcCertificates(null, _old.Roots)));
        Assert.Equal(StatusCode.Unavailable, await StatusAsync(mutual, new RpcCertificates(_old.Server("a"), _old.Roots)));
        Assert.Equal(StatusCode.OK, await StatusAsync(mutual, new RpcCertificates(_old.Node("a"), _old.Roots)));
    }

    [Fact]
    public async Task Certificate_OfAnotherName_IsRefusedUnlessTheNameIsAskedFor()
    {
        await using var host = await EchoHost.StartAsync(tls: new RpcServerTlsOptions { Certificates = new(_old.Server("node-1"), null) });
        var certificates = new RpcCertificates(null, _old.Roots);

        var named = host.Client(new RpcChannelOptions { Tls = new RpcClientTlsOptions { Certificates = certificates, TargetHost = "node-1" } });

        Assert.Equal(StatusCode.Unavailable, await StatusAsync(host, certificates));
        await named.UnaryAsync(new EchoMessage()).Guarded();
    }

    private static RpcChannelOptions Options(RpcCertificates certificates) => new() { Tls = new RpcClientTlsOptions { Certificates = certificates } };

    private static async Task PingAsync(AsyncDuplexStreamingCall<EchoMessage, EchoMessage> stream)
    {
        await stream.RequestStream.WriteAsync(new EchoMessage()).Guarded();
        Assert.True(await stream.ResponseStream.MoveNext().Guarded());
    }

    private static void Bad<T>(string named, string? certificate, string? key, string? roots)
        where T : Exception =>
        Assert.Contains(named, Assert.Throws<T>(() => RpcCertificates.FromPemFiles(certificate, key, roots)).Message, StringComparison.Ordinal);

    /// <summary>How a call over a new connection ends.</summary>
    private static async Task<StatusCode> StatusAsync(EchoHost host, RpcCertificates certificates)
    {
        using var call = host.Client(Options(certificates)).UnaryAsync(new EchoMessage());
        await Task.WhenAny(call.ResponseAsync).Guarded();
        return call.GetStatus().StatusCode;
    }

    private RpcCertificates Files(string? name, string? roots) => RpcCertificates.FromPemFiles(
        name is null ? null : PathOf(name + ".pem"), name is null ? null : PathOf(name + ".key"), roots is null ? null : PathOf(roots + ".pem"), _log, _clock);

    private void Write(string name, X509Certificate2 certificate)
    {
        Certificates.WritePem(PathOf(name + ".pem"), certificate);
        Certificates.WriteKey(PathOf(name + ".key"), certificate);
    }

    private string PathOf(string name) => Path.Combine(_directory.FullName, name);
}
