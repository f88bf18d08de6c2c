using System.Collections.Concurrent;
using System.Diagnostics;
using System.Diagnostics.Metrics;
using Honu.Replication;
using Honu.TestKit;
using Microsoft.AspNetCore.Http;

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
        await Meet(a, b, c);

        // The first one makes the connections.
        await Visible("first", a, b, c);
        var received = (await Received(b), await Received(c));
        var milliseconds = await Visible("second", a, b, c);

        Assert.True(await Received(b) > received.Item1 && await Received(c) > received.Item2);
        Assert.InRange(milliseconds, 0, 1000);
        var status = await Status(a);
        Assert.Equal("west", status.State.Region);
        var east = Assert.Single(status.State.Regions);
        Assert.Equal(("east", true), (east.Name, Assert.Single(east.Relays).TakesRumors));
        Assert.True(status.Sent >= 4, $"{status.Sent} rumors were sent.");
    }

    // A relay of the east gets it, and hands it on to the other one there.
    [Fact]
    public async Task Put_ByWayOfARelay_IsCounted()
    {
        await using var writer = await Start(1, "west");
        await using var one = await Start(2, "east", writer);
        await using var other = await Start(3, "east", writer, one);
        var rewarded = new TaskCompletionSource<(string? Relay, double Reward)>(TaskCreationOptions.RunContinuationsAsynchronously);
        using var ofWriter = new Listener(writer, rewarded);
        using var ofOne = new Listener(one);
        using var ofOther = new Listener(other);
        await Meet(writer, one, other);

        // The first push to a relay may have to connect, and earns nothing.
        for (var i = 0; i < 3 || (i < 20 && !rewarded.Task.IsCompleted); i++)
            await Visible($"{i}", writer, one, other);
        var (before, counts, after) = (await Status(writer), ofWriter.Read(), await Status(writer));
        var (receivedBefore, countsOfOne, receivedAfter) = (await Received(one), ofOne.Read(), await Received(one));
        var countsOfOther = ofOther.Read();

        Assert.InRange(counts["rumors sent"], Math.Max(before.Sent, counts["rumor.pushes far"]), after.Sent);
        Assert.InRange(counts["rumor.pushes retry"], before.Retries, after.Retries);
        Assert.True(counts["rumor.pushes far"] >= 3, string.Join(", ", counts));
        Assert.Equal((0, 0, 0, 0, 0), (counts["rumor.pushes local"], counts["rumor.pushes detour"], counts["rumors received"], counts["rumors new"], counts["rumors left_to_sessions"]));
        Assert.InRange(countsOfOne["rumors received"], receivedBefore, receivedAfter);
        Assert.InRange(countsOfOne["rumors new"], 0, countsOfOne["rumors received"]);
        Assert.True(countsOfOne["rumors new"] + countsOfOther["rumors new"] >= 3, string.Join(", ", countsOfOne.Concat(countsOfOther)));
        Assert.True(countsOfOne["rumor.pushes local"] + countsOfOther["rumor.pushes local"] > 0, string.Join(", ", countsOfOne.Concat(countsOfOther)));
        Assert.Equal((0, 0), (countsOfOne["rumor.pushes far"], countsOfOther["rumor.pushes far"]));
        var (relay, reward) = await Guard.Within(rewarded.Task);
        Assert.Contains(relay, new[] { one.Address, other.Address });
        Assert.InRange(reward, 0.001, 1);
    }

    [Fact]
    public async Task Metrics_OfOneReplica_AreOfOneMeter()
    {
        var instruments = new ConcurrentDictionary<Meter, ConcurrentBag<string>>();
        using var listener = new MeterListener { InstrumentPublished = (instrument, _) => instruments.GetOrAdd(instrument.Meter, static _ => []).Add(instrument.Name) };
        listener.Start();
        using var store = HonuStore.OpenInMemory();
        await using var host = new ReplicaHost(store, Options);

        var withRumors = instruments.Where(static meter => meter.Value.Contains("honu.replication.rumors")).ToList();
        Assert.NotEmpty(withRumors);
        Assert.All(withRumors, static meter => Assert.Contains("honu.replication.io", meter.Value));
    }

    // One of an older version does not know the call; one that chose sessions says so.
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Put_PeerTakesNoRumors_ArrivesBySessions(bool isOlder)
    {
        await using var b = await ServedStore.Start(
            options: new HonuStoreOptions { Pid = 2, Region = "east" },
            replica: new HonuReplicaOptions { AdvertiseListenAddress = true },
            before: isOlder ? WithoutPush : null);
        await using var a = await ServedStore.Start(options: new HonuStoreOptions { Pid = 1, Region = "west" }, replica: Options with { Interval = null, Peers = [b.Address] });
        await Guard.Within(a.Client.SyncAsync(b.Address));

        await Visible("first", a, b);
        await Wait.Until(async () => Assert.Single((await Status(a)).State.Regions).Relays is [{ TakesRumors: false }], "the peer is known to take no rumors");
        var sent = (await Status(a)).Sent;
        await Visible("second", a, b);
        await Visible("third", a, b);

        Assert.True(sent > 0);
        Assert.Equal(sent, (await Status(a)).Sent);
        Assert.Null((await Guard.Within(b.Client.GetReplicaInfoAsync())).Rumors);
    }

    private static Task<ServedStore> Start(uint pid, string region, params ServedStore[] peers) => ServedStore.Start(
        options: new HonuStoreOptions { Pid = pid, Region = region },
        replica: Options with { Peers = [.. peers.Select(static peer => peer.Address)] });

    private static async Task Meet(ServedStore a, ServedStore b, ServedStore c)
    {
        await Guard.Within(b.Client.SyncAsync(a.Address));
        await Guard.Within(c.Client.SyncAsync(b.Address));
        await Guard.Within(c.Client.SyncAsync(a.Address));
        await Guard.Within(b.Client.SyncAsync(a.Address));
    }

    // What comes for the call then is what comes for any method that the service does not have.
    private static Task WithoutPush(HttpContext http, RequestDelegate next)
    {
        if (http.Request.Path.Value is "/honu.replication.v1.Gossip/Push")
            http.Request.Path = "/honu.replication.v1.Gossip/Unheard";
        return next(http);
    }

    private static async Task<double> Visible(string key, ServedStore writer, params ServedStore[] readers)
    {
        var seen = readers.Select(reader => Wait.ForChange(reader.Store, key)).ToList();
        var started = Stopwatch.GetTimestamp();
        writer.Store.Put(System.Text.Encoding.UTF8.GetBytes(key), "v"u8);
        await Guard.Within(Task.WhenAll(seen));
        return Stopwatch.GetElapsedTime(started).TotalMilliseconds;
    }

    private static async Task<RumorsStatus> Status(ServedStore replica) => (await Guard.Within(replica.Client.GetReplicaInfoAsync())).Rumors!;

    private static async Task<long> Received(ServedStore replica) => (await Status(replica)).Received;

    /// <summary>The metrics of rumors of one server; others of the process have meters of their own.</summary>
    private sealed class Listener : IDisposable
    {
        private readonly MeterListener _listener;
        private readonly ConcurrentDictionary<string, long> _counts = new(StringComparer.Ordinal);

        public Listener(ServedStore server, TaskCompletionSource<(string? Relay, double Reward)>? rewarded = null)
        {
            var meters = server.Meters;
            _listener = new MeterListener
            {
                InstrumentPublished = (instrument, listener) =>
                {
                    if (instrument.Meter.Scope == meters && (instrument.Name.StartsWith("honu.replication.rumor", StringComparison.Ordinal) || instrument.Name is "honu.peer.reward"))
                        listener.EnableMeasurementEvents(instrument);
                },
            };
            _listener.SetMeasurementEventCallback<long>((instrument, value, tags, _) => _counts[$"{instrument.Name["honu.replication.".Length..]} {tags[0].Value}"] = value);
            _listener.SetMeasurementEventCallback<double>((_, value, tags, _) =>
            {
                if (Tag(tags, "honu.peer.strategy") is "region-relay")
                    rewarded?.TrySetResult((Tag(tags, "honu.peer.name"), value));
            });
            _listener.Start();
        }

        /// <summary>The counts as they are now, by instrument and attribute.</summary>
        public Dictionary<string, long> Read()
        {
            _listener.RecordObservableInstruments();
            return new Dictionary<string, long>(_counts, StringComparer.Ordinal);
        }

        public void Dispose() => _listener.Dispose();

        private static string? Tag(ReadOnlySpan<KeyValuePair<string, object?>> tags, string name)
        {
            foreach (var (key, value) in tags)
            {
                if (key == name)
                    return value as string;
            }

            return null;
        }
    }
}
