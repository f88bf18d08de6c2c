using System.Text.Json;
using Honu.TestKit;

namespace Honu.Cli.Tests;

/// <summary>serve --dissemination and what status tells of rumors.</summary>
public sealed class DisseminationTests : IDisposable
{
    private readonly TestDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Theory]
    [InlineData("gossip")]
    [InlineData("Sessions")]
    [InlineData("")]
    public async Task Serve_UnknownDissemination_ExitsWith2AndListsThem(string name)
    {
        var refused = await HonuProcess.Run("serve", "--db", Db("a"), "--listen", "127.0.0.1:0", "--dissemination", name);

        Assert.Equal(2, refused.ExitCode);
        Assert.Contains($"There is no dissemination \"{name}\"; there are: sessions, region-relay.", refused.Error, StringComparison.Ordinal);
        ObjectCommandTests.OneLine(refused);
        Assert.False(Directory.Exists(Db("a")), "a refused command created the store");
    }

    [Fact]
    public async Task Status_OfAReplicaThatPushes_TellsRegionsAndRelays()
    {
        using var east = await Start(2, "east", "region-relay");
        using var south = await Start(3, "south", "sessions");
        using var west = await Start(1, "west", "region-relay", "--peer", east.Address, "--peer", south.Address);
        await west.Run("sync", "--with", east.Address);
        await west.Run("sync", "--with", south.Address);

        // Once the relay in the east has taken a push, and the replica in the south has refused one.
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        var (text, received) = ("", 0L);
        for (var i = 0; !text.Contains("takes no rumors", StringComparison.Ordinal) || received == 0; i++)
        {
            patience.Token.ThrowIfCancellationRequested();
            await west.Run("put", "k", $"{i}");
            text = (await west.Run("status")).Text;
            received = Received((await east.Run("status", "--json")).Text);
        }

        Assert.Matches("(?m)^rumors       region west, [1-9][0-9]* sent, 0 received, [0-9]+ retries$", text);
        Assert.Matches("(?m)^region       east  round trip [0-9.]+ ms, [0-9]+ % time-outs, [0-9]+ unacknowledged$", text);
        Assert.Matches($"(?m)^relay        2@{east.Address}  reward [01]\\.[0-9]{{2}}, share [0-9]+ %, chosen [1-9][0-9]* times$", text);
        Assert.Matches($"(?m)^relay        3@{south.Address}  reward .*, takes no rumors$", text);

        using var status = JsonDocument.Parse((await west.Run("status", "--json")).Text);
        var rumors = status.RootElement.GetProperty("rumors");
        Assert.Equal(("west", false), (rumors.GetProperty("region").GetString(), rumors.GetProperty("gathered").GetBoolean()));
        Assert.True(rumors.GetProperty("sent").GetInt64() > 0);
        Assert.Equal(0, rumors.GetProperty("received").GetInt64());
        Assert.True(rumors.GetProperty("retries").GetInt64() >= 0);
        var regions = rumors.GetProperty("regions").EnumerateArray().ToDictionary(static region => region.GetProperty("name").GetString()!);
        Assert.Equal(["east", "south"], regions.Keys.Order());
        var (inEast, inSouth) = (Assert.Single(regions["east"].GetProperty("relays").EnumerateArray()), Assert.Single(regions["south"].GetProperty("relays").EnumerateArray()));
        Assert.True(regions["east"].GetProperty("roundTripMilliseconds").GetDouble() > 0);
        Assert.InRange(regions["east"].GetProperty("timeOuts").GetDouble(), 0, 1);
        Assert.True(regions["east"].GetProperty("unacknowledged").GetInt32() >= 0);
        Assert.Equal(($"2@{east.Address}", true), (inEast.GetProperty("address").GetString(), inEast.GetProperty("takesRumors").GetBoolean()));
        Assert.True(inEast.GetProperty("choices").GetInt64() > 0);
        Assert.InRange(inEast.GetProperty("reward").GetDouble(), 0, 1);
        Assert.InRange(inEast.GetProperty("share").GetDouble(), 0, 1);
        Assert.Equal(($"3@{south.Address}", false), (inSouth.GetProperty("address").GetString(), inSouth.GetProperty("takesRumors").GetBoolean()));
    }

    [Fact]
    public async Task Status_OfAReplicaWithoutRumors_TellsNothingOfThem()
    {
        using var server = await Start(1, "west", "sessions");

        var (text, json) = (await server.Run("status"), await server.Run("status", "--json"));

        Assert.DoesNotContain("rumors", text.Text, StringComparison.Ordinal);
        Assert.DoesNotContain("\"rumors\"", json.Text, StringComparison.Ordinal);
    }

    private static long Received(string json)
    {
        using var status = JsonDocument.Parse(json);
        return status.RootElement.GetProperty("rumors").GetProperty("received").GetInt64();
    }

    // Sessions are an hour apart, but for those that are asked for.
    private Task<HonuServer> Start(int pid, string region, string dissemination, params string[] args) =>
        HonuServer.Start(Db($"{pid}"), ["--pid", $"{pid}", "--interval", "1h", "--region", region, "--dissemination", dissemination, .. args]);

    private string Db(string name) => Path.Combine(_directory.Path, name);
}
