using System.Text;
using System.Text.Json;
using Honu.TestKit;

namespace Honu.Cli.Tests;

/// <summary>import and export: what is counted is stored, a bad line names itself, and an export can be imported again.</summary>
public sealed class ImportExportTests : IDisposable
{
    private readonly TestDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Theory]
    [InlineData("{\"key\":\"x\",\"value\":", "not JSON")]
    [InlineData("not a record", "JSON")]
    [InlineData("{\"key\":\"x\"}", "value")]
    [InlineData("{\"value\":\"x\"}", "key")]
    [InlineData("{\"key\":\"\",\"value\":\"x\"}", "1 to 4096")]
    [InlineData("{\"key\":\"x\",\"value\":7}", "not a string")]
    [InlineData("{\"key\":\"x\",\"valueBase64\":\"%%\"}", "base64")]
    [InlineData("{\"key\":\"x\",\"value\":\"y\",\"namespce\":\"z\"}", "namespce")]
    [InlineData("{\"key\":\"x\",\"value\":\"y\",\"namespace\":\"\"}", "namespace")]
    [InlineData("{\"key\":\"\\ud800\",\"value\":\"y\"}", "Unicode")]
    [InlineData("[1]", "JSON")]
    [InlineData("{\"key\":\"x\",\"value\":\"y\"} trailing", "not JSON")]
    public async Task Import_WithABrokenLine_NamesItAndKeepsTheLinesBefore(string broken, string reason)
    {
        var lines = Enumerable.Range(1, 5).Select(static i => $"{{\"key\":\"k{i}\",\"value\":\"v{i}\"}}").ToList();
        lines[2] = broken;

        var result = await Import(lines, "--json");
        var scan = await HonuProcess.Run("scan", "--db", Db);

        Assert.Equal(2, result.ExitCode);
        ObjectCommandTests.OneLine(result);
        Assert.Contains("Line 3", result.Error, StringComparison.Ordinal);
        Assert.Contains(reason, result.Error, StringComparison.Ordinal);
        using var report = JsonDocument.Parse(result.Text);
        Assert.Equal((2, 3), (report.RootElement.GetProperty("imported").GetInt32(), report.RootElement.GetProperty("line").GetInt32()));
        Assert.Equal(["k1\tv1", "k2\tv2"], scan.Lines);
    }

    [Fact]
    public async Task Import_OfTabSeparatedLines_SplitsAtTheFirstTab()
    {
        var result = await Import(["a\t1", "", "b\t2\t3", "c\t"]);
        var broken = await Import(["d\t4", "no tab here"]);

        Assert.Equal((0, "imported 3 records\n"), (result.ExitCode, result.Text));
        Assert.Equal("2\t3\n", (await HonuProcess.Run("get", "b", "--db", Db)).Text);
        Assert.Equal("\n", (await HonuProcess.Run("get", "c", "--db", Db)).Text);
        Assert.Equal(2, broken.ExitCode);
        Assert.Contains("Line 2: there is no tab", broken.Error, StringComparison.Ordinal);
        Assert.Equal("4\n", (await HonuProcess.Run("get", "d", "--db", Db)).Text);
    }

    [Fact]
    public async Task Import_OfJsonLines_SkipsWhiteSpaceAndCountsItAsLines()
    {
        var found = await Import(["  ", "\t", "{\"key\":\"a\",\"value\":\"1\"}", " \t ", "", "{\"key\":\"b\",\"value\":\"2\"}"]);
        var given = await Import([" \t ", "{\"key\":\"c\",\"value\":\"3\"}", "  ", "broken"], "--format", "jsonl");
        var tabs = await Import(["k\tv", " \t "]);

        Assert.Equal((0, "imported 2 records\n"), (found.ExitCode, found.Text));
        Assert.Equal(2, given.ExitCode);
        Assert.Contains("Line 4:", given.Error, StringComparison.Ordinal);
        Assert.Equal((0, "imported 2 records\n"), (tabs.ExitCode, tabs.Text));
        Assert.Equal([" \t ", "a\t1", "b\t2", "c\t3", "k\tv"], (await HonuProcess.Run("scan", "--db", Db)).Lines);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Import_OfDeletionsOfWhatIsNotThere_GoesOnAndCountsThem(bool remote)
    {
        await Import(["gone\t1", "kept\t2", "known\t3"]);
        await HonuProcess.Run("delete", "gone", "--db", Db);
        await HonuProcess.Run("delete", "known", "--db", Db);
        var export = await HonuProcess.Run("export", "--db", Db, "--tombstones");
        var other = Path.Combine(_directory.Path, "other");
        await HonuProcess.Run("put", "known", "here", "--db", other);
        using var server = remote ? await HonuServer.Start(other) : null;
        string[] store = remote ? ["--remote", server!.Address] : ["--db", other];

        var import = await HonuProcess.RunWith(export.Output, ["import", "-", .. store]);
        var again = await HonuProcess.RunWith(export.Output, ["import", "-", "--json", .. store]);
        var scan = await HonuProcess.Run(["scan", .. store]);

        Assert.Equal((0, "imported 3 records, of which 1 deletions had nothing to delete\n", ""), (import.ExitCode, import.Text, import.Error));
        using var report = JsonDocument.Parse(again.Text);
        Assert.Equal((3, 2), (report.RootElement.GetProperty("imported").GetInt32(), report.RootElement.GetProperty("nothingToDelete").GetInt32()));
        Assert.Equal(["kept\t2"], scan.Lines);
    }

    [Fact]
    public async Task Import_OfOneKeyTwice_MakesTwoVersions()
    {
        await Import(["{\"key\":\"k\",\"value\":\"1\"}", "{\"key\":\"k\",\"value\":\"2\"}", "{\"key\":\"k\",\"value\":\"3\"}"]);

        var history = await HonuProcess.Run("history", "k", "--db", Db);

        Assert.Equal(["3", "2", "1"], history.Lines.Select(static line => line.Split('\t')[2]));
    }

    [Fact]
    public async Task Export_OfEverything_ImportsAgainToTheSameObjects()
    {
        var bytes = Convert.ToBase64String([0, 1, 0xFF, 0xFE, (byte)'\n']);
        await Import([
            "{\"key\":\"plain\",\"value\":\"text \\u00e9 \\ud83d\\udc22 \\n\"}",
            $"{{\"keyBase64\":\"{bytes}\",\"valueBase64\":\"{bytes}\"}}",
            "{\"namespace\":\"z::\\u0000\",\"key\":\"nul\",\"value\":\"\"}",
            "{\"namespace\":\"🐢\",\"key\":\"gone\",\"value\":\"x\"}",
        ]);
        await HonuProcess.Run("delete", "gone", "--db", Db, "--namespace", "🐢");
        var other = Path.Combine(_directory.Path, "other");

        var export = await HonuProcess.Run("export", "--db", Db, "--tombstones");
        var import = await HonuProcess.RunWith(export.Output, "import", "-", "--db", other);
        var again = await HonuProcess.Run("export", "--db", other);
        var withoutTombstones = await HonuProcess.Run("export", "--db", Db);

        Assert.Equal((0, 0), (export.ExitCode, import.ExitCode));
        Assert.Equal(4, export.Lines.Length);
        Assert.Equal(3, withoutTombstones.Lines.Length);
        Assert.Equal(withoutTombstones.Lines.Select(Content), again.Lines.Select(Content));
        Assert.Equal(["default", "default", "z::\0", "🐢"], export.Lines.Select(static line => Content(line).Namespace));
    }

    [Fact]
    public async Task Export_WhoseReaderIsGone_EndsQuietly()
    {
        await Import(Enumerable.Range(0, 2000).Select(static i => $"k{i}\t{new string('v', 500)}"));
        using var export = HonuProcess.StartForLines("export", "--db", Db);
        await export.NextLine();

        export.CloseOutput();
        var result = await export.Finish();

        Assert.Equal((0, ""), (result.ExitCode, result.Error));
    }

    [Fact]
    public async Task Export_OfHistory_ListsVersionsOldestFirst()
    {
        await Import(["k\t1", "k\t2", "j\t1"]);

        var export = await HonuProcess.Run("export", "--db", Db, "--history");

        Assert.Equal([("j", "1"), ("k", "1"), ("k", "2")], export.Lines.Select(static line => (Content(line).Key, Content(line).Value)));
    }

    [Fact]
    public async Task Import_ThroughAServer_CountsAndStoresTheSame()
    {
        using var server = await HonuServer.Start(Db);
        var lines = string.Concat(Enumerable.Range(0, 5000).Select(static i => $"{{\"key\":\"k{i:d5}\",\"value\":\"{new string('v', i % 700)}\"}}\n"));

        var good = await HonuProcess.RunWith(Encoding.UTF8.GetBytes(lines), "import", "-", "--remote", server.Address, "--json");
        var bad = await HonuProcess.RunWith(Encoding.UTF8.GetBytes("x\t1\ny\t2\nbroken\n"), "import", "-", "--remote", server.Address, "--json");
        var export = await server.Run("export");

        using var goodReport = JsonDocument.Parse(good.Text);
        using var badReport = JsonDocument.Parse(bad.Text);
        Assert.Equal((0, 5000), (good.ExitCode, goodReport.RootElement.GetProperty("imported").GetInt32()));
        Assert.Equal((2, 2), (bad.ExitCode, badReport.RootElement.GetProperty("imported").GetInt32()));
        Assert.Equal(5002, export.Lines.Length);
    }

    [Fact]
    public async Task Import_WithAServerKilledHalfWay_CountsOnlyWhatTheServerHas()
    {
        string address;
        HonuResult result;
        using (var server = await HonuServer.Start(Db, "--pid", "1"))
        {
            address = server.Address;
            using var import = HonuProcess.Start("import", "-", "--remote", address, "--json");
            // The pipe is fed until the import ends, so that the kill always falls into a running one.
            var feed = Feed(import.Input);
            await UntilStored(server, "k0000500");
            await server.Kill();
            result = await import.Finish();
            await feed;
        }

        Assert.Equal(6, result.ExitCode);
        ObjectCommandTests.OneLine(result);
        using var report = JsonDocument.Parse(result.Text);
        var acknowledged = report.RootElement.GetProperty("imported").GetInt32();
        Assert.True(acknowledged > 0, "nothing was acknowledged before the kill");
        Assert.Contains($"{acknowledged} records", result.Error, StringComparison.Ordinal);
        var keys = (await HonuProcess.Run("scan", "--db", Db, "--keys-only")).Lines;
        Assert.True(keys.Length >= acknowledged, $"{acknowledged} acknowledged, {keys.Length} stored");
        Assert.Equal(Enumerable.Range(0, keys.Length).Select(static i => $"k{i:d7}"), keys);
    }

    private static async Task Feed(StreamWriter input)
    {
        try
        {
            for (var i = 0; i < 10_000_000; i++)
                await input.WriteAsync($"k{i:d7}\tvalue of record {i}\n");
            input.Close();
        }
        catch (IOException)
        {
            // The import ended: its end of the pipe is closed.
        }
    }

    private static async Task UntilStored(HonuServer server, string key)
    {
        using var guard = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        while ((await server.Run("get", key)).ExitCode != 0)
            guard.Token.ThrowIfCancellationRequested();
    }

    private static (string Namespace, string? Key, string? Value) Content(string line)
    {
        using var json = JsonDocument.Parse(line);
        var root = json.RootElement;
        return (
            root.GetProperty("namespace").GetString()!,
            (root.TryGetProperty("key", out var key) ? key : root.GetProperty("keyBase64")).GetString(),
            root.TryGetProperty("value", out var value) || root.TryGetProperty("valueBase64", out value) ? value.GetString() : null);
    }

    private Task<HonuResult> Import(IEnumerable<string> lines, params string[] args) =>
        HonuProcess.RunWith(Encoding.UTF8.GetBytes(string.Join('\n', lines) + "\n"), ["import", "-", "--db", Db, .. args]);

    private string Db => Path.Combine(_directory.Path, "db");
}
