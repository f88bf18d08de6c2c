using System.Text;
using System.Text.Json;
using System.Xml.Linq;
using Honu.TestKit;

namespace Honu.Simulation.Tests;

/// <summary>What is made of results: summaries, lines of JSON, the file that keeps them, and the page of plots.</summary>
public sealed class ReportTests : IDisposable
{
    private readonly TestDirectory _directory = new();

    private string ResultPath => Path.Combine(_directory.Path, "results.jsonl");

    public void Dispose() => _directory.Dispose();

    [Theory]
    [InlineData(1, 12.706)]
    [InlineData(9, 2.262)]
    [InlineData(11, 2.201)]
    [InlineData(20, 2.086)]
    [InlineData(99, 1.984)]
    public void StudentT_OfDegrees_IsAsTabulated(int degrees, double expected) => Assert.Equal(expected, Estimate.StudentT(degrees), 0.0006);

    [Fact]
    public void Of_Values_HasMeanAndInterval()
    {
        var estimate = Estimate.Of([1, 2, 3])!;

        // Deviation 1, so half of the interval is 4.3027 / √3.
        Assert.Equal(2, estimate.Mean, 12);
        Assert.Equal(2 - 2.48417, estimate.Low!.Value, 4);
        Assert.Equal(2 + 2.48417, estimate.High!.Value, 4);
        Assert.Equal(new Estimate(5, null, null), Estimate.Of([5]));
        Assert.Null(Estimate.Of([]));
    }

    [Fact]
    public void Of_Results_PairsRatiosBySeed()
    {
        var summaries = DesignSummary.Of([Result("uniform", 1, 1000), Result("x", 1, 100), Result("uniform", 2, 2000), Result("x", 2, 400)]);

        Assert.Equal(["uniform", "x"], summaries.Select(static summary => summary.Design));
        Assert.Equal(250, summaries[1].Means["visibilityMeanMs"].Mean);
        Assert.Equal(0.15, summaries[1].Ratios["visibilityMeanMs"].Mean, 12);
        Assert.Equal(1, summaries[0].Ratios["visibilityMeanMs"].Mean);

        // Uniform has no forks: nothing can be divided by that.
        Assert.DoesNotContain("forks", summaries[1].Ratios);
        Assert.DoesNotContain("relearnPushes", summaries[1].Means);
    }

    [Fact]
    public void Of_RunInWhichNothingWasSeen_HasNoTimes()
    {
        var unseen = Result("x", 1, 0) with { Writes = 5, Unseen = 5, Messages = 10 };

        var summary = DesignSummary.Of([Result("uniform", 1, 1000) with { Messages = 20 }, unseen])[1];
        var line = Json(writer => ResultLines.Write(writer, unseen));

        // 0 ms would be the best of all designs.
        Assert.All((string[])["visibilityMeanMs", "visibilityP50Ms", "visibilityP99Ms", "t50Ms", "t90Ms"], name =>
        {
            Assert.Equal(JsonValueKind.Null, line.GetProperty(name).ValueKind);
            Assert.DoesNotContain(name, summary.Means);
            Assert.DoesNotContain(name, summary.Ratios);
        });
        Assert.Equal(0.5, summary.Ratios["messages"].Mean);
    }

    [Theory]
    [InlineData("uniform@cost", "uniform@paper", 0.5)]
    [InlineData("uniform@cost", "uniform", 0.25)]
    public void Of_UniformWithAReward_IsDividedBy(string first, string second, double ratio)
    {
        // By the one without a reward if there is one, else by the first.
        var summaries = DesignSummary.Of([Result(first, 1, 1000), Result(second, 1, 2000), Result("x", 1, 500)]);

        Assert.Equal(ratio, summaries[2].Ratios["visibilityMeanMs"].Mean);
    }

    [Fact]
    public void Of_ResultsWithoutUniform_HaveNoRatios() => Assert.Empty(DesignSummary.Of([Result("x", 1, 100)])[0].Ratios);

    [Fact]
    public void Write_Summary_HasRatiosWithIntervals()
    {
        var summaries = DesignSummary.Of([Result("uniform", 1, 1000), Result("epsilon-greedy:0.1", 1, 800), Result("uniform", 2, 1000), Result("epsilon-greedy:0.1", 2, 820)]);

        var line = Json(writer => ResultLines.Write(writer, summaries[1]));

        var ratio = line.GetProperty("ratioToUniform").GetProperty("visibilityMeanMs");
        Assert.Equal(0.81, ratio.GetProperty("ratio").GetDouble());
        Assert.True(ratio.GetProperty("low").GetDouble() < 0.8 && ratio.GetProperty("high").GetDouble() > 0.82);
        Assert.Equal((2, 810), (line.GetProperty("seeds").GetInt32(), line.GetProperty("visibilityMeanMs").GetDouble()));
        Assert.Equal((1943, 0.824), (line.GetProperty("paperVisibilityMeanMs").GetDouble(), line.GetProperty("paperRatioToUniform").GetDouble()));
        Assert.False(line.TryGetProperty("seed", out _));
    }

