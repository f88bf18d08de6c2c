using System.Text.Json;
using Honu.TestKit;

namespace Honu.Cli.Tests;

public sealed class ConsistencyCommandTests : IDisposable
{
    private readonly TestDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Fact]
    public async Task TokenFile_CarriedFromServerToServer_ShowsOnesOwnWrites()
    {
        using var a = await HonuServer.Start(Path("a"), "--pid", "1", "--interval", "1h");
        using var b = await HonuServer.Start(Path("b"), "--pid", "2", "--interval", "1h", "--peer", a.Address);
        var file = Path("token");

        var put = await a.Run("put", "k", "v", "--token-file", file);
        var get = await b.Run("get", "k", "--token-file", file, "--wait-timeout", "20s");
        var deleted = await b.Run("delete", "k", "--token-file", file);
        var gone = await b.Run("get", "k", "--token-file", file);

        Assert.Equal((0, ""), (put.ExitCode, put.Error));
        Assert.Equal((0, "v\n"), (get.ExitCode, get.Text));
        Assert.Equal((0, 3), (deleted.ExitCode, gone.ExitCode));
    }

    [Fact]
    public async Task Token_OnTheCommandLineAndOnStdin_IsTakenAndPrintedAsJson()
    {
        using var a = await HonuServer.Start(Path("a"), "--pid", "1", "--interval", "1h");
        using var b = await HonuServer.Start(Path("b"), "--pid", "2", "--interval", "1h", "--peer", a.Address);

        var token = TokenOf(await a.Run("put", "k", "v", "--token", "none", "--json"));
        var scanned = await HonuProcess.RunWith(System.Text.Encoding.UTF8.GetBytes(token), "scan", "--token", "-", "--json", "--wait-timeout", "20s", "--remote", b.Address);
        var history = await b.Run("history", "k", "--token", token, "--json");
        var get = await b.Run("get", "k", "--token", token, "--json");

        Assert.Equal(token, TokenOf(scanned));
        Assert.Equal(2, scanned.Lines.Length);
        Assert.Equal(token, TokenOf(history));
        Assert.Equal(token, TokenOf(get));
    }

    [Fact]
    public async Task Get_WhatIsNotThereInTime_ExitsWith6()
    {
        using var a = await HonuServer.Start(Path("a"), "--pid", "1");
        using var alone = await HonuServer.Start(Path("b"), "--pid", "2");
        var token = TokenOf(await a.Run("put", "k", "v", "--token", "none", "--json"));

        var get = await alone.Run("get", "k", "--token", token, "--json", "--wait-timeout", "100ms");

        Assert.Equal((6, ""), (get.ExitCode, get.Text));
        Assert.Contains("what the token asks for", get.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Put_WithoutTheReplicasInTime_PrintsTheVersionAndExitsWith6()
    {
        using var alone = await HonuServer.Start(Path("a"), "--pid", "1");

        var put = await alone.Run("put", "k", "v", "--wait-replicas", "2", "--wait-timeout", "100ms", "--json");

        Assert.Equal(6, put.ExitCode);
        Assert.Contains("stays", put.Error, StringComparison.Ordinal);
        using var told = JsonDocument.Parse(put.Text);
        Assert.Equal(0, told.RootElement.GetProperty("acknowledgedBy").GetInt32());
        Assert.Equal("v\n", (await alone.Run("get", "k")).Text);
    }

    [Fact]
    public async Task Directory_TakesTokensAndRefusesWhatNeedsReplication()
    {
        var token = TokenOf(await HonuProcess.Run("put", "k", "v", "--db", Path("a"), "--token", "none", "--json"));

        var here = await HonuProcess.Run("get", "k", "--db", Path("a"), "--token", token, "--json");
        await HonuProcess.Run("put", "other", "v", "--db", Path("b"));
        var elsewhere = await HonuProcess.Run("get", "k", "--db", Path("b"), "--token", token, "--json");
        var replicas = await HonuProcess.Run("put", "k", "v", "--db", Path("a"), "--wait-replicas", "1");
        var staleness = await HonuProcess.Run("get", "k", "--db", Path("a"), "--max-staleness", "1s");

        Assert.Equal(token, TokenOf(here));
        Assert.Equal((6, 2, 2), (elsewhere.ExitCode, replicas.ExitCode, staleness.ExitCode));
    }

    [Theory]
    [InlineData("--token", "garbage", "--json")]
    [InlineData("--token", "none")]
    [InlineData("--token", "none", "--json", "--token-file", "x")]
    [InlineData("--wait-replicas", "0")]
    public async Task Put_WithOptionsThatMakeNoSense_ExitsWith2(params string[] args)
    {
        var put = await HonuProcess.Run(["put", "k", "v", "--db", Path("a"), .. args]);

        Assert.Equal(2, put.ExitCode);
    }

    private static string TokenOf(HonuResult result)
    {
        Assert.Equal((0, ""), (result.ExitCode, result.Error));
        using var line = JsonDocument.Parse(result.Lines[^1]);
        return line.RootElement.GetProperty("token").GetString()!;
    }

    private string Path(string name) => _directory.Combine(name);
}
