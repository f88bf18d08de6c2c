using System.Text.Json;
using System.Text.RegularExpressions;
using Honu.TestKit;

namespace Honu.Cli.Tests;

/// <summary>serve --selector and what status tells of it.</summary>
public sealed class SelectorTests : IDisposable
{
    private readonly TestDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Theory]
    [InlineData("dice", "There is no selector \"dice\"; there are: uniform, epsilon-greedy, annealing-epsilon-greedy, ucb1, discounted-ucb, thompson, softmax, exp3, two-level, freshness.")]
    [InlineData("ucb1@luck", "There is no reward \"luck\"; there are: paper, novelty, cost.")]
    [InlineData("epsilon-greedy:2", "must be between 0 and 1")]
    public async Task Serve_UnknownSelector_ExitsWith2AndListsThem(string spec, string expected)
    {
        var refused = await HonuProcess.Run("serve", "--db", Db("a"), "--listen", "127.0.0.1:0", "--selector", spec);

        Assert.Equal(2, refused.ExitCode);
        Assert.Contains(expected, refused.Error, StringComparison.Ordinal);
        ObjectCommandTests.OneLine(refused);
        Assert.False(Directory.Exists(Db("a")), "a refused command created the store");
    }

    [Theory]
    [InlineData("from,to,price\neu,us,dear\n", "Line 2: the price \"dear\"")]
    [InlineData(null, "prices.csv")]
    public async Task Serve_BadPrices_ExitsWith2AndNamesTheLine(string? csv, string expected)
    {
        var file = Path.Combine(_directory.Path, "prices.csv");
        if (csv is not null)
            await File.WriteAllTextAsync(file, csv);

        var refused = await HonuProcess.Run("serve", "--db", Db("a"), "--listen", "127.0.0.1:0", "--selector", "softmax@cost", "--egress-prices", file);

        Assert.Equal(2, refused.ExitCode);
        Assert.Contains(expected, refused.Error, StringComparison.Ordinal);
        ObjectCommandTests.OneLine(refused);
        Assert.False(Directory.Exists(Db("a")), "a refused command created the store");
    }

    [Fact]
    public async Task Status_OfALearningReplica_TellsItsArmsAlsoAfterARestart()
    {
        var prices = Path.Combine(_directory.Path, "prices.csv");
        await File.WriteAllTextAsync(prices, "from,to,price\neu,us,0.02\n");

        // The lower pid goes on when both open a session at once: what is learned is learned by b. The write is there before either can.
        using var a = await HonuServer.Start(Db("a"), "--pid", "2", "--interval", "1h", "--region", "us");
        await a.Run("put", "k", "v");
        string[] args = ["--pid", "1", "--interval", "1h", "--region", "eu", "--peer", a.Address, "--selector", "epsilon-greedy:0.2@cost", "--egress-prices", prices];
        JsonElement before;
        using (var b = await HonuServer.Start(Db("b"), args))
        {
            await b.Run("sync", "--with", a.Address);
            using var status = JsonDocument.Parse((await b.Run("status", "--json")).Text);
            before = status.RootElement.Clone();
            var text = await b.Run("status");

            Assert.Contains("yes (selector epsilon-greedy:0.2, reward cost)", text.Text, StringComparison.Ordinal);
            Assert.Matches(", worth 0\\.[0-9]{2} by 1 rewards, last 0\\.[0-9]{2}, 100 % of choices", text.Text);
            Assert.Equal(0, (await b.Terminate()).ExitCode);
        }

        using var again = await HonuServer.Start(Db("b"), args);
        using var after = JsonDocument.Parse((await again.Run("status", "--json")).Text);

        Assert.Equal(("epsilon-greedy:0.2", "cost"), (before.GetProperty("selector").GetString(), before.GetProperty("reward").GetString()));
        var (known, kept) = (Arm(before), Arm(after.RootElement));
        Assert.Equal((1, 1), (known.GetProperty("count").GetDouble(), known.GetProperty("selections").GetInt32()));
        Assert.InRange(known.GetProperty("value").GetDouble(), 0.01, 1);
        Assert.Equal(known.GetProperty("value").GetDouble(), known.GetProperty("lastReward").GetDouble());
        Assert.Equal(1, known.GetProperty("share").GetDouble());
        Assert.InRange(kept.GetProperty("count").GetDouble(), 0.9, 1);
        Assert.Equal(known.GetProperty("value").GetDouble(), kept.GetProperty("value").GetDouble(), 5);
        Assert.Equal(JsonValueKind.Null, kept.GetProperty("lastReward").ValueKind);
    }

    private static JsonElement Arm(JsonElement status) => Assert.Single(status.GetProperty("peers").EnumerateArray()).GetProperty("arm");

    private string Db(string name) => Path.Combine(_directory.Path, name);
}