    [Fact]
    public void Open_FileOfTheSameSettings_FindsItsResults()
    {
        var settings = RunSettings.Of(new ExperimentOptions());
        var result = Result("uniform", 3, 1000) with { Rewards = [new(0, 0.5)], VisibilityQuantilesMs = [1, 2.5], Traffic = [new("A", "B", 3, 4)], RelearnPushes = 6.5 };
        using (var file = ResultFile.Open(ResultPath, settings))
            file.Add(result);

        using var again = ResultFile.Open(ResultPath, settings);
        var found = again.Find("uniform", 3)!;

        Assert.Equal(JsonSerializer.Serialize(result), JsonSerializer.Serialize(found));
        Assert.Null(again.Find("uniform", 4));
        Assert.Null(again.Find("x", 3));
    }

    [Fact]
    public void Open_FileOfOtherSettings_FindsNothingAndKeepsIt()
    {
        using (var file = ResultFile.Open(ResultPath, RunSettings.Of(new ExperimentOptions())))
            file.Add(Result("uniform", 3, 1000));

        foreach (var other in (ExperimentOptions[])[new() { Loss = 0.1 }, new() { Scenario = Scenarios.Load }, new() { Duration = TimeSpan.FromSeconds(1) }, new() { Latency = TwoRegions() }])
        {
            using var file = ResultFile.Open(ResultPath, RunSettings.Of(other));
            Assert.Null(file.Find("uniform", 3));
        }

        using var same = ResultFile.Open(ResultPath, RunSettings.Of(new ExperimentOptions { Design = "x", Seed = 9 }));
        Assert.NotNull(same.Find("uniform", 3));
    }

    [Fact]
    public void Open_FileWithHalfALine_CutsItOff()
    {
        var settings = RunSettings.Of(new ExperimentOptions());
        using (var file = ResultFile.Open(ResultPath, settings))
            file.Add(Result("uniform", 1, 1000));
        var whole = File.ReadAllText(ResultPath);
        File.AppendAllText(ResultPath, whole[..(whole.Length / 2)]);

        using (var file = ResultFile.Open(ResultPath, settings))
            file.Add(Result("uniform", 2, 2000));

        using var again = ResultFile.Open(ResultPath, settings);
        Assert.Equal((1000, 2000), (again.Find("uniform", 1)!.VisibilityMeanMs, again.Find("uniform", 2)!.VisibilityMeanMs));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(20)]
    [InlineData(200)]
    public void Open_FileWithTheBeginOfALine_CutsItOff(int length)
    {
        var settings = RunSettings.Of(new ExperimentOptions());
        using (var file = ResultFile.Open(ResultPath, settings))
            file.Add(Result("uniform", 1, 1000));
        var whole = File.ReadAllText(ResultPath);
        File.AppendAllText(ResultPath, whole[..length]);

        using (ResultFile.Open(ResultPath, settings))
        {
        }

        Assert.Equal(whole, File.ReadAllText(ResultPath));
    }

    [Fact]
    public void Open_FileThatIsOpen_IsRefused()
    {
        using var file = ResultFile.Open(ResultPath, RunSettings.Of(new ExperimentOptions()));

        Assert.Throws<IOException>(() => ResultFile.Open(ResultPath, RunSettings.Of(new ExperimentOptions())));
    }

    [Theory]
    [InlineData("a letter to someone")]
    [InlineData("a letter to someone\n")]
    [InlineData("{\"settings\":null,\"result\":null}\n")]
    [InlineData("{}\n")]
    [InlineData("[1,2]\n")]
    [InlineData("{\"name\":\"something\",\"version\":1}")]
    [InlineData("{\n")]
    public void Open_FileOfSomethingElse_NamesTheLineAndLeavesIt(string content)
    {
        File.WriteAllText(ResultPath, content);

        var error = Assert.Throws<FormatException>(() => ResultFile.Open(ResultPath, RunSettings.Of(new ExperimentOptions())));

        Assert.Contains("line 1", error.Message, StringComparison.Ordinal);
        Assert.Equal(content, File.ReadAllText(ResultPath));
    }

