using System.Security.Cryptography;
using System.Text.Json;
using Honu.TestKit;

namespace Honu.Cli.Tests;

/// <summary>certs, mutual TLS between served replicas, grants and tokens: real processes, as an operator runs them, with what each says of a refusal.</summary>
public sealed class SecurityTests : IDisposable
{
    private readonly TestDirectory _directory = new();

    private string Certs => Path.Combine(_directory.Path, "certs");

    public void Dispose() => _directory.Dispose();

    [Fact]
    public async Task Certs_ThreeCommands_MakeAClusterWithMutualTls()
    {
        await Ok("certs", "ca", "--dir", Certs);
        await Ok("certs", "replica", "--dir", Certs, "--pid", "1", "--cluster", "prod");
        await Ok("certs", "replica", "--dir", Certs, "--pid", "2", "--cluster", "prod");
        await Ok("certs", "client", "--dir", Certs, "--name", "alice", "--cluster", "prod");

        using var a = await HonuServer.StartAt("0.0.0.0:0", Db("a"), ["--pid", "1", "--cluster", "prod", .. Tls("replica-1")]);
        using var b = await HonuServer.Start(Db("b"), ["--pid", "2", "--cluster", "prod", "--interval", "1h", .. Tls("replica-2")]);
        var addressOfA = "127.0.0.1" + a.Address[a.Address.LastIndexOf(':')..];
        var put = await HonuProcess.Run(["put", "k", "v", "--remote", addressOfA, .. Tls("client-alice")]);
        var sync = await b.Run(["sync", "--with", addressOfA, .. Tls("client-alice")]);
        var get = await b.Run(["get", "k", .. Tls("client-alice")]);

        Assert.Equal((0, ""), (put.ExitCode, put.Error));
        Assert.Equal((0, ""), (sync.ExitCode, sync.Error));
        Assert.Equal("v\n", get.Text);
        Assert.Equal("", (await b.Terminate()).Error);
        Assert.Equal("", (await a.Terminate()).Error);
    }

