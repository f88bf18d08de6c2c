using System.Text.Json;
using Honu.TestKit;

namespace Honu.Cli.Tests;

public sealed class WatchCommandTests : IDisposable
{
    private readonly TestDirectory _directory = new();

    private string Db => _directory.Combine("db");

    public void Dispose() => _directory.Dispose();

    [Fact]
    public async Task Watch_OnADirectory_PrintsWhatThereIsAndEnds()
    {
        await HonuProcess.Run("put", "a", "1", "--db", Db);
        await HonuProcess.Run("put", "a", "2", "--db", Db);
        await HonuProcess.Run("put", "b", "3", "--db", Db, "--namespace", "other");
        await HonuProcess.Run("delete", "a", "--db", Db);

        var text = await HonuProcess.Run("watch", "--db", Db, "--from-start");
        var json = await HonuProcess.Run("watch", "--db", Db, "--from-start", "--json", "--namespace", "other");

        Assert.Equal((0, "default\ta\t(deleted)\nother\tb\t3\n"), (text.ExitCode, text.Text));
        using var line = JsonDocument.Parse(Assert.Single(json.Lines));
        var root = line.RootElement;
        Assert.Equal(("other", "b", "3"), (root.GetProperty("namespace").GetString(), root.GetProperty("key").GetString(), root.GetProperty("value").GetString()));
        Assert.True(root.GetProperty("local").GetBoolean() && root.GetProperty("catchUp").GetBoolean());
        var token = root.GetProperty("token").GetString()!;
        Assert.Contains(token, json.Error, StringComparison.Ordinal);

        await HonuProcess.Run("put", "c", "4", "--db", Db, "--namespace", "other");
        var since = await HonuProcess.Run("watch", "--db", Db, "--token", token, "--namespace", "other");
        Assert.Equal("other\tc\t4\n", since.Text);
    }

    [Fact]
    public async Task Watch_OnAServer_PrintsChangesAsTheyCome()
    {
        using var server = await HonuServer.Start(Db);
        await server.Run("put", "a", "1");
        var first = await server.Run("watch", "--from-start", "--limit", "1", "--json");
        using var line = JsonDocument.Parse(Assert.Single(first.Lines));
        using var watch = HonuProcess.StartForLines("watch", "--remote", server.Address, "--token", line.RootElement.GetProperty("token").GetString()!, "--limit", "3");

        await server.Run("put", "b", "2");
        Assert.Equal("default\tb\t2", await watch.NextLine());
        await server.Run("put", "c", "3", "--namespace", "other");
        Assert.Equal("other\tc\t3", await watch.NextLine());
        await server.Run("delete", "b");
        Assert.Equal("default\tb\t(deleted)", await watch.NextLine());

        var end = await watch.Finish();
        Assert.Equal(0, end.ExitCode);
        Assert.Contains("go on with --token ", end.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Watch_Interrupted_TellsWhereToGoOn()
    {
        using var server = await HonuServer.Start(Db);
        using var watch = HonuProcess.StartForLines("watch", "--remote", server.Address, "--from-start");
        await server.Run("put", "a", "1");
        await watch.NextLine();

        var end = await watch.Terminate();

        Assert.Equal(130, end.ExitCode);
        Assert.Contains("go on with --token ", end.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("--token", "nonsense")]
    [InlineData("--token", "x", "--from-start")]
    [InlineData("--limit", "0")]
    [InlineData("--namespace", "")]
    public async Task Watch_BadOptions_ExitWithTwo(params string[] options)
    {
        await HonuProcess.Run("put", "a", "1", "--db", Db);

        var watch = await HonuProcess.Run(["watch", "--db", Db, .. options]);

        Assert.Equal((2, ""), (watch.ExitCode, watch.Text));
    }
}
