using System.Text.Json;
using Honu.Grpc.Tests;
using Honu.TestKit;

namespace Honu.Cli.Tests;

/// <summary>serve and its clients over TLS and mutual TLS, with real processes and PEM files; health checks.</summary>
public sealed class TlsTests : IDisposable
{
    private readonly TestDirectory _directory = new();
    private readonly Certificates _trusted = new("trusted");
    private readonly Certificates _other = new("other");

    public TlsTests()
    {
        Certificates.WritePem(File("ca.pem"), _trusted.Roots);
        Certificates.WritePem(File("other-ca.pem"), _other.Roots);
        Write("node", _trusted.Node("localhost"));
        Write("client", _trusted.Client("alice"));
        Write("stranger", _other.Client("mallory"));
    }

    private string[] Serve => ["--tls-cert", File("node.pem"), "--tls-key", File("node.key")];

    private string[] ServeMutual => [.. Serve, "--tls-ca", File("ca.pem")];

    private string[] Trust => ["--tls-ca", File("ca.pem")];

    private string[] TrustAsClient => [.. Trust, "--tls-cert", File("client.pem"), "--tls-key", File("client.key")];

    public void Dispose()
    {
        _trusted.Dispose();
        _other.Dispose();
        _directory.Dispose();
    }

    [Fact]
    public async Task PutAndGet_OverTls_Work()
    {
        using var server = await HonuServer.Start(Db("a"), Serve);

        var put = await server.Run(["put", "k", "v", .. Trust]);
        var got = await server.Run(["get", "k", .. Trust]);

        Assert.Equal((0, ""), (put.ExitCode, put.Error));
        Assert.Equal((0, "v\n"), (got.ExitCode, got.Text));
    }

    [Theory]
    [InlineData("plaintext")]
    [InlineData("other authority")]
    public async Task Get_FromATlsServerThatIsNotTrusted_FailsInOneLine(string how)
    {
        using var server = await HonuServer.Start(Db("a"), Serve);

        var result = await server.Run(["get", "k", .. how == "plaintext" ? Array.Empty<string>() : ["--tls-ca", File("other-ca.pem")]]);

        Assert.Equal(how == "plaintext" ? 6 : 7, result.ExitCode);
        Assert.Equal("", result.Text);
        ObjectCommandTests.OneLine(result);
    }

    [Fact]
    public async Task MutualTls_RefusesWhoShowsNoCertificateOfTheAuthority()
    {
        using var server = await HonuServer.Start(Db("a"), ServeMutual);

        var known = await server.Run(["put", "k", "v", .. TrustAsClient]);
        var nobody = await server.Run(["get", "k", .. Trust]);
        var stranger = await server.Run(["get", "k", .. Trust, "--tls-cert", File("stranger.pem"), "--tls-key", File("stranger.key")]);

        Assert.Equal((0, ""), (known.ExitCode, known.Error));
        Assert.Equal((6, ""), (nobody.ExitCode, nobody.Text));
        Assert.Equal((6, ""), (stranger.ExitCode, stranger.Text));
        Assert.Contains("may have refused", nobody.Error, StringComparison.Ordinal);
        Assert.Contains("may have refused", stranger.Error, StringComparison.Ordinal);
        ObjectCommandTests.OneLine(nobody);
        ObjectCommandTests.OneLine(stranger);
    }

    [Fact]
    public async Task Replicas_WithMutualTls_Exchange()
    {
        using var a = await HonuServer.Start(Db("a"), ["--pid", "1", "--interval", "1h", .. Replica(1)]);
        using var b = await HonuServer.Start(Db("b"), ["--pid", "2", "--interval", "1h", .. Replica(2)]);
        await a.Run(["put", "from-a", "1", .. TrustAsClient]);

        var fromServer = await b.Run(["sync", "--with", a.Address, .. TrustAsClient]);
        using var put = JsonDocument.Parse((await HonuProcess.Run("put", "from-c", "3", "--db", Db("c"), "--json")).Text);
        var fromStore = await HonuProcess.Run(["sync", "--db", Db("c"), "--with", a.Address, .. Replica(put.RootElement.GetProperty("pid").GetUInt32())]);
        var asClient = await HonuProcess.Run(["sync", "--db", Db("c"), "--with", a.Address, .. TrustAsClient]);

        Assert.Equal((0, ""), (fromServer.ExitCode, fromServer.Error));
        Assert.Equal((0, ""), (fromStore.ExitCode, fromStore.Error));
        Assert.Equal(7, asClient.ExitCode);
        Assert.Contains("names no replica", asClient.Error, StringComparison.Ordinal);
        Assert.Equal("1\n", (await b.Run(["get", "from-a", .. TrustAsClient])).Text);
        Assert.Equal("3\n", (await a.Run(["get", "from-c", .. TrustAsClient])).Text);
    }

    [Fact]
    public async Task Serve_WithTls_ListensBeyondLoopbackWithoutFurtherPermission()
    {
        using var server = await HonuServer.StartAt("0.0.0.0:0", Db("a"), ServeMutual);
        var port = server.Address[(server.Address.LastIndexOf(':') + 1)..];

        var put = await HonuProcess.Run(["put", "k", "v", "--remote", "127.0.0.1:" + port, .. TrustAsClient]);

        Assert.Equal((0, ""), (put.ExitCode, put.Error));
    }

