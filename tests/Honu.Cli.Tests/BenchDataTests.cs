using System.Text;
using Honu.Cli.Benchmarking;

namespace Honu.Cli.Tests;

/// <summary>The benchmark's data, against values of another implementation of the same definitions: figures of two programs compare only if both have the same data.</summary>
public sealed class BenchDataTests
{
    [Theory]
    [InlineData(1UL, new[] { 0x47e4ce4b896cdd1dUL, 0xabcfa6a8e079651dUL, 0xb9d10d8feb731f57UL })]
    [InlineData(42UL, new[] { 0x56ce4ab7719ba3a0UL, 0xc841eb53ebbb2ddaUL, 0xca466be0c9980276UL })]
    public void Next_FromASeed_GivesTheNumbersOfXorShift64Star(ulong seed, ulong[] expected)
    {
        var random = new XorShift64Star(seed);

        ulong[] actual = [random.Next(), random.Next(), random.Next()];

        Assert.Equal(expected, actual);
    }

    [Fact]
    public void Constructor_WithSeedZero_Throws() => Assert.Throws<ArgumentOutOfRangeException>(() => new XorShift64Star(0));

    [Fact]
    public void Orders_OfTenKeys_AreThoseOfTheirSeeds()
    {
        var data = new BenchData(10);

        Assert.Equal([0, 1, 2, 3, 4, 5, 6, 7, 8, 9], data.Sequential);
        Assert.Equal([9, 0, 6, 4, 1, 2, 3, 7, 8, 5], data.FillOrder);
        Assert.Equal([8, 1, 6, 2, 5, 7, 4, 3, 9, 0], data.ReadOrder);
        Assert.Equal([2, 8, 0, 7, 3, 6, 9, 4, 1, 5], data.OverwriteOrder);
        Assert.Equal([5, 9, 2, 8, 3, 4, 7, 6, 0, 1], data.DeleteOrder);
    }

    [Fact]
    public void Keys_AreDecimalNumbers_AndMissingKeysLieBetweenThem()
    {
        var data = new BenchData(25);

        Assert.Equal("0000000000000024", Encoding.ASCII.GetString(data.Key(24)));
        Assert.Equal("000000000000002x", Encoding.ASCII.GetString(data.MissingKey(24)));
    }

    [Theory]
    [InlineData(0, "a0a39b71b74ace56")]
    [InlineData(3, "ef7954596086b474")]
    [InlineData(5000, "7f1d8542fca966a6")] // beyond the pool's end: the offset begins again
    public void Value_IsASliceOfThePool(int i, string expected)
    {
        var value = new BenchData(1).Value(i, 8);

        Assert.Equal(expected, Convert.ToHexStringLower(value));
    }
}
