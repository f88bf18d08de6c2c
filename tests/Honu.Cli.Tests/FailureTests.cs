using Honu.TestKit;

namespace Honu.Cli.Tests;

/// <summary>Each way to fail has its exit code and one line on stderr that says what to do.</summary>
public sealed class FailureTests : IDisposable
{
    private readonly TestDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Fact]
    public async Task AnyVerb_OnALockedStore_ExitsWith4()
    {
        using var server = await HonuServer.Start(Db);

        var result = await HonuProcess.Run("get", "k", "--db", Db);

        Assert.Equal((4, ""), (result.ExitCode, result.Text));
        ObjectCommandTests.OneLine(result);
    }

    [Fact]
    public async Task Reading_ADirectoryThatDoesNotExist_ExitsWith5AndCreatesNothing()
    {
        string[][] verbs = [["get", "k"], ["delete", "k"], ["scan"], ["history", "k"], ["conflicts"], ["export"], ["status"], ["stats"], ["verify"], ["repair", "--yes"], ["backup", Db + "-copy"]];
        foreach (var verb in verbs)
        {
            var result = await HonuProcess.Run([.. verb, "--db", Db]);

            Assert.Equal((5, ""), (result.ExitCode, result.Text));
            ObjectCommandTests.OneLine(result);
            Assert.False(Directory.Exists(Db), $"{verb[0]} created the directory");
        }
    }

    [Fact]
    public async Task Opening_ADirectoryOfOtherFiles_ExitsWith5AndLeavesThemAlone()
    {
        Directory.CreateDirectory(Db);
        await File.WriteAllTextAsync(Path.Combine(Db, "thesis.txt"), "chapter 1");

        var get = await HonuProcess.Run("get", "k", "--db", Db);
        var put = await HonuProcess.Run("put", "k", "v", "--db", Db);

        Assert.Equal((5, 5), (get.ExitCode, put.ExitCode));
        ObjectCommandTests.OneLine(get);
        ObjectCommandTests.OneLine(put);
        Assert.Equal(["thesis.txt"], Directory.GetFiles(Db).Select(Path.GetFileName));
    }

    [Fact]
    public async Task Opening_AStoreWithACorruptCurrentFile_ExitsWith5()
    {
        await HonuProcess.Run("put", "k", "v", "--db", Db);
        await File.WriteAllTextAsync(Path.Combine(Db, "CURRENT"), "MANIFEST-of-another-life\n");

        var result = await HonuProcess.Run("get", "k", "--db", Db);

        Assert.Equal((5, ""), (result.ExitCode, result.Text));
        ObjectCommandTests.OneLine(result);
    }

    [Theory]
    [InlineData("127.0.0.1:1")]
    [InlineData("no-such-host.invalid:7000")]
    public async Task AnyVerb_OnAnAddressThatDoesNotAnswer_ExitsWith6(string address)
    {
        var result = await HonuProcess.Run("get", "k", "--remote", address, "--timeout", "5s");

        Assert.Equal((6, ""), (result.ExitCode, result.Text));
        ObjectCommandTests.OneLine(result);
    }

    [Fact]
    public async Task Export_OntoAFullDisk_IsNoSuccess()
    {
        await HonuProcess.Run("put", "k", "v", "--db", Db);

        var result = await HonuProcess.RunShell($"\"$HONU\" export --db '{Db}' > /dev/full");

        Assert.Equal(1, result.ExitCode);
        ObjectCommandTests.OneLine(result);
    }

    [Fact]
    public async Task Put_WithAKeyThatIsNoUtf8_IsRefusedBeforeItBecomesAnotherKey()
    {
        var result = await HonuProcess.RunShell($"\"$HONU\" put \"$(printf 'bad\\377key')\" v --db '{Db}'");

        Assert.Equal((2, ""), (result.ExitCode, result.Text));
        ObjectCommandTests.OneLine(result);
        Assert.False(Directory.Exists(Db));
    }

    [Fact]
    public async Task Serve_OnAPortThatIsTaken_SaysSoInOneLineAndCreatesNoStore()
    {
        using var server = await HonuServer.Start(Db);
        var other = Db + "-other";

        var result = await HonuProcess.Run("serve", "--db", other, "--listen", server.Address);

        Assert.Equal((2, ""), (result.ExitCode, result.Text));
        ObjectCommandTests.OneLine(result);
        Assert.False(Directory.Exists(other));
    }

    [Fact]
    public async Task Sync_WithAPeerThatDoesNotAnswer_NamesThePeer()
    {
        using var server = await HonuServer.Start(Db);

        var result = await server.Run("sync", "--with", "127.0.0.1:1");

        Assert.Equal(6, result.ExitCode);
        Assert.Contains("127.0.0.1:1", result.Error, StringComparison.Ordinal);
        Assert.DoesNotContain(server.Address, result.Error, StringComparison.Ordinal);
        ObjectCommandTests.OneLine(result);
    }

    [Fact]
    public async Task Serve_TerminatedWithASessionUnderWay_ExitsWith0()
    {
        using var first = await HonuServer.Start(Db, "--pid", "1");
        using var second = await HonuServer.Start(Db + "-second", "--pid", "2", "--peer", first.Address, "--interval", "1ms");
        await first.Run("put", "k", "v");

        Assert.Equal(0, (await second.Terminate()).ExitCode);
        Assert.Equal(0, (await first.Terminate()).ExitCode);
    }

    [Theory]
    [InlineData("nonsense")]
    [InlineData("127.0.0.1:99999")]
    public async Task AnyVerb_OnWhatIsNoAddress_ExitsWith2(string address)
    {
        var result = await HonuProcess.Run("get", "k", "--remote", address);

        Assert.Equal((2, ""), (result.ExitCode, result.Text));
        ObjectCommandTests.OneLine(result);
    }

    [Fact]
    public async Task Serve_WithThePidOfAnotherReplica_ExitsWith7()
    {
        using (var server = await HonuServer.Start(Db, "--pid", "1"))
            Assert.Equal(0, (await server.Terminate()).ExitCode);

        var result = await HonuProcess.Run("serve", "--db", Db, "--listen", "127.0.0.1:0", "--pid", "2");

        Assert.Equal((7, ""), (result.ExitCode, result.Text));
        ObjectCommandTests.OneLine(result);
    }

    [Fact]
    public async Task Usage_Mistakes_ExitWith2()
    {
        string[][] mistakes =
        [
            [],
            ["gat", "k"],
            ["get"],
            ["get", "k"],
            ["get", "k", "--db", Db, "--remote", "127.0.0.1:1"],
            ["get", "k", "--db", Db, "--colour"],
            ["get", "not base64!", "--db", Db, "--base64"],
            ["get", "k", "--remote", "127.0.0.1:1", "--timeout", "5"],
            ["scan", "--db", Db, "--limit", "many"],
            ["import", "no-such-file.jsonl", "--db", Db],
            ["import", "-", "--db", Db, "--format", "xml"],
            ["export", "--db", Db, "--latest", "--history"],
            ["serve", "--db", Db, "--listen", "here"],
            ["serve", "--db", Db, "--listen", "0.0.0.0:0"],
            ["serve", "--db", Db, "--listen", "127.0.0.1:0", "--peer", "7"],
            ["serve", "--db", Db, "--listen", "127.0.0.1:0", "--interval", "often"],
            ["sync", "--remote", "127.0.0.1:1"],
            ["sync", "--with", "127.0.0.1:1"],
            ["serve", "--db", Db, "--listen", "127.0.0.1:0", "--selector", "dice"],
            ["serve", "--db", Db, "--listen", "127.0.0.1:0", "--peer", "192.0.2.1:7000"],
            ["sync", "--remote", "127.0.0.1:1", "--with", "somebody"],
            ["get", "k", "--remote", "192.0.2.1:7000"],
            ["backup", "--db", Db],
            ["backup", "there"],
            ["backup", "", "--db", Db],
            ["restore", "there"],
            ["verify"],
            ["repair", "--db", Db],
        ];
        foreach (var mistake in mistakes)
        {
            var result = await HonuProcess.Run(mistake);

            Assert.True(result.ExitCode == 2, $"\"{string.Join(' ', mistake)}\" exits with {result.ExitCode}: {result.Error}");
            Assert.Equal("", result.Text);
            ObjectCommandTests.OneLine(result);
        }

        Assert.False(Directory.Exists(Db), "a refused command created the store");
    }

    [Theory]
    [InlineData("--help")]
    [InlineData("put", "--help")]
    [InlineData("get", "--help")]
    [InlineData("delete", "--help")]
    [InlineData("scan", "--help")]
    [InlineData("history", "--help")]
    [InlineData("conflicts", "--help")]
    [InlineData("import", "--help")]
    [InlineData("export", "--help")]
    [InlineData("serve", "--help")]
    [InlineData("status", "--help")]
    [InlineData("stats", "--help")]
    [InlineData("health", "--help")]
    [InlineData("sync", "--help")]
    [InlineData("bench", "--help")]
    [InlineData("backup", "--help")]
    [InlineData("restore", "--help")]
    [InlineData("verify", "--help")]
    [InlineData("repair", "--help")]
    public async Task Help_OfEveryVerb_ShowsExamplesAndExitCodes(params string[] args)
    {
        var result = await HonuProcess.Run(args);

        Assert.Equal((0, ""), (result.ExitCode, result.Error));
        Assert.Contains("Examples:", result.Text, StringComparison.Ordinal);
        Assert.Contains("  3  not found", result.Text, StringComparison.Ordinal);
    }

    private string Db => Path.Combine(_directory.Path, "db");
}
