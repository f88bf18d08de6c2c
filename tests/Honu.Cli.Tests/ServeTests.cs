using System.Text.Json;
using Honu.TestKit;

namespace Honu.Cli.Tests;

/// <summary>serve, status, stats and sync with real processes, among them a replica that is killed in the middle of an import.</summary>
public sealed class ServeTests : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly TestDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Fact]
    public async Task Serve_OnSigterm_StopsWithZeroAndKeepsTheStore()
    {
        using (var server = await HonuServer.Start(Db("a"), "--pid", "3"))
        {
            await server.Run("put", "k", "v");

            var stopped = await server.Terminate();

            Assert.Equal((0, ""), (stopped.ExitCode, stopped.Error));
        }

        Assert.Equal("v\n", (await HonuProcess.Run("get", "k", "--db", Db("a"))).Text);
    }

    [Fact]
    public async Task Status_AndStats_TellIdentityAndCounts()
    {
        using var server = await HonuServer.Start(Db("a"), "--pid", "3", "--cluster", "blue", "--region", "eu");
        await server.Run("put", "k", "v1");
        await server.Run("put", "k", "v2");

        using var status = JsonDocument.Parse((await server.Run("status", "--json")).Text);
        using var stats = JsonDocument.Parse((await server.Run("stats", "--json")).Text);
        var text = await server.Run("status");

        Assert.Equal((3, "blue", "eu"), (
            status.RootElement.GetProperty("pid").GetInt32(),
            status.RootElement.GetProperty("cluster").GetString(),
            status.RootElement.GetProperty("region").GetString()));
        Assert.Equal(1, stats.RootElement.GetProperty("objects").GetInt32());
        Assert.True(stats.RootElement.GetProperty("historyEntries").GetInt32() >= 1);
        Assert.Contains("cluster      blue", text.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Sync_BetweenTwoServers_ReportsTheSession()
    {
        using var a = await HonuServer.Start(Db("a"), "--pid", "1", "--interval", "1h");
        using var b = await HonuServer.Start(Db("b"), "--pid", "2", "--interval", "1h");
        await a.Run("put", "from-a", "1");
        await b.Run("put", "from-b", "2");

        var sync = await a.Run("sync", "--with", b.Address, "--json");

        Assert.Equal((0, ""), (sync.ExitCode, sync.Error));
        using var report = JsonDocument.Parse(sync.Text);
        Assert.Equal((1, 2), (
            report.RootElement.GetProperty("initiator").GetProperty("pid").GetInt32(),
            report.RootElement.GetProperty("responder").GetProperty("pid").GetInt32()));
        Assert.Equal((1, 1), (report.RootElement.GetProperty("objectsSent").GetInt32(), report.RootElement.GetProperty("objectsReceived").GetInt32()));
        Assert.Equal((await a.Run("export")).Output, (await b.Run("export")).Output);
    }

    [Fact]
    public async Task Sync_OfADirectoryWithAServer_BringsBothTogether()
    {
        await HonuProcess.Run("put", "from-a", "1", "--db", Db("a"));
        using var b = await HonuServer.Start(Db("b"), "--interval", "1h");
        await b.Run("put", "from-b", "2");

        var sync = await HonuProcess.Run("sync", "--db", Db("a"), "--with", b.Address);
        var again = await HonuProcess.Run("sync", "--db", Db("a"), "--with", b.Address, "--json");

        Assert.Equal((0, ""), (sync.ExitCode, sync.Error));
        Assert.Contains("sent      1 objects", sync.Text, StringComparison.Ordinal);
        Assert.Contains("\"outcome\":\"equal\"", again.Text, StringComparison.Ordinal);
        Assert.Equal((await b.Run("export")).Output, (await HonuProcess.Run("export", "--db", Db("a"))).Output);
    }

    [Fact]
    public async Task Sync_WithAPeerOfAnotherCluster_ExitsWith7AndWithNobody_With6()
    {
        using var a = await HonuServer.Start(Db("a"), "--pid", "1", "--cluster", "blue");
        using var b = await HonuServer.Start(Db("b"), "--pid", "2", "--cluster", "red");

        var refused = await a.Run("sync", "--with", b.Address);
        var nobody = await a.Run("sync", "--with", "127.0.0.1:1");

        Assert.Equal((7, 6), (refused.ExitCode, nobody.ExitCode));
        ObjectCommandTests.OneLine(refused);
        ObjectCommandTests.OneLine(nobody);
    }

    [Fact]
    public async Task TwoServers_OneKilledDuringAnImport_ConvergeWithEveryAcknowledgedRecord()
    {
        var records = Path.Combine(_directory.Path, "records.jsonl");
        await File.WriteAllLinesAsync(records, Enumerable.Range(0, 20_000).Select(static i => $"{{\"key\":\"k{i:d6}\",\"value\":\"{new string('v', 200)}{i}\"}}"));
        using var b = await HonuServer.Start(Db("b"), "--pid", "2", "--interval", "100ms");
        int acknowledged;
        string address;
        using (var a = await HonuServer.Start(Db("a"), "--pid", "1", "--interval", "100ms", "--peer", b.Address))
        {
            address = a.Address;
            using var import = HonuProcess.Start("import", records, "--remote", address, "--json");
            await Until(async () => (await a.Run("get", "k000100")).ExitCode == 0);
            await a.Kill();
            using var report = JsonDocument.Parse((await import.Finish()).Text);
            acknowledged = report.RootElement.GetProperty("imported").GetInt32();
        }

        using var restarted = await HonuServer.StartAt(address, Db("a"), "--pid", "1", "--interval", "100ms", "--peer", "2@" + b.Address);
        await b.Run("put", "from-b", "after the kill");
        var here = Array.Empty<byte>();
        await Until(async () =>
        {
            here = (await restarted.Run("export")).Output;
            var there = (await b.Run("export")).Output;
            return here.AsSpan().SequenceEqual(there) && here.AsSpan().IndexOf("from-b"u8) >= 0;
        });

        var keys = (await b.Run("scan", "--prefix", "k", "--keys-only")).Lines;
        Assert.True(keys.Length >= acknowledged, $"{acknowledged} acknowledged, {keys.Length} on the other replica");
        Assert.Equal(Enumerable.Range(0, keys.Length).Select(static i => $"k{i:d6}"), keys);
    }

    private static async Task Until(Func<Task<bool>> condition)
    {
        using var guard = new CancellationTokenSource(Patience);
        while (!await condition())
            guard.Token.ThrowIfCancellationRequested();
    }

    private string Db(string name) => Path.Combine(_directory.Path, name);
}