    [Fact]
    public void Write_Page_IsWholeAndLoadsNothing()
    {
        var result = PaperExperiment.Run(
            new ExperimentOptions { Scenario = Scenarios.Paper, Latency = TwoRegions(), Duration = TimeSpan.FromSeconds(30), WarmUp = TimeSpan.FromSeconds(5) });
        using var writer = new StringWriter();

        HtmlReport.Write(writer, "<title> & more", [("name", "\"value\"")], [result, result with { Design = "a<b" }], TwoRegions());

        var page = writer.ToString();
        Assert.Contains("&lt;title&gt; &amp; more", page, StringComparison.Ordinal);
        foreach (var title in (string[])["Visibility", "Bytes", "Reward", "Topology"])
            Assert.Contains($"<h2>{title}</h2>", page, StringComparison.Ordinal);
        foreach (var loads in (string[])["http:", "https:", "<script", "<link", "<img", "<iframe", "src=", "url(", "@import", "NaN", "∞"])
            Assert.DoesNotContain(loads, page, StringComparison.OrdinalIgnoreCase);

        // HTML forgives what XML does not: this finds tags that are not closed and names that are not escaped.
        var document = XDocument.Parse(page.Replace("<meta charset=\"utf-8\">", "", StringComparison.Ordinal).Replace("initial-scale=1\">", "initial-scale=1\"/>", StringComparison.Ordinal));
        Assert.True(document.Descendants("path").Count(static path => path.Attribute("class")?.Value.StartsWith("s c", StringComparison.Ordinal) == true) >= 4);
        Assert.Equal(2, document.Descendants("figure").Count());
    }

    [Fact]
    public void Write_OfForks_TellsWhoWon()
    {
        var run = Result("uniform", 1, 1000) with { ForkShares = [new("A", 4, 3), new("B", 4, 1), new("C", 0, 0)] };
        var summaries = DesignSummary.Of([run, run with { Seed = 2 }]);
        using var page = new StringWriter();

        var shares = Json(writer => ResultLines.Write(writer, summaries[0])).GetProperty("forkShares");
        HtmlReport.Write(page, "forks", [], summaries[0].Runs, TwoRegions());

        Assert.Equal("[{\"region\":\"A\",\"tookPart\":8,\"won\":6},{\"region\":\"B\",\"tookPart\":8,\"won\":2}]", shares.GetRawText());
        Assert.Contains("<td>A</td><td>75.0 % <small>of 8</small></td>", page.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void Write_OfWritesThatNotEverybodySaw_TellsHowMany()
    {
        using var page = new StringWriter();

        HtmlReport.Write(page, "lost", [], [Result("x<y", 1, 1000) with { Writes = 1500, Unseen = 7 }, Result("x<y", 2, 1000) with { Writes = 500 }], TwoRegions());

        Assert.Contains("<p>x&lt;y: 7 of 2,000 writes had not reached every replica", page.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void Write_PageOfAnIdleRun_HasNoPlotsOfWrites()
    {
        using var writer = new StringWriter();

        HtmlReport.Write(writer, "idle", [], [new ExperimentResult(Scenarios.Idle, "uniform", 1) { BytesTotal = 10, BytesCrossRegion = 10 }], TwoRegions());

        Assert.DoesNotContain("<h2>Visibility</h2>", writer.ToString(), StringComparison.Ordinal);
        Assert.Contains("<h2>Bytes</h2>", writer.ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(0, 0.87, 5, 1)]
    [InlineData(0, 3824, 5, 4000)]
    [InlineData(0, 0, 6, 1)]
    public void Linear_Axis_EndsWithAMark(double least, double most, int ticks, double last)
    {
        var axis = Axis.Linear(least, most);

        Assert.Equal(last, axis.Ticks[^1], 9);
        Assert.InRange(axis.Ticks.Count, ticks - 1, ticks + 4);
        Assert.Equal(1, axis.Place(axis.Ticks[^1]), 9);
    }

    [Fact]
    public void Logarithmic_Axis_PlacesByFactor()
    {
        var axis = Axis.Logarithmic(10, 1000);

        Assert.Equal(0.5, axis.Place(100), 9);
        Assert.Equal([10, 20, 50, 100, 200, 500, 1000], axis.Ticks);
    }

    private static ExperimentResult Result(string design, int seed, double mean) => new(Scenarios.Paper, design, seed) { VisibilityMeanMs = mean, Writes = 1 };

    private static LatencyMatrix TwoRegions() => LatencyMatrix.Read(new StringReader("src,dst,oneway_sim_ms\nA,A,0.25\nA,B,40\nB,A,40\nB,B,0.25\n"), "test");

    private static JsonElement Json(Action<Utf8JsonWriter> write)
    {
        using var stream = new MemoryStream();
        using (var writer = new Utf8JsonWriter(stream))
            write(writer);
        return JsonDocument.Parse(Encoding.UTF8.GetString(stream.ToArray())).RootElement;
    }
}
