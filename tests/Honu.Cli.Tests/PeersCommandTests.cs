using System.Text.Json;
using Honu.TestKit;

namespace Honu.Cli.Tests;

/// <summary>peers and subscriptions with real processes: servers that know one seed find each other, and exchange what both want.</summary>
public sealed class PeersCommandTests : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly TestDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Fact]
    public async Task ThreeServers_OfWhichTwoKnowOnlyTheFirst_FindEachOtherAndStayInTouch()
    {
        HonuServer b, c;
        string addressOfB;
        using (var a = await Start("a", "1"))
        {
            b = await Start("b", "2", "--peer", a.Address, "--region", "eu");
            c = await Start("c", "3", "--peer", a.Address);
            addressOfB = b.Address;
            await Until(async () => (await Peers(c)).ContainsKey(2) && (await Peers(b)).ContainsKey(3));
            await a.Terminate();
        }

        using (b)
        using (c)
        {
            var known = (await Peers(c))[2];
            Assert.Equal((addressOfB, "eu", "active", "learned"), (
                known.GetProperty("address").GetString()!.Split('@')[1],
                known.GetProperty("region").GetString(),
                known.GetProperty("state").GetString(),
                known.GetProperty("origin").GetString()));

            // The seed is gone, and C comes back without having been told of anybody but it.
            await b.Run("put", "k", "v");
            await c.Terminate();
            using var restarted = await HonuServer.StartAt(c.Address, Db("c"), "--pid", "3", "--interval", "100ms");
            Assert.Equal(addressOfB, (await Peers(restarted))[2].GetProperty("address").GetString()!.Split('@')[1]);
            await Until(async () => (await restarted.Run("get", "k")).Text == "v\n");
        }

        Assert.Equal(0, (await HonuProcess.Run("verify", "--db", Db("c"))).ExitCode);
    }

    [Fact]
    public async Task VerifySyncAndStatus_OfTwoServersAndADirectory_TellWhatTheyPromise()
    {
        using var a = await Start("a", "1");
        using var b = await Start("b", "2", "--peer", a.Address);
        await a.Run("put", "k", "v");
        await Until(async () => (await b.Run("get", "k")).Text == "v\n");

        var sync = await b.Run("sync", "--with", a.Address, "--json");
        var verify = await b.Run("verify", "--peer", "1", "--json");
        await HonuProcess.Run("put", "own", "c", "--db", Db("c"));
        var directory = await HonuProcess.Run("verify", "--peer", a.Address, "--db", Db("c"));

        Assert.Equal((0, 0, 0), (sync.ExitCode, verify.ExitCode, directory.ExitCode));
        using var session = JsonDocument.Parse(sync.Text);
        Assert.Equal(
            ["initiator", "responder", "roundTrips", "bytesSent", "bytesReceived", "objectsSent", "objectsReceived", "kinds", "milliseconds", "outcome"],
            session.RootElement.EnumerateObject().Select(static property => property.Name));
        using var compared = JsonDocument.Parse(verify.Text);
        Assert.Equal((1, 0, 0), (
            compared.RootElement.GetProperty("namespacesCompared").GetInt32(),
            compared.RootElement.GetProperty("namespacesSkipped").GetInt32(),
            compared.RootElement.GetProperty("objectsRepaired").GetInt32()));
        Assert.Contains("skipped   0 namespaces", directory.Text, StringComparison.Ordinal);
        Assert.Equal("v\n", (await HonuProcess.Run("get", "k", "--db", Db("c"))).Text);

        using var status = JsonDocument.Parse((await b.Run("status", "--json")).Text);
        var ns = status.RootElement.GetProperty("namespaces")[0];
        foreach (var name in new[] { "vector", "digest", "objects", "tombstones", "frontier", "blockers", "conflicts", "deferred", "quarantined" })
            Assert.True(ns.TryGetProperty(name, out _), name);
        var peer = status.RootElement.GetProperty("peers")[0];
        foreach (var name in new[] { "state", "roundTripMilliseconds", "lastSuccess", "lag", "acknowledged" })
            Assert.True(peer.TryGetProperty(name, out _), name);
    }

    [Fact]
    public async Task ReconcileAndQuarantine_OfAServer_AnswerTheOperator()
    {
        using var a = await Start("a", "1");
        await a.Run("put", "k", "v");

        Assert.Equal(0, (await a.Run("reconcile", "allow")).ExitCode);
        Assert.Equal(3, (await a.Run("reconcile", "allow", "--namespace", "nothing")).ExitCode);
        Assert.Equal((0, ""), ((await a.Run("quarantine", "list")).ExitCode, (await a.Run("quarantine", "list")).Text));
        Assert.Equal("{\"retried\":0,\"left\":0}", (await a.Run("quarantine", "retry", "--json")).Text.Trim());
        Assert.Equal(2, (await a.Run("quarantine", "retry", "--max-value", "1MiB")).ExitCode);
        Assert.Equal(3, (await a.Run("quarantine", "discard", "k", "--yes")).ExitCode);
        Assert.Equal(2, (await a.Run("verify")).ExitCode);
    }

    [Fact]
    public async Task Retire_AMemberThatHasLeft_StopsKeepingDeletionsForItUntilItReturns()
    {
        using var a = await Start("a", "1");
        string addressOfB;
        using (var b = await Start("b", "2", "--peer", a.Address))
        {
            addressOfB = b.Address;
            await a.Run("put", "k", "v");
            await Until(async () => (await Peers(a)).ContainsKey(2));
            await b.Kill();
        }

        // What it does not know of is kept for it.
        await a.Run("delete", "k");
        Assert.Equal(2, Assert.Single(Blockers(await Status(a))));
        var retired = await a.Run("peers", "retire", "2");

        Assert.Equal((0, ""), (retired.ExitCode, retired.Error));
        Assert.Equal("retired", (await Peers(a))[2].GetProperty("state").GetString());
        Assert.Empty(Blockers(await Status(a)));
        using (await HonuServer.StartAt(addressOfB, Db("b"), "--pid", "2", "--interval", "100ms", "--peer", a.Address))
            await Until(async () => (await Peers(a))[2].GetProperty("state").GetString() == "active");

        Assert.Equal(3, (await a.Run("peers", "retire", "77")).ExitCode);
        Assert.Equal(2, (await a.Run("peers", "retire", "x")).ExitCode);
        Assert.Equal(3, (await a.Run("peers", "remove", "77")).ExitCode);
        await a.Run("peers", "retire", "2");
        Assert.Equal(0, (await a.Run("peers", "remove", "2")).ExitCode);
        Assert.False((await Peers(a)).ContainsKey(2));
    }

    [Fact]
    public async Task Add_AtRunTime_ReplicatesAndIsKept()
    {
        using var a = await Start("a", "1");
        using var b = await Start("b", "2", "--advertise", "127.0.0.1:1");
        await a.Run("put", "k", "v");

        Assert.Equal(0, (await b.Run("peers", "add", a.Address)).ExitCode);
        await Until(async () => (await b.Run("get", "k")).Text == "v\n");
        Assert.Equal("added", (await Peers(b))[1].GetProperty("origin").GetString());
        await b.Terminate();
        using var again = await Start("b", "2");
        await a.Run("put", "k", "v2");
        await Until(async () => (await again.Run("get", "k")).Text == "v2\n");

        Assert.Equal(0, (await again.Run("peers", "remove", a.Address)).ExitCode);
        foreach (var (code, verb, peer) in new[] { (3, "remove", "127.0.0.1:2"), (2, "add", "nonsense"), (2, "add", "192.0.2.1:7000") })
        {
            var refused = await again.Run("peers", verb, peer);
            Assert.Equal(code, refused.ExitCode);
            ObjectCommandTests.OneLine(refused);
        }
    }

    [Fact]
    public async Task Subscriptions_AddedLaterAndRemovedWithDrop_ExchangeWhatIsWanted()
    {
        using var a = await Start("a", "1");
        using var b = await Start("b", "2", "--peer", a.Address, "--subscribe", "orders");
        foreach (var ns in new[] { "orders", "people" })
            await a.Run("put", "k", "v", "--namespace", ns);
        await b.Run("put", "own", "b", "--namespace", "orders");
        await Until(async () => (await a.Run("get", "own", "--namespace", "orders")).ExitCode == 0 && (await b.Run("get", "k", "--namespace", "orders")).ExitCode == 0);
        Assert.Equal(3, (await b.Run("get", "k", "--namespace", "people")).ExitCode);
        Assert.Equal("orders\n", (await b.Run("subscriptions", "list")).Text);

        Assert.Equal("{\"subscriptions\":[\"orders\",\"peo*\"]}\n", (await b.Run("subscriptions", "add", "peo*", "--json")).Text);
        await Until(async () => (await b.Run("get", "k", "--namespace", "people")).ExitCode == 0);

        Assert.Equal("peo*\n", (await b.Run("subscriptions", "remove", "orders", "--drop")).Text);
        Assert.Equal("people\n", string.Concat((await b.Run("namespaces", "--json")).Lines.Select(static line => JsonDocument.Parse(line).RootElement.GetProperty("name").GetString() + "\n")));
        Assert.Equal("b\n", (await a.Run("get", "own", "--namespace", "orders")).Text);

        await b.Terminate();
        using var again = await HonuServer.Start(Db("b"), "--pid", "2", "--interval", "100ms", "--peer", a.Address, "--subscribe", "orders");
        Assert.Equal("peo*\n", (await again.Run("subscriptions", "list")).Text);
        await again.Run("subscriptions", "add", "orders");
        await Until(async () => (await again.Run("get", "own", "--namespace", "orders")).Text == "b\n");
        Assert.Equal("b\n", (await a.Run("get", "own", "--namespace", "orders")).Text);
        Assert.Equal(3, (await again.Run("subscriptions", "remove", "nothing")).ExitCode);
    }

    [Fact]
    public async Task Status_OfAServerAndOfADirectory_HasWhatOperatorsAskFor()
    {
        // A configured peer that has never answered keeps every deletion: what it may have written nobody knows.
        using (var a = await Start("a", "1", "--peer", "127.0.0.1:1"))
        using (var b = await Start("b", "2", "--peer", a.Address, "--peer", "127.0.0.1:1"))
        {
            await a.Run("put", "k", "v");
            await a.Run("put", "gone", "v");
            await a.Run("delete", "gone");
            await Until(async () => (await b.Run("get", "k")).ExitCode == 0 && (await Peers(a)).ContainsKey(2));

            var status = await Status(b);
            var ns = Assert.Single(status.GetProperty("namespaces").EnumerateArray());
            Assert.Equal((1, 1, 0), (ns.GetProperty("objects").GetInt32(), ns.GetProperty("tombstones").GetInt32(), ns.GetProperty("conflicts").GetInt32()));
            Assert.Equal(1, ns.GetProperty("vector")[0].GetProperty("pid").GetInt32());
            Assert.True(ns.TryGetProperty("digest", out _));
            Assert.Equal(JsonValueKind.Array, ns.GetProperty("frontier").ValueKind);
            Assert.Equal(JsonValueKind.Array, ns.GetProperty("blockers").ValueKind);
            var peer = Assert.Single(status.GetProperty("peers").EnumerateArray(), known => known.GetProperty("address").GetString() == a.Address);
            Assert.Equal(("active", "active"), (peer.GetProperty("state").GetString(), peer.GetProperty("member").GetString()));
            Assert.True(peer.GetProperty("roundTripMilliseconds").GetDouble() > 0);
            Assert.NotEqual(default, peer.GetProperty("lastSuccess").GetDateTimeOffset());
            Assert.True(peer.TryGetProperty("lag", out _));
            Assert.Equal(JsonValueKind.Array, peer.GetProperty("acknowledged").ValueKind);
            await b.Run("put", "k2", "v");
            Assert.Equal(2, (await Status(b)).GetProperty("namespaces")[0].GetProperty("objects").GetInt32());
            await a.Terminate();
        }

        using var local = JsonDocument.Parse((await HonuProcess.Run("status", "--db", Db("a"), "--json")).Text);
        var here = Assert.Single(local.RootElement.GetProperty("namespaces").EnumerateArray());
        Assert.Equal((1, 0), (here.GetProperty("tombstones").GetInt32(), here.GetProperty("conflicts").GetInt32()));
    }

    private static int[] Blockers(JsonElement status) =>
        [.. status.GetProperty("namespaces")[0].GetProperty("blockers").EnumerateArray().Select(static pid => pid.GetInt32())];

    private static async Task<JsonElement> Status(HonuServer server) => JsonElement.Parse((await server.Run("status", "--json")).Text);

    private static async Task<Dictionary<int, JsonElement>> Peers(HonuServer server)
    {
        var result = await server.Run("peers", "list", "--json");
        Assert.Equal((0, ""), (result.ExitCode, result.Error));
        return result.Lines.Select(static line => JsonElement.Parse(line)).Where(static peer => peer.TryGetProperty("pid", out _)).ToDictionary(static peer => peer.GetProperty("pid").GetInt32());
    }

    private static async Task Until(Func<Task<bool>> condition)
    {
        using var guard = new CancellationTokenSource(Patience);
        while (!await condition())
            guard.Token.ThrowIfCancellationRequested();
    }

    private Task<HonuServer> Start(string db, string pid, params string[] args) => HonuServer.Start(Db(db), ["--pid", pid, "--interval", "100ms", .. args]);

    private string Db(string name) => Path.Combine(_directory.Path, name);
}
