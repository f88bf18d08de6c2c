using System.Text.Json;
using System.Text.Json.Nodes;
using Honu.TestKit;

namespace Honu.Cli.Tests;

/// <summary><c>honu sim</c> in small worlds and for short times: what it prints, keeps and refuses. The figures are tested with the simulator.</summary>
public sealed class SimTests : IDisposable
{
    private static readonly string[] RunFields =
    [
        "design", "seed", "visibilityMeanMs", "visibilityP50Ms", "visibilityP99Ms", "t50Ms", "t90Ms", "messages", "bytesCrossRegion", "bytesTotal", "staleReadFraction", "forks",
        "relearnPushes",
    ];

    private readonly TestDirectory _directory = new();

    public SimTests() => File.WriteAllText(
        Latency, "src,dst,oneway_sim_ms\nnorth,north,0.25\nnorth,south,30\nsouth,north,30\nsouth,south,0.25\n");

    private string Latency => In("latency.csv");

    public void Dispose() => _directory.Dispose();

    [Fact]
    public async Task Json_OfThePaper_HasALinePerRunAndThenALinePerDesign()
    {
        var result = await Paper("--designs", "uniform,epsilon-greedy:0.5,uniform", "--seeds", "2", "--json");

        Assert.Equal((0, ""), (result.ExitCode, result.Error));
        var lines = Lines(result);
        Assert.Equal(6, lines.Count);
        Assert.Equal(
            [("uniform", 1), ("epsilon-greedy:0.5", 1), ("uniform", 2), ("epsilon-greedy:0.5", 2)],
            lines.Take(4).Select(static line => (line.GetProperty("design").GetString()!, line.GetProperty("seed").GetInt32())));
        foreach (var line in lines.Take(4))
        {
            Assert.Equal(RunFields, line.EnumerateObject().Select(static field => field.Name));
            Assert.All(RunFields[2..10], field => Assert.True(line.GetProperty(field).GetDouble() > 0, field));
            Assert.InRange(line.GetProperty("staleReadFraction").GetDouble(), 0.0001, 1);
            Assert.Equal((0, JsonValueKind.Null), (line.GetProperty("forks").GetInt32(), line.GetProperty("relearnPushes").ValueKind));
        }

        foreach (var line in lines.Skip(4))
        {
            Assert.False(line.TryGetProperty("seed", out _));
            Assert.Equal(2, line.GetProperty("seeds").GetInt32());
            var ratio = line.GetProperty("ratioToUniform").GetProperty("visibilityMeanMs");
            Assert.InRange(ratio.GetProperty("ratio").GetDouble(), ratio.GetProperty("low").GetDouble(), ratio.GetProperty("high").GetDouble());
        }

        Assert.Equal(1, lines[4].GetProperty("ratioToUniform").GetProperty("messages").GetProperty("ratio").GetDouble());
        Assert.Equal(1873, lines[5].GetProperty("paperVisibilityMeanMs").GetDouble());
    }

