using Honu.TestKit;

namespace Honu.Hosting.Tests;

/// <summary>Clients of several real replicas over the loopback, whose sessions are an hour apart: whatever comes sooner came because somebody waited for it.</summary>
public sealed class ConsistencyTests
{
    private const string Ns = HonuStore.DefaultNamespace;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    [Fact]
    public async Task Get_WithTheTokenOfAWriteElsewhere_FetchesIt()
    {
        await using var a = await Start(1);
        await using var b = await Start(2, a);

        var written = await Guard.Within(a.Client.PutTrackedAsync(Ns, "k"u8.ToArray(), "v"u8.ToArray()));
        var read = await Guard.Within(b.Client.GetTrackedAsync(Ns, "k"u8.ToArray(), new ReadOptions { AtLeast = written.Token, Timeout = Patience }));

        Assert.Equal("v"u8.ToArray(), read.Object?.Value.ToArray());
        Assert.Equal(written.Token, read.Token);
    }

    [Fact]
    public async Task Get_ThatIsNotServedInTime_IsAWaitThatTimedOut()
    {
        await using var a = await Start(1);
        await using var alone = await Start(2);
        var written = await Guard.Within(a.Client.PutTrackedAsync(Ns, "k"u8.ToArray(), "v"u8.ToArray()));

        var error = await Assert.ThrowsAsync<StoreClientException>(() => Guard.Within(
            alone.Client.GetTrackedAsync(Ns, "k"u8.ToArray(), new ReadOptions { AtLeast = written.Token, Timeout = TimeSpan.FromMilliseconds(100) })));

        Assert.Equal(StoreClientError.WaitTimedOut, error.Error);
        Assert.Contains("1.0", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Put_ThatWaitsInVain_WritesNothing()
    {
        await using var a = await Start(1);
        await using var alone = await Start(2);
        var written = await Guard.Within(a.Client.PutTrackedAsync(Ns, "k"u8.ToArray(), "v"u8.ToArray()));

        var error = await Assert.ThrowsAsync<StoreClientException>(() => Guard.Within(
            alone.Client.PutAsync(Ns, "k"u8.ToArray(), "w"u8.ToArray(), new WriteOptions { AtLeast = written.Token, WaitTimeout = TimeSpan.FromMilliseconds(100) })));

        Assert.Equal(StoreClientError.WaitTimedOut, error.Error);
        Assert.Null(await Guard.Within(alone.Client.GetAsync(Ns, "k"u8.ToArray())));
    }

    [Fact]
    public async Task Get_WithATokenOfAnotherCluster_IsRefused()
    {
        await using var a = await Start(1);
        using var other = HonuStore.OpenInMemory(new HonuStoreOptions { Cluster = "other" });
        var token = other.GetToken(other.Put("k"u8, "v"u8).Id);

        var error = await Assert.ThrowsAsync<StoreClientException>(() => Guard.Within(a.Client.GetTrackedAsync(Ns, "k"u8.ToArray(), new ReadOptions { AtLeast = token })));

        Assert.Equal(StoreClientError.Refused, error.Error);
    }

    [Fact]
    public async Task Scan_AndHistory_WaitForTheTokenAndTellOne()
    {
        await using var a = await Start(1);
        await using var b = await Start(2, a);
        var written = await Guard.Within(a.Client.PutTrackedAsync(Ns, "k"u8.ToArray(), "v"u8.ToArray()));
        var options = new ReadOptions { AtLeast = written.Token, Timeout = Patience };
        CausalToken? scanned = null, history = null;

        var objects = await Guard.Within(All(b.Client.ScanAsync(new StoreScan(), options, token => scanned = token)));
        var versions = await Guard.Within(All(b.Client.HistoryAsync(Ns, "k"u8.ToArray(), options, token => history = token)));

        Assert.Equal((1, 1), (objects.Count, versions.Count));
        Assert.Equal(written.Token, scanned);
        Assert.Equal(written.Token, history);
    }

    [Fact]
    public async Task Get_WithMaxStaleness_AsksEveryReplica()
    {
        await using var a = await Start(1);
        await using var b = await Start(2, a);
        await Guard.Within(a.Client.PutAsync(Ns, "k"u8.ToArray(), "v"u8.ToArray()));

        var read = await Guard.Within(b.Client.GetTrackedAsync(Ns, "k"u8.ToArray(), new ReadOptions { MaxStaleness = TimeSpan.Zero, Timeout = Patience }));

        Assert.Equal("v"u8.ToArray(), read.Object?.Value.ToArray());
    }

    [Fact]
    public async Task Put_WithReplicasWhereNobodyAnswers_StaysAndTellsZero()
    {
        await using var alone = await Start(1);

        var result = await Guard.Within(alone.Client.PutTrackedAsync(Ns, "k"u8.ToArray(), "v"u8.ToArray(), default(WriteOptions).WaitForReplicas(1, TimeSpan.FromMilliseconds(100))));

        Assert.Equal(0, result.AcknowledgedBy);
        Assert.NotNull(await Guard.Within(alone.Client.GetAsync(Ns, "k"u8.ToArray())));
    }

    [Fact]
    public async Task Put_WithReplicas_BringsTheWriteToThePeerAtOnce()
    {
        await using var b = await Start(2);
        await using var a = await Start(1, b);

        var waiting = a.Client.PutTrackedAsync(Ns, "k"u8.ToArray(), "v"u8.ToArray(), default(WriteOptions).WaitForReplicas(1, TimeSpan.FromSeconds(1)));
        await Guard.Within(b.Store.WaitForAsync(a.Store.GetToken(new VersionId(1, a.Store.Identity.Replica)), Patience).AsTask());

        Assert.Equal("v"u8.ToArray(), b.Store.Get("k"u8));
        Assert.True((await Guard.Within(waiting)).Applied);
    }

    [Fact]
    public async Task Put_WithReplicas_IsToldThatThePeerHasItDurably()
    {
        await using var b = await Start(2);
        await using var a = await Start(1, b);

        var result = await Guard.Within(a.Client.PutTrackedAsync(Ns, "k"u8.ToArray(), "v"u8.ToArray(), default(WriteOptions).WaitForReplicas(1, Patience)));

        Assert.Equal((true, 1), (result.Applied, result.AcknowledgedBy));
        Assert.Equal("v"u8.ToArray(), b.Store.Get("k"u8));
    }

    [Fact]
    public async Task Put_WithReplicasAtAServerThatDoesNotReplicate_WritesNothing()
    {
        await using var single = await ServedStore.Start();

        var error = await Assert.ThrowsAsync<StoreClientException>(() => Guard.Within(
            single.Client.PutTrackedAsync(Ns, "k"u8.ToArray(), "v"u8.ToArray(), default(WriteOptions).WaitForReplicas(1, Patience))));

        Assert.Equal(StoreClientError.Refused, error.Error);
        Assert.Null(single.Store.Get("k"u8));
    }

    [Fact]
    public async Task Get_BeyondTheLimitOfWaits_IsRefused()
    {
        await using var server = await ServedStore.Start(new HonuServiceOptions { MaxConcurrentWaits = 0 });

        var error = await Assert.ThrowsAsync<StoreClientException>(() => Guard.Within(
            server.Client.GetTrackedAsync(Ns, "k"u8.ToArray(), new ReadOptions { AtLeast = server.Store.GetToken(server.Store.Put("k"u8, "v"u8).Id) })));

        Assert.Equal(StoreClientError.LimitExceeded, error.Error);
    }

    [Fact]
    public async Task Stop_WhileACallWaits_EndsIt()
    {
        await using var server = await ServedStore.Start();
        using var other = HonuStore.OpenInMemory();
        var token = other.GetToken(other.Put("k"u8, "v"u8).Id);
        var waiting = server.Client.GetTrackedAsync(Ns, "k"u8.ToArray(), new ReadOptions { AtLeast = token, Timeout = TimeSpan.FromMinutes(5) });
        await Guard.Within(server.Stop());

        Assert.Equal(StoreClientError.Unreachable, (await Assert.ThrowsAsync<StoreClientException>(() => Guard.Within(waiting))).Error);
    }

    private static Task<ServedStore> Start(uint pid, ServedStore? peer = null) => ServedStore.Start(
        options: new HonuStoreOptions { Pid = pid },
        replica: new HonuReplicaOptions { Peers = peer is null ? [] : [peer.Address], Interval = TimeSpan.FromHours(1) });

    private static async Task<List<StoreObject>> All(IAsyncEnumerable<StoreObject> items)
    {
        var all = new List<StoreObject>();
        await foreach (var item in items)
            all.Add(item);
        return all;
    }
}
