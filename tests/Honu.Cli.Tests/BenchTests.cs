using System.Text.Json;
using Honu.TestKit;

namespace Honu.Cli.Tests;

/// <summary><c>honu bench</c> with few keys: what it prints and what it leaves behind. The figures themselves are for a quiet machine.</summary>
public sealed class BenchTests : IDisposable
{
    private static readonly string[] Workloads = ["fillseq", "fillrandom", "readrandom", "readmissing", "scan", "overwrite", "overwrite2", "delete"];

    private readonly TestDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Fact]
    public async Task Json_OfAllWorkloads_HasALinePerEngineAndThenALinePerPair()
    {
        var result = await Bench("--value-sizes", "100", "--retention", "parents,3", "--json");

        Assert.Equal((0, ""), (result.ExitCode, result.Error));
        var lines = result.Lines.Select(static line => JsonDocument.Parse(line).RootElement).ToList();
        Assert.Equal(5 * Workloads.Length, lines.Count);
        foreach (var (line, index) in lines.Take(3 * Workloads.Length).Select(static (line, index) => (line, index)))
        {
            Assert.Equal(Workloads[index / 3], line.GetProperty("workload").GetString());
            Assert.Equal(100, line.GetProperty("valueSize").GetInt32());
            Assert.Equal(index % 3 == 0 ? "leveldb" : "honu", line.GetProperty("engine").GetString());
            Assert.Equal((index % 3) switch { 0 => null, 1 => "parents", _ => "3" }, line.TryGetProperty("retention", out var retention) ? retention.GetString() : null);
            IsPositive(line, "opsPerSec");
            IsPositive(line, "cpuMicrosPerOp");
            Assert.InRange(line.GetProperty("allocatedBytesPerOp").GetDouble(), 0, 1 << 20);
        }

        foreach (var (line, index) in lines.Skip(3 * Workloads.Length).Select(static (line, index) => (line, index)))
        {
            Assert.Equal(
                ["workload", "valueSize", "retention", "ratioWall", "ratioCpu", "ratioProcessCpu"], line.EnumerateObject().Select(static item => item.Name));
            Assert.Equal(Workloads[index / 2], line.GetProperty("workload").GetString());
            Assert.Equal(index % 2 == 0 ? "parents" : "3", line.GetProperty("retention").GetString());
            IsPositive(line, "ratioWall");
            IsPositive(line, "ratioCpu");
            IsPositive(line, "ratioProcessCpu");
        }

        Assert.Empty(Directory.EnumerateFileSystemEntries(_directory.Path));
    }

    [Fact]
    public async Task Workloads_ThatNeedOthers_AreReportedAlone()
    {
        var result = await Bench("--value-sizes", "100", "--workloads", "overwrite2", "--durability", "synced", "--integrity", "records", "--json");

        Assert.Equal((0, ""), (result.ExitCode, result.Error));
        Assert.Equal(3, result.Lines.Length);
        Assert.All(result.Lines, static line => Assert.Contains("\"overwrite2\"", line, StringComparison.Ordinal));
    }

    [Fact]
    public async Task Table_NamesWorkloadAndEngines()
    {
        var result = await Bench("--value-sizes", "1KiB", "--workloads", "fillseq");

        Assert.Equal((0, ""), (result.ExitCode, result.Error));
        Assert.Contains("leveldb", result.Text, StringComparison.Ordinal);
        Assert.Contains("honu parents", result.Text, StringComparison.Ordinal);
        Assert.Contains("1,024", result.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Terminated_InTheMiddle_RemovesItsDatabases()
    {
        using var bench = HonuProcess.Start("bench", "--db", _directory.Path, "--keys", "1000000", "--rounds", "100");
        using var watcher = new FileSystemWatcher(_directory.Path) { IncludeSubdirectories = true };
        var begun = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        watcher.Created += (_, _) => begun.TrySetResult();
        watcher.EnableRaisingEvents = true;
        if (Directory.EnumerateFileSystemEntries(_directory.Path).Any())
            begun.TrySetResult();
        await begun.Task.WaitAsync(TimeSpan.FromSeconds(60));

        var result = await bench.Terminate();

        Assert.Equal((130, ""), (result.ExitCode, result.Text));
        ObjectCommandTests.OneLine(result);
        Assert.Empty(Directory.EnumerateFileSystemEntries(_directory.Path));
    }

    [Theory]
    [InlineData("--keys", "0")]
    [InlineData("--keys", "many")]
    [InlineData("--value-sizes", "100,,4096")]
    [InlineData("--value-sizes", "1GiB")]
    [InlineData("--durability", "perhaps")]
    [InlineData("--retention", "0")]
    [InlineData("--retention", "parents,some")]
    [InlineData("--integrity", "none")]
    [InlineData("--rounds", "-1")]
    [InlineData("--head-cache", "-1")]
    [InlineData("--workloads", "fillseq,fillslow")]
    [InlineData("--db", "no/such/directory")]
    public async Task BadInput_ExitsWith2AndOneLine(string option, string value)
    {
        var result = await HonuProcess.Run("bench", option, value);

        Assert.Equal((2, ""), (result.ExitCode, result.Text));
        ObjectCommandTests.OneLine(result);
    }

    private Task<HonuResult> Bench(params string[] args) => HonuProcess.Run(["bench", "--db", _directory.Path, "--keys", "500", "--rounds", "1", .. args.AsSpan()]);

    private static void IsPositive(JsonElement line, string property)
    {
        var number = line.GetProperty(property).GetDouble();
        Assert.True(double.IsFinite(number) && number > 0, $"{property} is {number} in {line}");
    }
}