    [Fact]
    public async Task Table_OfThePaper_StandsBesideItsFigures()
    {
        var result = await Paper("--seeds", "1");

        Assert.Equal((0, ""), (result.ExitCode, result.Error));
        foreach (var expected in (string[])["uniform", "epsilon-greedy:0.1", "annealing-epsilon-greedy", "2,358", "1,885", "0.799", "paper ×"])
            Assert.Contains(expected, result.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Designs_OfReplicas_AreComparedByTheirBytes()
    {
        var result = await HonuProcess.Run(
            "sim", "--latency", Latency, "--replicas-per-region", "2", "--warm-up", "5s", "--duration", "10s", "--write-interval", "1s", "--seeds", "1", "--designs", "uniform,two-level@novelty", "--json");

        Assert.Equal((0, ""), (result.ExitCode, result.Error));
        var lines = Lines(result);
        Assert.Equal(["uniform", "two-level@novelty", "uniform", "two-level@novelty"], lines.Select(static line => line.GetProperty("design").GetString()));
        Assert.InRange(lines[0].GetProperty("visibilityMeanMs").GetDouble(), 30, 2000);
        Assert.True(lines[0].GetProperty("bytesTotal").GetInt64() > lines[0].GetProperty("bytesCrossRegion").GetInt64());
        Assert.Equal("light", lines[2].GetProperty("scenario").GetString());
    }

    [Fact]
    public async Task Results_OfAnEarlierRun_AreTakenAsTheyAre()
    {
        var first = await Paper("--designs", "uniform", "--seeds", "2", "--results", In("r.jsonl"), "--json");
        var kept = File.ReadAllLines(In("r.jsonl")).Select(static line => JsonNode.Parse(line)!).ToList();

        // A figure that no simulation gives shows where a result came from.
        kept.Single(static line => (int)line["result"]!["seed"]! == 1)["result"]!["visibilityMeanMs"] = 12345;
        File.WriteAllLines(In("r.jsonl"), kept.Select(static line => line.ToJsonString()));
        var second = await Paper("--designs", "uniform", "--seeds", "3", "--results", In("r.jsonl"), "--json");
        var other = await Paper("--designs", "uniform", "--seeds", "1", "--results", In("r.jsonl"), "--write-interval", "3s", "--json");

        Assert.Equal((0, 0, 0), (first.ExitCode, second.ExitCode, other.ExitCode));
        Assert.Equal(12345, Lines(second)[0].GetProperty("visibilityMeanMs").GetDouble());
        Assert.Equal(Lines(first)[1].GetRawText(), Lines(second)[1].GetRawText());
        Assert.NotEqual(12345, Lines(other)[0].GetProperty("visibilityMeanMs").GetDouble());
        Assert.Equal(2 + 1 + 1, File.ReadAllLines(In("r.jsonl")).Length);
    }

    [Fact]
    public async Task Interrupted_InTheMiddle_SaysWhatIsKeptAndGoesOnFromThere()
    {
        string[] args = ["sim", "--scenario", "paper", "--latency", Latency, "--warm-up", "30s", "--duration", "60s", "--designs", "uniform", "--jobs", "1", "--results", In("r.jsonl"), "--json"];
        using var sim = HonuProcess.StartForLines([.. args, "--seeds", "10000"]);
        var first = await sim.NextLine();

        var ended = await sim.Terminate();
        var kept = File.ReadAllLines(In("r.jsonl")).Length;
        var again = await HonuProcess.Run([.. args, "--seeds", "1"]);

        Assert.Equal(130, ended.ExitCode);
        Assert.Matches($"^honu: Interrupted: .*r.jsonl has {kept} of 10000 runs\\. .*\n$", ended.Error);
        Assert.InRange(kept, 1, 9999);
        Assert.Equal(first, again.Lines[0]);
        Assert.Equal(kept, File.ReadAllLines(In("r.jsonl")).Length);
    }

    [Fact]
    public async Task Report_OfARun_LoadsNothing()
    {
        var result = await Paper("--designs", "uniform,annealing-epsilon-greedy", "--seeds", "1", "--connections", "kept", "--report", In("report.html"));

        Assert.Equal((0, ""), (result.ExitCode, result.Error));
        var page = File.ReadAllText(In("report.html"));
        foreach (var expected in (string[])["<!DOCTYPE html>", "<svg", "annealing-epsilon-greedy", "<dd>kept</dd>", "<h2>Topology</h2>", "prefers-color-scheme: dark", "</html>"])
            Assert.Contains(expected, page, StringComparison.Ordinal);
        foreach (var loads in (string[])["http:", "https:", "<script", "<link", "<img", "src=", "url(", "@import"])
            Assert.DoesNotContain(loads, page, StringComparison.OrdinalIgnoreCase);
    }

    [Theory]
    [InlineData("there is no \"sunny\"", "--scenario", "sunny")]
    [InlineData("uniform", "--designs", "uniform,psychic")]
    [InlineData("region-relay", "--scenario", "paper", "--designs", "region-relay")]
    [InlineData("1 to 10000", "--seeds", "0")]
    [InlineData("1 to 1000", "--replicas-per-region", "x")]
    [InlineData("replicas", "--replicas-per-region", "1000")]
    [InlineData("3 replicas", "--writers-per-region", "4")]
    [InlineData("duration", "--duration", "300")]
    [InlineData("at most 1d", "--duration", "2d")]
    [InlineData("--duration: at least 1s", "--duration", "500ms")]
    [InlineData("--duration: at least 1s", "--scenario", "paper", "--duration", "1ms")]
    [InlineData("is not a duration", "--duration", "0s")]
    [InlineData("is not a duration", "--duration=-5s")]
    [InlineData("--write-interval: at most 1d", "--write-interval", "2d")]
    [InlineData("kept", "--connections", "some")]
    [InlineData("share", "--loss", "1")]
    [InlineData("share", "--loss=-Infinity")]
    [InlineData("loses nothing", "--scenario", "paper", "--loss", "0.1")]
    [InlineData("even distances", "--scenario", "paper", "--random-writes")]
    [InlineData("unnamed", "--scenario", "paper", "--unnamed-regions")]
    [InlineData("missing.csv", "--latency", "missing.csv")]
    [InlineData("no directory", "--results", "no/such/directory/r.jsonl")]
    [InlineData("is a directory", "--report", ".")]
    [InlineData("needs a name", "--results", "")]
    [InlineData("take its place", "--results", "same.file", "--report", "./same.file")]
    public async Task BadInput_ExitsWith2AndOneLine(string says, params string[] args)
    {
        var result = await HonuProcess.Run(["sim", .. args]);

        Assert.Equal((2, ""), (result.ExitCode, result.Text));
        ObjectCommandTests.OneLine(result);
        Assert.Contains(says, result.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task BadFiles_AreNamedWithTheirLine()
    {
        File.WriteAllText(In("bad.csv"), "src,dst,oneway_sim_ms\nnorth,north,soon\n");
        File.WriteAllText(In("letter.txt"), "Dear reader,\n");

        var latency = await HonuProcess.Run("sim", "--latency", In("bad.csv"));
        var results = await HonuProcess.Run("sim", "--results", In("letter.txt"));

        Assert.Equal((2, 2), (latency.ExitCode, results.ExitCode));
        Assert.Contains("bad.csv, line 2", latency.Error, StringComparison.Ordinal);
        Assert.Contains("letter.txt, line 1", results.Error, StringComparison.Ordinal);
        Assert.Equal("Dear reader,\n", File.ReadAllText(In("letter.txt")));
    }

    private static List<JsonElement> Lines(HonuResult result) => [.. result.Lines.Select(static line => JsonDocument.Parse(line).RootElement)];

    private string In(string name) => Path.Combine(_directory.Path, name);

    private Task<HonuResult> Paper(params string[] args) => HonuProcess.Run(["sim", "--scenario", "paper", "--latency", Latency, "--warm-up", "30s", "--duration", "30s", .. args.AsSpan()]);
}