    [Fact]
    public async Task Certs_KeepKeysPrivateAndOverwriteNothing()
    {
        await Ok("certs", "ca", "--dir", Certs, "--valid", "30d");
        var made = await HonuProcess.Run("certs", "client", "--dir", Certs, "--name", "bob", "--valid", "60d", "--json");
        var again = await HonuProcess.Run("certs", "client", "--dir", Certs, "--name", "bob");
        var authorityAgain = await HonuProcess.Run("certs", "ca", "--dir", Certs);

        using var json = JsonDocument.Parse(made.Text);
        Assert.Equal("honu:///client/bob", json.RootElement.GetProperty("subject").GetString());
        Assert.True(json.RootElement.GetProperty("validUntil").GetDateTimeOffset() < TimeProvider.System.GetUtcNow().AddDays(31), "it outlives its authority");
        Assert.Equal((2, 2), (again.ExitCode, authorityAgain.ExitCode));
        Assert.Contains("exists already", again.Error, StringComparison.Ordinal);
        foreach (var key in new[] { "ca.key", "client-bob.key" })
        {
            if (!OperatingSystem.IsWindows())
                Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(Path.Combine(Certs, key)));
        }
    }

    [Fact]
    public async Task Certs_WrongArguments_AreUsageErrorsThatMakeNothing()
    {
        string[][] mistakes =
        [
            ["certs", "replica", "--dir", Certs, "--pid", "1"],
            ["certs", "ca", "--dir", ""],
            ["certs", "ca", "--dir", Certs, "--name", ""],
            ["certs", "ca", "--dir", Certs, "--valid", "0s"],
            ["certs", "replica", "--dir", Certs],
            ["certs", "replica", "--dir", Certs, "--pid", "0"],
            ["certs", "replica", "--dir", Certs, "--pid", "1", "--host", "a:1"],
            ["certs", "client", "--dir", Certs, "--name", "../x"],
        ];
        foreach (var arguments in mistakes)
        {
            var result = await HonuProcess.Run(arguments);

            Assert.True(result.ExitCode == 2, $"\"{string.Join(' ', arguments)}\" exits with {result.ExitCode}: {result.Error}");
            ObjectCommandTests.OneLine(result);
        }

        Assert.False(Directory.Exists(Certs));
    }

    [Theory]
    [InlineData("other authority", "not trusted")]
    [InlineData("other replica", "calls itself 3 shows the certificate of replica 4")]
    [InlineData("other cluster", "cluster \"other\"")]
    [InlineData("client", "names no replica")]
    public async Task Sync_OfAServerThatIsNotWhoItMustBe_IsRefusedAndBothServersSayWhy(string what, string why)
    {
        await Ok("certs", "ca", "--dir", Certs);
        await Ok("certs", "replica", "--dir", Certs, "--pid", "1");
        await Ok("certs", "client", "--dir", Certs, "--name", "alice");
        await Ok("certs", "ca", "--dir", Certs + "-other");
        var (directory, name, arguments) = what switch
        {
            "other authority" => (Certs + "-other", "replica-3", new[] { "replica", "--pid", "3" }),
            "other replica" => (Certs, "replica-4", ["replica", "--pid", "4"]),
            "other cluster" => (Certs, "replica-3", ["replica", "--pid", "3", "--cluster", "other"]),
            _ => (Certs, "client-eve", ["client", "--name", "eve"]),
        };
        await Ok(["certs", .. arguments, "--dir", directory]);
        string[] shown = ["--tls-cert", Path.Combine(directory, name + ".pem"), "--tls-key", Path.Combine(directory, name + ".key"), "--tls-ca", Path.Combine(Certs, "ca.pem")];
        string[] cluster = what == "other cluster" ? ["--cluster", "other"] : [];

        using var good = await HonuServer.Start(Db("a"), ["--pid", "1", .. Tls("replica-1")]);
        using var bad = await HonuServer.Start(Db("b"), ["--pid", "3", "--interval", "50ms", "--peer", good.Address, .. cluster, .. shown]);

        // The bad one calls the good one all the time, and is called once.
        var sync = await good.Run(["sync", "--with", bad.Address, .. Tls("client-alice")]);

        Assert.NotEqual(0, sync.ExitCode);
        var (ofBad, ofGood) = ((await bad.Terminate()).Error, (await good.Terminate()).Error);
        Assert.Contains(why, ofGood, StringComparison.Ordinal);
        Assert.Contains(what == "other authority" ? "may have refused" : why, ofBad, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Serve_BeyondLoopback_NeedsMoreThanTlsAlone()
    {
        await Ok("certs", "ca", "--dir", Certs);
        await Ok("certs", "replica", "--dir", Certs, "--pid", "1");

        var plain = await HonuProcess.Run("serve", "--db", Db("a"), "--listen", "0.0.0.0:0");
        var oneWay = await HonuProcess.Run(["serve", "--db", Db("a"), "--listen", "0.0.0.0:0", .. Tls("replica-1")[..4]]);
        var peer = await HonuProcess.Run("serve", "--db", Db("a"), "--listen", "127.0.0.1:0", "--peer", "node2:7000");

        Assert.Equal((2, 2, 2), (plain.ExitCode, oneWay.ExitCode, peer.ExitCode));
        Assert.Contains("--allow-insecure", plain.Error, StringComparison.Ordinal);
        Assert.Contains("--tls-ca", oneWay.Error, StringComparison.Ordinal);
        Assert.Contains("--allow-insecure", peer.Error, StringComparison.Ordinal);
        Assert.False(Directory.Exists(Db("a")), "a refused command created the store");
    }

    [Fact]
    public async Task Tokens_OpenWhatTheGrantsGive_AndNothingElse()
    {
        var grants = Path.Combine(_directory.Path, "grants.json");
        await File.WriteAllTextAsync(grants, $$"""
            {
              "tokens": { "app": "{{Convert.ToHexStringLower(SHA256.HashData("opensesame"u8))}}" },
              "grants": [ { "namespaces": ["orders"], "read": ["token:app"], "write": ["token:app"] } ]
            }
            """);
        await File.WriteAllTextAsync(Path.Combine(_directory.Path, "token"), "opensesame\n");
        await File.WriteAllTextAsync(Path.Combine(_directory.Path, "wrong"), "opensesamf\n");
        using var server = await HonuServer.Start(Db("a"), "--grants", grants);
        string[] token = ["--auth-token-file", Path.Combine(_directory.Path, "token")];

        var put = await server.Run(["put", "k", "v", "--namespace", "orders", .. token]);
        var get = await server.Run(["get", "k", "--namespace", "orders", .. token]);
        var elsewhere = await server.Run(["put", "k", "v", .. token]);
        var status = await server.Run(["status", .. token]);
        var nobody = await server.Run("get", "k", "--namespace", "orders");
        var wrong = await server.Run("get", "k", "--namespace", "orders", "--auth-token-file", Path.Combine(_directory.Path, "wrong"));
        var health = await server.Run("health");
        var byVariable = await HonuProcess.RunShell($"HONU_AUTH_TOKEN=opensesame \"$HONU\" get k --namespace orders --remote {server.Address}");
        var missing = await server.Run("get", "k", "--auth-token-file", Path.Combine(_directory.Path, "absent"));
        var empty = await server.Run("get", "k", "--auth-token-file", grants);

        Assert.Equal((0, "v\n", 0, "v\n"), (put.ExitCode, get.Text, byVariable.ExitCode, byVariable.Text));
        Assert.Equal((7, 7, 7, 7, 0), (elsewhere.ExitCode, status.ExitCode, nobody.ExitCode, wrong.ExitCode, health.ExitCode));
        Assert.Contains("token:app may not write namespace \"default\"", elsewhere.Error, StringComparison.Ordinal);
        Assert.Contains("--auth-token-file", nobody.Error, StringComparison.Ordinal);
        Assert.Contains("The token is not known", wrong.Error, StringComparison.Ordinal);
        Assert.Equal((2, 2), (missing.ExitCode, empty.ExitCode));
        foreach (var refused in new[] { elsewhere, status, nobody, wrong, missing, empty })
        {
            ObjectCommandTests.OneLine(refused);
            Assert.DoesNotContain("opensesam", refused.Error, StringComparison.Ordinal);
        }

        Assert.DoesNotContain("opensesam", (await server.Terminate()).Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("{}x", "no JSON")]
    [InlineData("""{"grants":[{"namespaces":["a"],"write":["bob"]}]}""", "bob")]
    public async Task Serve_WithAWrongFileOfGrants_ExitsWith2BeforeTheStoreIsMade(string text, string named)
    {
        var grants = Path.Combine(_directory.Path, "grants.json");
        await File.WriteAllTextAsync(grants, text);

        var result = await HonuProcess.Run("serve", "--db", Db("a"), "--listen", "127.0.0.1:0", "--grants", grants);

        Assert.Equal(2, result.ExitCode);
        Assert.Contains(named, result.Error, StringComparison.Ordinal);
        ObjectCommandTests.OneLine(result);
        Assert.False(Directory.Exists(Db("a")));
    }

    [Fact]
    public async Task Handshake_ThatTheClientGivesUp_IsToldByTheServer()
    {
        await Ok("certs", "ca", "--dir", Certs);
        await Ok("certs", "ca", "--dir", Certs + "-other");
        await Ok("certs", "replica", "--dir", Certs, "--pid", "1");
        using var server = await HonuServer.Start(Db("a"), ["--pid", "1", .. Tls("replica-1")[..4]]);

        var distrust = await server.Run("get", "k", "--tls-ca", Path.Combine(Certs + "-other", "ca.pem"));
        var plaintext = await server.Run("get", "k");
        var error = (await server.Terminate()).Error;

        Assert.Equal((7, 6), (distrust.ExitCode, plaintext.ExitCode));
        Assert.Contains("left before its first call", error, StringComparison.Ordinal);
        Assert.Contains("a handshake failed", error, StringComparison.Ordinal);
    }

    private string[] Tls(string name) =>
        ["--tls-cert", Path.Combine(Certs, name + ".pem"), "--tls-key", Path.Combine(Certs, name + ".key"), "--tls-ca", Path.Combine(Certs, "ca.pem")];

    private static async Task Ok(params string[] arguments)
    {
        var result = await HonuProcess.Run(arguments);
        Assert.True(result.ExitCode == 0, $"\"{string.Join(' ', arguments)}\" exits with {result.ExitCode}: {result.Error}");
    }

    private string Db(string name) => Path.Combine(_directory.Path, name);
}
