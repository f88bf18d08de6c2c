namespace Honu.Simulation.Tests;

public class LatencyMatrixTests
{
    private const string TwoRegions = """
        note,dst,oneway_sim_ms,src
        x,North,0.5,North
        x,South,40,North

        x,North,41.5,South
        x,South,0.25,South
        """;

    [Fact]
    public void Default_IsThePublishedMeasurement()
    {
        var matrix = LatencyMatrix.Default;

        Assert.Equal(15, matrix.Regions.Count);
        Assert.Equal(35.402, matrix.OneWayMs(Region("California"), Region("Canada")));
        Assert.All(Enumerable.Range(0, 15), region => Assert.Equal(0.25, matrix.OneWayMs(region, region)));

        int Region(string name) => matrix.Regions.ToList().IndexOf(name);
    }

    [Fact]
    public void Read_ColumnsInAnyOrder_AreFoundByTheirNames()
    {
        var matrix = LatencyMatrix.Read(new StringReader(TwoRegions), "two.csv");

        Assert.Equal(["North", "South"], matrix.Regions);
        Assert.Equal(40, matrix.OneWayMs(0, 1));
        Assert.Equal(41.5, matrix.OneWayMs(1, 0));
    }

    [Theory]
    [InlineData("40", "-40", "line 3, column oneway_sim_ms: \"-40\"")]
    [InlineData("40", "fast", "line 3, column oneway_sim_ms: \"fast\"")]
    [InlineData("40", "NaN", "line 3, column oneway_sim_ms: \"NaN\"")]
    [InlineData("40", "Infinity", "line 3, column oneway_sim_ms")]
    [InlineData("40", "", "line 3, column oneway_sim_ms: there is no value")]
    [InlineData("x,North,41.5,South", "x,North,41.5,", "line 5, column src: there is no value")]
    [InlineData("x,North,41.5,South", "x,North", "line 5, column src")]
    [InlineData("x,North,41.5,South", "", "without a line from South to North")]
    [InlineData("x,South,0.25,South", "", "line 5, columns src and dst: the file ends without a line from South to South")]
    [InlineData("x,North,41.5,South", "x,South,41.5,North", "line 5, columns src and dst: North to South is given twice")]
    [InlineData("oneway_sim_ms", "ms", "line 1: there is no column oneway_sim_ms; there are: note, dst, ms, src")]
    public void Read_FileWithAFault_TellsLineAndColumn(string instead, string wrong, string message)
    {
        var text = TwoRegions.Replace(instead, wrong, StringComparison.Ordinal);

        var error = Assert.Throws<FormatException>(() => LatencyMatrix.Read(new StringReader(text), "two.csv"));

        Assert.StartsWith("two.csv", error.Message, StringComparison.Ordinal);
        Assert.Contains(message, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Read_MoreRegionsThanThereAre_IsAnError()
    {
        var lines = Enumerable.Range(0, 100_000).Select(static i => $"r{i},r{i},1");

        var error = Assert.Throws<FormatException>(() => LatencyMatrix.Read(new StringReader("src,dst,oneway_sim_ms\n" + string.Join('\n', lines)), "huge.csv"));

        Assert.Equal("huge.csv, line 1002, column src: more than 1000 regions.", error.Message);
    }

    [Theory]
    [InlineData("\r\n")]
    [InlineData("\n\n")]
    public void Read_FileOfAnotherSystem_IsRead(string lineEnd)
    {
        var text = "\uFEFF" + TwoRegions.ReplaceLineEndings("\n").Replace("\n", lineEnd, StringComparison.Ordinal);

        Assert.Equal(["North", "South"], LatencyMatrix.Read(new StringReader(text), "two.csv").Regions);
    }

    [Theory]
    [InlineData("")]
    [InlineData("src,dst,oneway_sim_ms\n")]
    public void Read_NothingInTheFile_IsAnError(string text) =>
        Assert.Throws<FormatException>(() => LatencyMatrix.Read(new StringReader(text), "empty.csv"));

    [Fact]
    public void Bounds_OfTheDefault_AreThePublishedOnes()
    {
        Assert.Equal(123.4, LatencyBounds.DirectMs(LatencyMatrix.Default), 0.05);
        Assert.Equal(124.7, LatencyBounds.RelayMs(LatencyMatrix.Default), 0.05);
    }
}
