using System.Text.Json;
using Honu.TestKit;

namespace Honu.Cli.Tests;

/// <summary>Backup, restore, verify and repair, as an operator runs them.</summary>
public sealed class CareCommandTests : IDisposable
{
    private readonly TestDirectory _directory = new();

    private string Db => _directory.Combine("db");

    private string Backup => _directory.Combine("backup");

    public void Dispose() => _directory.Dispose();

    [Fact]
    public async Task BackupAndRestore_GiveTheSameExportUnderAnotherEpoch()
    {
        await Fill();
        var export = (await HonuProcess.Run("export", "--db", Db, "--history")).Text;

        var backup = await HonuProcess.Run("backup", Backup, "--db", Db, "--json");
        var restore = await HonuProcess.Run("restore", Backup, "--db", _directory.Combine("restored"));

        Assert.Equal((0, 0, ""), (backup.ExitCode, restore.ExitCode, restore.Error));
        using (var json = JsonDocument.Parse(backup.Text))
            Assert.True(json.RootElement.GetProperty("entries").GetInt64() > 10);
        Assert.Contains("new epoch", restore.Text, StringComparison.Ordinal);
        Assert.Equal(export, (await HonuProcess.Run("export", "--db", _directory.Combine("restored"), "--history")).Text);
        var (original, restored) = (await Epoch(Db), await Epoch(_directory.Combine("restored")));
        Assert.Equal(original.StoreId, restored.StoreId);
        Assert.NotEqual(original.Epoch, restored.Epoch);
    }

    [Fact]
    public async Task BackupAndRestore_OverSomething_ExitWith2AndLeaveItAlone()
    {
        await Fill();
        Directory.CreateDirectory(Backup);
        await File.WriteAllTextAsync(Path.Combine(Backup, "thesis.txt"), "chapter 1");

        var backup = await HonuProcess.Run("backup", Backup, "--db", Db);
        var restore = await HonuProcess.Run("restore", Db, "--db", Backup);

        Assert.Equal((2, 2), (backup.ExitCode, restore.ExitCode));
        ObjectCommandTests.OneLine(backup);
        ObjectCommandTests.OneLine(restore);
        Assert.Equal(["thesis.txt"], Directory.GetFiles(Backup).Select(Path.GetFileName));
    }

    [Fact]
    public async Task Verify_HealthyStore_ExitsWith0AndCounts()
    {
        await Fill();

        var text = await HonuProcess.Run("verify", "--db", Db);
        var json = await HonuProcess.Run("verify", "--db", Db, "--json");

        Assert.Equal((0, 0, ""), (text.ExitCode, json.ExitCode, text.Error));
        Assert.Equal("healthy", text.Lines[0]);
        using var report = JsonDocument.Parse(json.Text);
        Assert.True(report.RootElement.GetProperty("healthy").GetBoolean());
        Assert.Equal(20, report.RootElement.GetProperty("currentRecords").GetInt64());
    }

    [Fact]
    public async Task VerifyAndRepair_DamagedStore_ExitWith5ThenOpenAgain()
    {
        await Fill();
        var log = Directory.GetFiles(Db, "*.log").Single();
        await using (var file = new FileStream(log, FileMode.Append))
            await file.WriteAsync(new byte[] { 1, 2, 3, 4, 5, 0, 1, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9 });
        var export = await HonuProcess.Run("export", "--db", Db);
        Assert.Equal(5, export.ExitCode);

        var damaged = await HonuProcess.Run("verify", "--db", Db, "--json");
        var repair = await HonuProcess.Run("repair", "--db", Db, "--yes");
        var healthy = await HonuProcess.Run("verify", "--db", Db);

        Assert.Equal((5, 0, 0), (damaged.ExitCode, repair.ExitCode, healthy.ExitCode));
        using (var report = JsonDocument.Parse(damaged.Text))
        {
            Assert.False(report.RootElement.GetProperty("healthy").GetBoolean());
            Assert.NotEmpty(report.RootElement.GetProperty("problems").EnumerateArray());
        }

        Assert.Contains(repair.Lines, static line => line.StartsWith("current    20", StringComparison.Ordinal));
        Assert.Equal(20, (await HonuProcess.Run("export", "--db", Db)).Lines.Length);
    }

    [Fact]
    public async Task EveryCareVerb_OnALockedStore_ExitsWith4()
    {
        using var server = await HonuServer.Start(Db);
        string[][] verbs = [["backup", Backup, "--db", Db], ["restore", Db, "--db", Backup], ["verify", "--db", Db], ["repair", "--db", Db, "--yes"]];

        foreach (var verb in verbs)
        {
            var result = await HonuProcess.Run(verb);
            Assert.True(result.ExitCode == 4, $"{verb[0]} exits with {result.ExitCode}: {result.Error}");
            ObjectCommandTests.OneLine(result);
        }

        Assert.False(Directory.Exists(Backup));
    }

    // A copied directory takes a new epoch with its first writer, not because somebody looked at it.
    [Fact]
    public async Task ReadingVerbs_OnACopiedDirectory_LeaveItsEpochAlone()
    {
        await Fill();
        var copy = _directory.Combine("copy");
        Directory.CreateDirectory(copy);
        foreach (var file in Directory.GetFiles(Db))
            File.Copy(file, Path.Combine(copy, Path.GetFileName(file)));
        string[][] verbs = [["get", "k1"], ["scan"], ["history", "k1"], ["export"], ["stats"], ["verify"]];

        foreach (var verb in verbs)
            Assert.Equal(0, (await HonuProcess.Run([.. verb, "--db", copy])).ExitCode);

        using var store = HonuStore.Open(copy, new HonuStoreOptions { ReadOnly = true });
        Assert.Equal((await Epoch(Db)).Epoch, store.Identity.Replica.Epoch);
    }

    private static async Task<(string StoreId, uint Epoch)> Epoch(string db)
    {
        using var json = JsonDocument.Parse((await HonuProcess.Run("status", "--db", db, "--json")).Text);
        return (json.RootElement.GetProperty("storeId").GetString()!, json.RootElement.GetProperty("epoch").GetUInt32());
    }

    private async Task Fill()
    {
        var lines = string.Join('\n', Enumerable.Range(0, 20).SelectMany(static i => new[] { $"k{i}\tfirst {i}", $"k{i}\tsecond {i}" }));
        var import = await HonuProcess.RunWith(System.Text.Encoding.UTF8.GetBytes(lines + "\n"), "import", "-", "--db", Db, "--format", "tsv");
        Assert.Equal(0, import.ExitCode);
    }
}
