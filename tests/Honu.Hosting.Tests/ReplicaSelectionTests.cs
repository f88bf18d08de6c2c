using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using Honu.Hosting.Tests.Security;
using Honu.Replication;
using Honu.TestKit;
using Microsoft.Extensions.Logging;

namespace Honu.Hosting.Tests;

/// <summary>Selectors of hosted replicas: options, status, metrics, and what is kept.</summary>
public sealed class ReplicaSelectionTests
{
    private static readonly TimeSpan Rarely = TimeSpan.FromHours(1);

    [Fact]
    public void HonuReplicaOptions_Defaults_ChooseUniformlyAtNoPrice()
    {
        var options = new HonuReplicaOptions();

        Assert.Equal("uniform", options.Selector);
        Assert.Null(options.EgressPrices);
    }

    [Fact]
    public void HonuReplicaOptions_OfSelection_ReachTheReplica()
    {
        var prices = EgressPrices.Parse("from,to,price\n*,*,1");

        var options = new HonuReplicaOptions { Selector = "thompson@cost", EgressPrices = prices }.ToReplicaOptions(seed: 1);

        Assert.Equal("thompson@cost", options.Selector);
        Assert.Same(prices, options.EgressPrices);
        Assert.Contains("two-level", Assert.Single(new HonuReplicaOptions { Selector = "dice" }.Validate()), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Session_ThatTeaches_IsSeenInStatusAndMetrics()
    {
        var measured = new ConcurrentBag<(string Instrument, double Value, string Tags)>();
        using var listener = Listen(measured);
        await using var a = await ServedStore.Start(options: new HonuStoreOptions { Pid = 1 }, replica: new HonuReplicaOptions());
        a.Store.Put("k"u8, "v"u8);
        await using var b = await ServedStore.Start(options: new HonuStoreOptions { Pid = 2 }, replica: new HonuReplicaOptions { Interval = Rarely, Peers = [a.Address], Selector = "softmax:0.2@novelty" });
        await Guard.Within(b.Client.SyncAsync(a.Address));

        // The first session, which the replica opens by itself, or the one that was asked for has brought the record.
        var info = await Guard.Within(b.Client.GetReplicaInfoAsync());
        var arm = Assert.Single(info.Peers).Arm!;

        Assert.Equal(("softmax:0.2", "novelty"), (info.Selector, info.Reward));
        Assert.Equal(1, arm.Count);
        Assert.InRange(arm.Value, 0.01, 1);
        Assert.Equal((arm.Value, 1, 1.0), (arm.LastReward, arm.Selections, Math.Round(arm.Share, 9)));

        listener.RecordObservableInstruments();
        var tags = $"honu.peer.name={a.Address},honu.peer.strategy=softmax:0.2";
        foreach (var instrument in new[] { "honu.peer.reward", "honu.peer.value" })
            Assert.Contains(measured, item => item.Instrument == instrument && item.Tags == tags && item.Value == arm.Value);
        Assert.Contains(measured, item => item.Instrument == "honu.peer.share" && item.Tags == tags && item.Value > 0.99);
        Assert.Contains(measured, item => item.Instrument == "honu.peer.selections" && item.Tags == tags);
    }

    [Fact]
    public async Task Learned_AfterARestart_IsKnownAndABadRowIsLogged()
    {
        using var directory = new TestDirectory();
        await using var a = await ServedStore.Start(options: new HonuStoreOptions { Pid = 1 }, replica: new HonuReplicaOptions());
        a.Store.Put("k"u8, "v"u8);
        var options = new HonuReplicaOptions { Interval = Rarely, Peers = [a.Address], Selector = "ucb1" };
        using var store = HonuStore.Open(directory.Combine("db"), new HonuStoreOptions { Pid = 2 });
        using var log = new LogLines();
        using var loggers = LoggerFactory.Create(logging => logging.AddProvider(log));

        await using (var host = new ReplicaHost(store, options, loggers))
        {
            await Guard.Within(host.StartAsync(CancellationToken.None));
            await Guard.Within(host.SyncAsync(a.Address, CancellationToken.None));
        }

        var learned = await ArmAtStart();
        store.Replication.SaveState("selector", "nonsense"u8);
        var unknown = await ArmAtStart();

        Assert.InRange(learned.Value, 0.2, 1);
        Assert.Null(learned.LastReward);
        Assert.Equal((0, 0), (unknown.Count, unknown.Value));
        var warning = Assert.Single(log.Lines, static line => line.Level >= LogLevel.Warning);
        Assert.Equal((3007, "SelectorUnreadable"), (warning.Event.Id, warning.Event.Name));

        // The first session finds nothing: what is known before and after it is the same.
        async Task<ArmSnapshot> ArmAtStart()
        {
            await using var host = new ReplicaHost(store, options, loggers);
            await Guard.Within(host.StartAsync(CancellationToken.None));
            return Assert.Single((await Guard.Within(host.GetStatusAsync(CancellationToken.None))).Peers).Arm!;
        }
    }

    private static MeterListener Listen(ConcurrentBag<(string Instrument, double Value, string Tags)> measured)
    {
        var listener = new MeterListener
        {
            InstrumentPublished = static (instrument, listener) =>
            {
                if (instrument.Name.StartsWith("honu.peer.", StringComparison.Ordinal))
                    listener.EnableMeasurementEvents(instrument);
            },
        };
        listener.SetMeasurementEventCallback<double>((instrument, value, tags, _) => measured.Add((instrument.Name, value, Text(tags))));
        listener.SetMeasurementEventCallback<long>((instrument, value, tags, _) => measured.Add((instrument.Name, value, Text(tags))));
        listener.Start();
        return listener;

        static string Text(ReadOnlySpan<KeyValuePair<string, object?>> tags) => string.Join(',', tags.ToArray().Select(static tag => $"{tag.Key}={tag.Value}"));
    }
}
