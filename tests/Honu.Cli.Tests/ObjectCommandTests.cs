using System.Text;
using System.Text.Json;
using Honu.TestKit;

namespace Honu.Cli.Tests;

/// <summary>put, get, delete, history on a directory and on a server: the same answers and exit codes.</summary>
public sealed class ObjectCommandTests : IDisposable
{
    private readonly TestDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Fact]
    public async Task PutAndGet_OnADirectory_GiveTheValueBack()
    {
        var put = await HonuProcess.Run("put", "greeting", "hello", "--db", Db);
        var get = await HonuProcess.Run("get", "greeting", "--db", Db);

        Assert.Equal((0, ""), (put.ExitCode, put.Error));
        Assert.Matches(@"^\d+@\d+\.\d+\n$", put.Text);
        Assert.Equal((0, "hello\n", ""), (get.ExitCode, get.Text, get.Error));
    }

    [Fact]
    public async Task EveryVerb_OnAServer_AnswersAsOnADirectory()
    {
        using var server = await HonuServer.Start(Db, "--pid", "7");

        var put = await server.Run("put", "k", "v1", "--json");
        var missing = await server.Run("get", "other");
        var get = await server.Run("get", "k", "--raw");
        var delete = await server.Run("delete", "k");
        var again = await server.Run("delete", "k");
        var history = await server.Run("history", "k", "--json");

        using var version = JsonDocument.Parse(put.Text);
        Assert.Equal((7u, JsonValueKind.String), (version.RootElement.GetProperty("pid").GetUInt32(), version.RootElement.GetProperty("scalar").ValueKind));
        Assert.Equal((3, ""), (missing.ExitCode, missing.Text));
        Assert.Equal("v1", get.Text);
        Assert.Equal((0, 3, ""), (delete.ExitCode, again.ExitCode, again.Text));
        Assert.Equal(2, history.Lines.Length);
        Assert.Contains("\"deleted\":true", history.Lines[0], StringComparison.Ordinal);
        Assert.Contains("\"value\":\"v1\"", history.Lines[1], StringComparison.Ordinal);
    }

    [Fact]
    public async Task Conflicts_UntilTheObjectIsWrittenAgain_AreListedAlikeHereAndOnAServer()
    {
        VersionId winner, loser;
        using (var store = HonuStore.Open(Db, new HonuStoreOptions { Pid = 1 }))
        {
            using var other = HonuStore.OpenInMemory(new HonuStoreOptions { Pid = 2 });
            loser = other.Namespace("orders").Put("k"u8, "their\tvalue"u8).Id;
            winner = store.Namespace("orders").Put("k"u8, "ours"u8).Id;
            var block = new Honu.Format.RecordBlockWriter();
            using var snapshot = other.Replication.CreateSnapshot();
            snapshot.ReadUncovered("orders", new VersionVector(), default, block, 10, 1 << 20);
            store.Replication.Apply("orders", block.Bytes.Span, cursor: null, join: null);
            (winner, loser) = VersionOrder.Wins(winner, loser) ? (winner, loser) : (loser, winner);
        }

        var text = await HonuProcess.Run("conflicts", "--db", Db);
        var elsewhere = await HonuProcess.Run("conflicts", "--db", Db, "--namespace", "default");
        string[] json;
        using (var server = await HonuServer.Start(Db))
        {
            json = (await server.Run("conflicts", "--namespace", "orders", "--json")).Lines;
            await server.Run("put", "k", "both", "--namespace", "orders");
        }

        var after = await HonuProcess.Run("conflicts", "--db", Db);

        Assert.Matches($@"^orders\tk\t{winner}\t{loser}\t\S+Z\t(their\\tvalue|ours)\n$", text.Text);
        Assert.Equal((0, ""), (elsewhere.ExitCode, elsewhere.Text));
        using var line = JsonDocument.Parse(Assert.Single(json));
        Assert.Equal(loser.Replica.Pid, line.RootElement.GetProperty("loser").GetProperty("version").GetProperty("pid").GetUInt32());
        Assert.Equal((0, "", ""), (after.ExitCode, after.Text, after.Error));
    }

    [Fact]
    public async Task Get_OfAMissingKey_PrintsNothingOnStdoutAndExitsWith3()
    {
        await HonuProcess.Run("put", "here", "x", "--db", Db);

        var result = await HonuProcess.Run("get", "not-here", "--db", Db, "--json");

        Assert.Equal((3, ""), (result.ExitCode, result.Text));
        OneLine(result);
    }

    [Fact]
    public async Task Put_WithExpectedVersion_WritesOnlyOnThatVersion()
    {
        var first = (await HonuProcess.Run("put", "k", "1", "--db", Db, "--expected", "none")).Text.Trim();

        var second = await HonuProcess.Run("put", "k", "2", "--db", Db, "--expected", first);
        var stale = await HonuProcess.Run("put", "k", "3", "--db", Db, "--expected", first);
        var exists = await HonuProcess.Run("put", "k", "4", "--db", Db, "--expected", "none");
        var nonsense = await HonuProcess.Run("put", "k", "5", "--db", Db, "--expected", "yesterday");

        Assert.Equal((0, 3, 3, 2), (second.ExitCode, stale.ExitCode, exists.ExitCode, nonsense.ExitCode));
        Assert.Contains(second.Text.Trim(), stale.Error, StringComparison.Ordinal);
        Assert.Equal("2\n", (await HonuProcess.Run("get", "k", "--db", Db)).Text);
    }

    [Fact]
    public async Task KeysAndValues_OfEveryByte_SurviveAsBase64()
    {
        var bytes = new byte[256];
        for (var i = 0; i < 256; i++)
            bytes[i] = (byte)i;
        var text = Convert.ToBase64String(bytes);

        await HonuProcess.Run("put", text, text, "--base64", "--db", Db);
        var fromStdin = await HonuProcess.RunWith(bytes, "put", "stdin", "-", "--db", Db);
        var get = await HonuProcess.Run("get", text, "--base64", "--db", Db);
        var raw = await HonuProcess.Run("get", "stdin", "--raw", "--db", Db);
        var json = await HonuProcess.Run("get", text, "--base64", "--db", Db, "--json");

        Assert.Equal(0, fromStdin.ExitCode);
        Assert.Equal(text + "\n", get.Text);
        Assert.Equal(bytes, raw.Output);
        using var line = JsonDocument.Parse(json.Text);
        Assert.Equal(bytes, line.RootElement.GetProperty("keyBase64").GetBytesFromBase64());
        Assert.Equal(bytes, line.RootElement.GetProperty("valueBase64").GetBytesFromBase64());
    }

    [Theory]
    [InlineData(0, 2)]
    [InlineData(4096, 0)]
    [InlineData(4097, 2)]
    public async Task Put_WithAKeyAtTheLimit_IsAcceptedUpTo4096Bytes(int length, int exitCode)
    {
        var result = await HonuProcess.Run("put", new string('k', length), "v", "--db", Db);

        Assert.Equal(exitCode, result.ExitCode);
        if (exitCode != 0)
        {
            OneLine(result);
            Assert.Contains("4096", result.Error, StringComparison.Ordinal);
            Assert.False(Directory.Exists(Db), "a refused put created the store");
        }
    }

    [Fact]
    public async Task Namespaces_WithColonsAndEmoji_AreKeptApart()
    {
        string[] names = ["a::b", "a", "🐢", "b::"];
        foreach (var name in names)
            await HonuProcess.Run("put", "b::c", name, "--db", Db, "--namespace", name);

        foreach (var name in names)
            Assert.Equal(name + "\n", (await HonuProcess.Run("get", "b::c", "--db", Db, "--namespace", name)).Text);
        var tooLong = await HonuProcess.Run("put", "k", "v", "--db", Db, "--namespace", new string('n', 256));
        var empty = await HonuProcess.Run("put", "k", "v", "--db", Db, "--namespace", "");
        Assert.Equal((2, 2), (tooLong.ExitCode, empty.ExitCode));
    }

    [Fact]
    public async Task Scan_WithRange_PrintsTheKeysInOrder()
    {
        var records = string.Concat("abcdef".Select(static c => $"{c}\tvalue {c}\n"));
        await HonuProcess.RunWith(Encoding.UTF8.GetBytes(records), "import", "-", "--db", Db);
        await HonuProcess.Run("delete", "c", "--db", Db);

        var range = await HonuProcess.Run("scan", "--db", Db, "--from", "b", "--to", "e");
        var reverse = await HonuProcess.Run("scan", "--db", Db, "--reverse", "--limit", "2", "--keys-only");
        var tombstones = await HonuProcess.Run("scan", "--db", Db, "--prefix", "c", "--tombstones", "--json");
        var badLimit = await HonuProcess.Run("scan", "--db", Db, "--limit", "0");

        Assert.Equal(["b\tvalue b", "d\tvalue d"], range.Lines);
        Assert.Equal(["f", "e"], reverse.Lines);
        Assert.Contains("\"deleted\":true", Assert.Single(tombstones.Lines), StringComparison.Ordinal);
        Assert.Equal(2, badLimit.ExitCode);
    }

    private string Db => Path.Combine(_directory.Path, "db");

    internal static void OneLine(HonuResult result)
    {
        Assert.StartsWith("honu: ", result.Error, StringComparison.Ordinal);
        Assert.Equal(result.Error.Length - 1, result.Error.IndexOf('\n', StringComparison.Ordinal));
        Assert.DoesNotContain("   at ", result.Error, StringComparison.Ordinal);
    }
}
