using System.Diagnostics;
using Google.Protobuf;
using Honu.Grpc;
using Honu.Hosting.Protocol.Replication;
using Honu.Replication;
using Honu.Replication.Messages;
using Honu.TestKit;
using Outcome = Honu.Replication.Messages.RumorAnswer.Types.Outcome;

namespace Honu.Hosting.Tests;

/// <summary>Rumors over real gRPC on the loopback.</summary>
public sealed class RumorTests
{
    // Sessions are an hour apart: what arrives at once came by rumors.
    private static readonly HonuReplicaOptions Options = new() { Dissemination = Dissemination.RegionRelay, AdvertiseListenAddress = true, Interval = TimeSpan.FromHours(1) };

    [Fact]
    public void HonuReplicaOptions_Dissemination_IsSessionsByDefault() => Assert.Equal(Dissemination.Sessions, new HonuReplicaOptions().Dissemination);

    [Fact]
    public async Task Put_ThreeReplicas_IsVisibleAtTheOthersWithoutASession()
    {
        await using var a = await Start(1, "west");
        await using var b = await Start(2, "west", a);
        await using var c = await Start(3, "east", a, b);
        await Guard.Within(b.Client.SyncAsync(a.Address));
        await Guard.Within(c.Client.SyncAsync(b.Address));
        await Guard.Within(c.Client.SyncAsync(a.Address));
        await Guard.Within(b.Client.SyncAsync(a.Address));

        // The first one makes the connections.
        await Visible("first", a, b, c);
        var received = (await Received(b), await Received(c));
        var milliseconds = await Visible("second", a, b, c);

        Assert.True(await Received(b) > received.Item1 && await Received(c) > received.Item2);
        Assert.InRange(milliseconds, 0, 1000);
        var status = (await Guard.Within(a.Client.GetReplicaInfoAsync())).Rumors!;
        Assert.Equal("west", status.State.Region);
        var east = Assert.Single(status.State.Regions);
        Assert.Equal(("east", true), (east.Name, Assert.Single(east.Relays).TakesRumors));
        Assert.True(status.Sent >= 4, $"{status.Sent} rumors were sent.");
    }

    [Fact]
    public async Task Push_ThatIsWrong_IsAnsweredWithAReason()
    {
        await using var target = await Start(1, "west");
        using var channel = RpcChannel.ForAddress($"http://{target.Address}", new RpcChannelOptions());
        var client = new Gossip.GossipClient(channel);
        var batch = new RumorBatch
        {
            Sender = new ReplicaId(9, 1).ToUInt64(),
            Introduction = ByteString.CopyFrom(new byte[8]),
            Rumors = { new Rumor { Namespace = "default", Origin = new ReplicaId(9, 1).ToUInt64(), From = 0, To = 5 } },
        };

        Assert.Equal(Outcome.NotIntroduced, (await Guard.Within(client.PushAsync(batch).ResponseAsync)).Outcome);
        batch.Rumors[0].To = 0;
        Assert.Equal(Outcome.Malformed, (await Guard.Within(client.PushAsync(batch).ResponseAsync)).Outcome);
        Assert.DoesNotContain(target.Store.Replication.Namespaces, ns => target.Store.Replication.State(ns).Vector.Count > 0);
    }

    [Fact]
    public async Task Push_ToAReplicaThatTakesNone_IsAnsweredSo()
    {
        await using var target = await ServedStore.Start(options: new HonuStoreOptions { Pid = 1 }, replica: new HonuReplicaOptions());
        using var channel = RpcChannel.ForAddress($"http://{target.Address}", new RpcChannelOptions());

        var answer = await Guard.Within(new Gossip.GossipClient(channel).PushAsync(new RumorBatch()).ResponseAsync);

        Assert.Equal(Outcome.Unsupported, answer.Outcome);
        Assert.Null((await Guard.Within(target.Client.GetReplicaInfoAsync())).Rumors);
    }

    private static Task<ServedStore> Start(uint pid, string region, params ServedStore[] peers) => ServedStore.Start(
        options: new HonuStoreOptions { Pid = pid, Region = region },
        replica: Options with { Peers = [.. peers.Select(static peer => peer.Address)] });

    private static async Task<double> Visible(string key, ServedStore writer, params ServedStore[] readers)
    {
        var seen = readers.Select(reader => Seen(reader, key)).ToList();
        var started = Stopwatch.GetTimestamp();
        writer.Store.Put(System.Text.Encoding.UTF8.GetBytes(key), "v"u8);
        await Guard.Within(Task.WhenAll(seen));
        return Stopwatch.GetElapsedTime(started).TotalMilliseconds;
    }

    private static Task Seen(ServedStore reader, string key)
    {
        // Enumerated from here on: what is committed later is not missed.
        var changes = reader.Store.WatchAsync().GetAsyncEnumerator();
        return Wait(changes.MoveNextAsync());

        async Task Wait(ValueTask<bool> next)
        {
            try
            {
                while (await Guard.Within(next.AsTask()) && !changes.Current.Key.Span.SequenceEqual(System.Text.Encoding.UTF8.GetBytes(key)))
                    next = changes.MoveNextAsync();
            }
            finally
            {
                await changes.DisposeAsync();
            }
        }
    }

    private static async Task<long> Received(ServedStore replica) => (await Guard.Within(replica.Client.GetReplicaInfoAsync())).Rumors!.Received;
}
