using Honu.TestKit;

namespace Honu.Hosting.Tests;

/// <summary>Peers, members and subscriptions of hosted replicas, by the host's own methods and by the client.</summary>
public sealed class ReplicaMembershipTests
{
    [Fact]
    public void HonuReplicaOptions_Defaults_AdvertiseNothingAndTakeEverything()
    {
        var options = new HonuReplicaOptions();

        Assert.Null(options.AdvertisedAddress);
        Assert.False(options.AdvertiseListenAddress);
        Assert.Empty(options.Subscriptions);
        Assert.Equal(TimeSpan.FromDays(30), options.RetireAfter);
        Assert.Empty(options.Validate());
    }

    [Theory]
    [InlineData("address")]
    [InlineData("pid")]
    [InlineData("subscription")]
    [InlineData("retire")]
    public void Validate_OptionsOutOfRange_TellsEach(string what)
    {
        var options = what switch
        {
            "address" => new HonuReplicaOptions { AdvertisedAddress = "nowhere" },
            "pid" => new HonuReplicaOptions { AdvertisedAddress = "3@host:1" },
            "subscription" => new HonuReplicaOptions { Subscriptions = [""] },
            _ => new HonuReplicaOptions { RetireAfter = TimeSpan.FromHours(1) },
        };

        Assert.Single(options.Validate());
    }

    [Fact]
    public async Task TwoHosts_OneConfigured_LearnOfEachOtherAndChangeAtRunTime()
    {
        await using var a = await Start(1, new HonuReplicaOptions { AdvertiseListenAddress = true });
        await using var b = await Start(2, new HonuReplicaOptions { AdvertiseListenAddress = true, Peers = [a.Address], Subscriptions = ["orders"] });
        await Guard.Within(b.Client.SyncAsync(a.Address));

        var known = Assert.Single(await Guard.Within(a.Client.GetPeersAsync()));
        Assert.Equal(($"2@{b.Address}", "learned", "active"), (known.Address, known.Origin, known.State));
        Assert.Equal(["orders"], await Guard.Within(b.Client.GetSubscriptionsAsync()));
        Assert.Equal(["orders", "people"], await Guard.Within(b.Client.AddSubscriptionAsync("people")));
        Assert.Equal(["people"], await Guard.Within(b.Client.RemoveSubscriptionAsync("orders", drop: true)));

        await Guard.Within(a.Client.AddPeerAsync("127.0.0.1:9"));
        Assert.Contains(await Guard.Within(a.Client.GetPeersAsync()), static peer => peer is { Address: "127.0.0.1:9", Origin: "added" });
        await Guard.Within(a.Client.RemovePeerAsync("127.0.0.1:9"));
        await Throws(StoreClientError.NotFound, a.Client.RemovePeerAsync("127.0.0.1:9"));
        await Throws(StoreClientError.NotFound, a.Client.RetireMemberAsync(77));
        await Throws(StoreClientError.NotFound, a.Client.ForgetMemberAsync(77));
        await Throws(StoreClientError.NotFound, a.Client.RemoveSubscriptionAsync("nothing", drop: false));
        await Throws(StoreClientError.InvalidArgument, a.Client.AddSubscriptionAsync(""));
        await Throws(StoreClientError.InvalidArgument, a.Client.AddPeerAsync("192.0.2.1:7000"));
        await Throws(StoreClientError.InvalidArgument, b.Client.RemovePeerAsync(a.Address));
    }

    [Fact]
    public async Task Status_CountsObjectsAnewAfterAWrite()
    {
        await using var a = await Start(1, new HonuReplicaOptions());
        a.Store.Put("k"u8, "v"u8);
        Assert.Null((await Guard.Within(a.Client.GetReplicaInfoAsync())).Namespaces[0].Objects);
        Assert.Equal((1, 0), await Counts());

        a.Store.Delete("k"u8, out _);

        // A count may be used again for a moment.
        await Wait.Until(async () => await Counts() == (0, 1), "the deletion is counted");

        async Task<(long?, long?)> Counts()
        {
            var ns = (await Guard.Within(a.Client.GetReplicaInfoAsync(includeFigures: true))).Namespaces[0];
            return (ns.Objects, ns.Tombstones);
        }
    }

    [Fact]
    public async Task Verify_AfterAnExchange_ComparesAndStatusTellsAllOfIt()
    {
        await using var a = await Start(1, new HonuReplicaOptions());
        await using var b = await Start(2, new HonuReplicaOptions { Interval = TimeSpan.FromHours(1), Peers = [a.Address] });
        a.Store.Put("k"u8, "v"u8);
        b.Store.Put("l"u8, "v"u8);

        // Something has to be exchanged first, unless the first session of the two has done it.
        var report = await Guard.Within(b.Client.VerifyAsync(a.Address));
        while (report.ComparisonsSkipped > 0)
            report = await Guard.Within(b.Client.VerifyAsync(a.Address));

        Assert.Equal((1, 0, 0), (report.NamespacesCompared, report.ObjectsRepaired, report.DigestMismatches));
        var (ofA, ofB) = (await Guard.Within(a.Client.GetReplicaInfoAsync(includeFigures: true)), await Guard.Within(b.Client.GetReplicaInfoAsync(includeFigures: true)));
        var (here, there) = (Assert.Single(ofA.Namespaces), Assert.Single(ofB.Namespaces));
        Assert.Equal(32, here.Digest!.Length);
        Assert.Equal((here.Digest, 2, 0, 0, 0), (there.Digest, there.Objects, there.Tombstones, there.Deferred, there.Quarantined));
        Assert.Empty(there.Blockers);
        var peer = Assert.Single(ofB.Peers);
        Assert.True(peer.RoundTrip > TimeSpan.Zero);
        Assert.Equal(0, peer.LagObjects);
        Assert.Equal(2, Assert.Single(peer.Acknowledged).Value.Count);
    }

    [Fact]
    public async Task Operator_AllowsAReconcileAndLooksAtTheQuarantine()
    {
        await using var a = await Start(1, new HonuReplicaOptions());
        a.Store.Put("k"u8, "v"u8);

        await Guard.Within(a.Client.AllowReconcileAsync(HonuStore.DefaultNamespace));
        await Throws(StoreClientError.NotFound, a.Client.AllowReconcileAsync("nothing"));
        await foreach (var held in a.Client.QuarantinedAsync(ns: null))
            Assert.Fail($"{held} is in quarantine.");
        Assert.Equal((0, 0), await Guard.Within(a.Client.RetryQuarantinedAsync(ns: null)));
        await Throws(StoreClientError.NotFound, a.Client.DiscardQuarantinedAsync(HonuStore.DefaultNamespace, "k"u8.ToArray()));
        Assert.Equal("v"u8.ToArray(), a.Store.Get("k"u8));
    }

    private static async Task Throws(StoreClientError error, Task call)
    {
        var thrown = await Assert.ThrowsAsync<StoreClientException>(() => Guard.Within(call));
        Assert.Equal(error, thrown.Error);
    }

    private static Task<ServedStore> Start(uint pid, HonuReplicaOptions options) => ServedStore.Start(options: new HonuStoreOptions { Pid = pid }, replica: options);
}
