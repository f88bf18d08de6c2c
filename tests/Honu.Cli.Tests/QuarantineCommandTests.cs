using System.Text.Json;
using Honu.Format;
using Honu.TestKit;

namespace Honu.Cli.Tests;

/// <summary><c>honu quarantine</c>, as an operator runs it on a store that a peer has sent too long a value.</summary>
public sealed class QuarantineCommandTests : IDisposable
{
    private readonly TestDirectory _directory = new();

    private string Db => _directory.Combine("db");

    public void Dispose() => _directory.Dispose();

    [Fact]
    public async Task List_NamesTheRecordAndWhy()
    {
        Fill();

        var text = await HonuProcess.Run("quarantine", "list", "--db", Db);
        var json = await HonuProcess.Run("quarantine", "list", "--db", Db, "--namespace", "orders", "--json");
        var elsewhere = await HonuProcess.Run("quarantine", "list", "--db", Db, "--namespace", "other");

        Assert.Equal((0, 0, 0), (text.ExitCode, json.ExitCode, elsewhere.ExitCode));
        Assert.StartsWith("orders\tlarge\t", text.Text, StringComparison.Ordinal);
        Assert.Empty(elsewhere.Text);
        using var line = JsonDocument.Parse(Assert.Single(json.Lines));
        Assert.Equal("large", line.RootElement.GetProperty("key").GetString());
        Assert.Equal(100, line.RootElement.GetProperty("bytes").GetInt32());
        Assert.Equal(2U, line.RootElement.GetProperty("version").GetProperty("pid").GetUInt32());
        Assert.NotEmpty(line.RootElement.GetProperty("reason").GetString()!);
    }

    [Fact]
    public async Task Retry_WithRoomEnough_MakesAnObject()
    {
        Fill();

        var small = await HonuProcess.Run("quarantine", "retry", "--db", Db, "--max-value", "50B", "--json");
        var enough = await HonuProcess.Run("quarantine", "retry", "--db", Db, "--json");
        var got = await HonuProcess.Run("get", "large", "--db", Db, "--namespace", "orders");

        Assert.Equal("{\"retried\":0,\"left\":1}", small.Text.Trim());
        Assert.Equal("{\"retried\":1,\"left\":0}", enough.Text.Trim());
        Assert.Equal(new string('x', 100), got.Text.Trim());
    }

    [Fact]
    public async Task Discard_NeedsYesAndExitsWith3WhenThereIsNothing()
    {
        Fill();

        var unsure = await HonuProcess.Run("quarantine", "discard", "large", "--db", Db, "--namespace", "orders");
        var done = await HonuProcess.Run("quarantine", "discard", "large", "--db", Db, "--namespace", "orders", "--yes");
        var again = await HonuProcess.Run("quarantine", "discard", "large", "--db", Db, "--namespace", "orders", "--yes");

        Assert.Equal((2, 0, 3), (unsure.ExitCode, done.ExitCode, again.ExitCode));
        Assert.Empty((await HonuProcess.Run("quarantine", "list", "--db", Db)).Text);
    }

    // As a session would: the peer holds what this store may not.
    private void Fill()
    {
        using var peer = HonuStore.OpenInMemory(new HonuStoreOptions { Pid = 2 });
        peer.Namespace("orders").Put("large"u8, System.Text.Encoding.UTF8.GetBytes(new string('x', 100)));
        using var store = HonuStore.Open(Db, new HonuStoreOptions { Pid = 1, MaxValueBytes = 10 });
        var block = new RecordBlockWriter();
        using var snapshot = peer.Replication.CreateSnapshot();
        snapshot.ReadUncovered("orders", new VersionVector(), default, block, 10, 1 << 20);
        Assert.Equal(1, store.Replication.Apply("orders", block.Bytes.Span, cursor: null, join: null).Quarantined);
    }
}
