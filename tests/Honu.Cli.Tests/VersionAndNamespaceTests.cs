using System.Text.Json;
using Honu.TestKit;

namespace Honu.Cli.Tests;

/// <summary>get --version, undelete, count, delete of a range, and the namespaces verbs.</summary>
public sealed class VersionAndNamespaceTests : IDisposable
{
    private readonly TestDirectory _directory = new();

    private string Db => _directory.Combine("store");

    public void Dispose() => _directory.Dispose();

    [Fact]
    public async Task GetVersionAndUndelete_OnADirectory_ReadAndReturnOldValues()
    {
        var first = (await HonuProcess.Run("put", "k", "one", "--db", Db)).Text.Trim();
        await HonuProcess.Run("put", "k", "two", "--db", Db);
        var deleted = (await HonuProcess.Run("delete", "k", "--db", Db)).Text.Trim();

        var old = await HonuProcess.Run("get", "k", "--version", first, "--db", Db);
        var tombstone = await HonuProcess.Run("get", "k", "--version", deleted, "--db", Db);
        var bad = await HonuProcess.Run("get", "k", "--version", "x", "--db", Db);
        var undelete = await HonuProcess.Run("undelete", "k", "--db", Db);
        var get = await HonuProcess.Run("get", "k", "--db", Db);
        var again = await HonuProcess.Run("undelete", "k", "--db", Db);

        Assert.Equal((0, "one\n"), (old.ExitCode, old.Text));
        Assert.Equal((3, ""), (tombstone.ExitCode, tombstone.Text));
        Assert.Equal(2, bad.ExitCode);
        Assert.Equal(0, undelete.ExitCode);
        Assert.Equal("two\n", get.Text);
        Assert.Equal(3, again.ExitCode);
    }

    [Fact]
    public async Task CountAndDeleteRange_OnAServer_AnswerAsOnADirectory()
    {
        using var server = await HonuServer.Start(Db, "--pid", "7");
        foreach (var key in new[] { "a/1", "a/2", "b" })
            await server.Run("put", key, "v");

        var all = await server.Run("count");
        var some = await server.Run("count", "--prefix", "a/", "--json");
        var everything = await server.Run("delete", "--prefix", "");
        var both = await server.Run("delete", "b", "--prefix", "a/");
        var deleted = await server.Run("delete", "--prefix", "a/");
        var left = await server.Run("scan", "--keys-only");
        var undelete = await server.Run("undelete", "a/1");

        Assert.Equal("3\n", all.Text);
        Assert.Equal("{\"count\":2}\n", some.Text);
        Assert.Equal((2, 2), (everything.ExitCode, both.ExitCode));
        Assert.Equal((0, "deleted 2 objects\n"), (deleted.ExitCode, deleted.Text));
        Assert.Equal("b\n", left.Text);
        Assert.Equal(0, undelete.ExitCode);
    }

    [Fact]
    public async Task DeleteRange_OnADirectory_TellsHowMany()
    {
        foreach (var key in new[] { "a", "b", "c" })
            await HonuProcess.Run("put", key, "v", "--db", Db);

        var deleted = await HonuProcess.Run("delete", "--from", "b", "--db", Db, "--json");

        Assert.Equal("{\"deleted\":2}\n", deleted.Text);
        Assert.Equal("1\n", (await HonuProcess.Run("count", "--db", Db)).Text);
        Assert.Equal(2, (await HonuProcess.Run("delete", "--db", Db)).ExitCode);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task PutWithTtl_ExportedAndImported_KeepsItsExpiry(bool served)
    {
        var copy = _directory.Combine("copy");
        await HonuProcess.Run("put", "long", "v", "--ttl", "30d", "--db", Db);
        await HonuProcess.Run("put", "short", "v", "--ttl", "1ms", "--db", Db);
        await HonuProcess.Run("put", "ever", "v", "--db", Db);
        var exported = await HonuProcess.Run("export", "--db", Db);
        byte[] lines = [.. exported.Output, .. "{\"key\":\"past\",\"value\":\"v\",\"expires\":\"2020-01-01T00:00:00Z\"}\n"u8];
        HonuResult import, again;
        if (served)
        {
            using var server = await HonuServer.Start(copy, "--pid", "7");
            await server.Run("put", "past", "v", "--ttl", "1h");
            import = await HonuProcess.RunWith(lines, "import", "-", "--remote", server.Address);
            again = await server.Run("export");
        }
        else
        {
            await HonuProcess.Run("put", "past", "v", "--ttl", "1h", "--db", copy);
            import = await HonuProcess.RunWith(lines, "import", "-", "--db", copy);
            again = await HonuProcess.Run("export", "--db", copy);
        }

        var bad = await HonuProcess.RunWith([.. "{\"key\":\"k\",\"value\":\"v\",\"expires\":\"soon\"}"u8], "import", "-", "--db", copy);

        Assert.Equal((0, 0, 2), (exported.ExitCode, import.ExitCode, bad.ExitCode));
        Assert.Equal(["ever", "long"], again.Lines.Select(Key));
        Assert.DoesNotContain("expires", again.Lines[0], StringComparison.Ordinal);
        Assert.Equal(Expires(exported.Lines[1]), Expires(again.Lines[1]), TimeSpan.FromMilliseconds(100));

        static string? Key(string line) => JsonDocument.Parse(line).RootElement.GetProperty("key").GetString();
        static DateTime Expires(string line) => JsonDocument.Parse(line).RootElement.GetProperty("expires").GetDateTime();
    }

    [Fact]
    public async Task Namespaces_ListRetentionAndDrop_DoWhatTheySay()
    {
        await HonuProcess.Run("put", "k", "v", "--db", Db, "--namespace", "one");
        await HonuProcess.Run("put", "k", "v", "--db", Db, "--namespace", "two");

        var list = await HonuProcess.Run("namespaces", "--db", Db, "--json");
        var before = await HonuProcess.Run("namespaces", "retention", "one", "--db", Db);
        var changed = await HonuProcess.Run("namespaces", "retention", "one", "30d", "--db", Db);
        var kept = await HonuProcess.Run("namespaces", "retention", "one", "--db", Db);
        var wrong = await HonuProcess.Run("namespaces", "retention", "one", "some", "--db", Db);
        var unsure = await HonuProcess.Run("namespaces", "drop", "one", "--db", Db);
        var drop = await HonuProcess.Run("namespaces", "drop", "one", "--yes", "--db", Db);
        var missing = await HonuProcess.Run("namespaces", "drop", "one", "--yes", "--db", Db);
        var left = await HonuProcess.Run("namespaces", "--db", Db);

        using var first = JsonDocument.Parse(list.Lines[0]);
        Assert.Equal(("one", 1L), (first.RootElement.GetProperty("name").GetString(), first.RootElement.GetProperty("objects").GetInt64()));
        Assert.Equal(["10\n", "30d\n", "30d\n"], new[] { before.Text, changed.Text, kept.Text });
        Assert.Equal((2, 2, 0, 3), (wrong.ExitCode, unsure.ExitCode, drop.ExitCode, missing.ExitCode));
        Assert.Equal("two\t1\t0\t1\n", left.Text);
    }
}