    [Fact]
    public async Task Serve_WhenItsFilesChange_ShowsTheNewCertificate()
    {
        using var server = await HonuServer.Start(Db("a"), Serve);
        Assert.Equal(0, (await server.Run(["put", "k", "v", .. Trust])).ExitCode);

        Write("node", _other.Node("localhost"));
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        while ((await server.Run(["get", "k", "--tls-ca", File("other-ca.pem")])).ExitCode != 0)
            patience.Token.ThrowIfCancellationRequested();

        Assert.Equal(7, (await server.Run(["get", "k", .. Trust])).ExitCode);
        Assert.Contains("have changed", (await server.Terminate()).Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task BadFiles_ExitWith2AndNameTheFileBeforeAnythingElseHappens()
    {
        await System.IO.File.WriteAllTextAsync(File("empty.pem"), "");
        (string File, string[] Arguments)[] mistakes =
        [
            ("--tls-key", ["serve", "--db", Db("a"), "--listen", "127.0.0.1:0", "--tls-cert", File("node.pem")]),
            ("--tls-cert", ["serve", "--db", Db("a"), "--listen", "127.0.0.1:0", "--tls-ca", File("ca.pem")]),
            ("absent.pem", ["serve", "--db", Db("a"), "--listen", "127.0.0.1:0", "--tls-cert", File("absent.pem"), "--tls-key", File("node.key")]),
            ("client.key", ["serve", "--db", Db("a"), "--listen", "127.0.0.1:0", "--tls-cert", File("node.pem"), "--tls-key", File("client.key")]),
            ("empty.pem", ["serve", "--db", Db("a"), "--listen", "127.0.0.1:0", .. Serve, "--tls-ca", File("empty.pem")]),
            (_directory.Path, ["serve", "--db", Db("a"), "--listen", "127.0.0.1:0", .. Serve, "--tls-ca", _directory.Path]),
            ("TLS", ["get", "k", "--remote", "127.0.0.1:1", "--tls-ca", ""]),
            ("absent.pem", ["get", "k", "--remote", "127.0.0.1:1", "--tls-ca", File("absent.pem")]),
            ("node.key", ["get", "k", "--remote", "127.0.0.1:1", "--tls-ca", File("node.key")]),
            ("--tls-ca", ["get", "k", "--remote", "127.0.0.1:1", "--tls-cert", File("client.pem"), "--tls-key", File("client.key")]),
            ("--tls-key", ["health", "--remote", "127.0.0.1:1", .. Trust, "--tls-cert", File("client.pem")]),
        ];
        foreach (var (named, arguments) in mistakes)
        {
            var result = await HonuProcess.Run(arguments);

            Assert.True(result.ExitCode == 2, $"\"{string.Join(' ', arguments)}\" exits with {result.ExitCode}: {result.Error}");
            Assert.Contains(named, result.Error, StringComparison.Ordinal);
            ObjectCommandTests.OneLine(result);
        }

        Assert.False(Directory.Exists(Db("a")), "a refused command created the store");
    }

    [Fact]
    public async Task Health_OfAServer_TellsByTextJsonAndExitCode()
    {
        using var server = await HonuServer.Start(Db("a"), ServeMutual);

        var whole = await server.Run(["health", .. TrustAsClient]);
        var store = await server.Run(["health", "--service", "honu.store.v1.Store", "--json", .. TrustAsClient]);
        var unknown = await server.Run(["health", "--service", "no.Such", .. TrustAsClient]);
        var nobody = await HonuProcess.Run("health", "--remote", "127.0.0.1:1", "--timeout", "5s");
        var missing = await HonuProcess.Run("health");

        Assert.Equal((0, "serving\n"), (whole.ExitCode, whole.Text));
        using var json = JsonDocument.Parse(store.Text);
        Assert.Equal((0, "honu.store.v1.Store", "serving"), (store.ExitCode, json.RootElement.GetProperty("service").GetString(), json.RootElement.GetProperty("status").GetString()));
        Assert.Equal((1, "unknown\n"), (unknown.ExitCode, unknown.Text));
        Assert.Equal((6, ""), (nobody.ExitCode, nobody.Text));
        Assert.Equal((2, ""), (missing.ExitCode, missing.Text));
    }

    private void Write(string name, System.Security.Cryptography.X509Certificates.X509Certificate2 certificate)
    {
        Certificates.WritePem(File(name + ".pem"), certificate);
        Certificates.WriteKey(File(name + ".key"), certificate);
    }

    private string[] Replica(uint pid)
    {
        Write($"replica-{pid}", _trusted.Node("localhost", $"honu:///{pid}"));
        return ["--tls-cert", File($"replica-{pid}.pem"), "--tls-key", File($"replica-{pid}.key"), .. Trust];
    }

    private string File(string name) => Path.Combine(_directory.Path, name);

    private string Db(string name) => Path.Combine(_directory.Path, name);
}
