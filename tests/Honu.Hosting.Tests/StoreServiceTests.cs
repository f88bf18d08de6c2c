using Google.Protobuf;
using Grpc.Core;
using Honu.Hosting.Protocol.Stores;
using Honu.TestKit;

namespace Honu.Hosting.Tests;

/// <summary>Every call of honu.store.v1 over a real connection.</summary>
public sealed class StoreServiceTests
{
    [Fact]
    public async Task PutGetDelete_ThroughTheClient_MatchTheStore()
    {
        await using var served = await ServedStore.Start();

        var put = await Guard.Within(served.Client.PutAsync("orders", "k"u8.ToArray(), "v"u8.ToArray()));
        var got = await Guard.Within(served.Client.GetAsync("orders", "k"u8.ToArray()));
        var elsewhere = await Guard.Within(served.Client.GetAsync("default", "k"u8.ToArray()));
        var tombstone = await Guard.Within(served.Client.DeleteAsync("orders", "k"u8.ToArray(), WriteOptions.Synced));
        var gone = await Guard.Within(served.Client.GetAsync("orders", "k"u8.ToArray()));
        var head = await Guard.Within(served.Client.GetVersionAsync("orders", "k"u8.ToArray()));
        var twice = await Guard.Within(served.Client.DeleteAsync("orders", "k"u8.ToArray()));

        Assert.Equal("v"u8.ToArray(), got!.Value.ToArray());
        Assert.Equal(put, got.Version);
        Assert.Equal(5u, put.Id.Replica.Pid);
        Assert.Null(elsewhere);
        Assert.Null(gone);
        Assert.Equal((true, put.Id), (tombstone.IsDeleted, tombstone.Parent));
        Assert.Equal(tombstone, head);
        Assert.True(twice.IsNone);
    }

    [Fact]
    public async Task TryPut_OnAnotherVersion_TellsTheCurrentOne()
    {
        await using var served = await ServedStore.Start();
        byte[] key = [1];

        var created = await Guard.Within(served.Client.TryPutAsync("default", key, new byte[] { 1 }, expected: default));
        var refused = await Guard.Within(served.Client.TryPutAsync("default", key, new byte[] { 2 }, expected: default));
        var swapped = await Guard.Within(served.Client.TryPutAsync("default", key, new byte[] { 3 }, created.Version.Id));

        Assert.True(created.Written);
        Assert.Equal((false, created.Version.Id), (refused.Written, refused.Version.Id));
        Assert.Equal((true, created.Version.Id), (swapped.Written, swapped.Version.Parent));
        Assert.Equal([3], served.Store.Get(key));
    }

    [Fact]
    public async Task Write_OfABatch_IsAllOrNothing()
    {
        await using var served = await ServedStore.Start();

        var versions = await Guard.Within(served.Client.WriteAsync(
            [new StoreOperation("a", "1"u8.ToArray(), "x"u8.ToArray()), new StoreOperation("b", "1"u8.ToArray(), "y"u8.ToArray()), new StoreOperation("b", "none"u8.ToArray(), default, IsDelete: true)]));
        var error = await Assert.ThrowsAsync<StoreClientException>(() => served.Client.WriteAsync(
            [new StoreOperation("a", "2"u8.ToArray(), "x"u8.ToArray()), new StoreOperation("a", new byte[4097], "y"u8.ToArray())]));

        Assert.Equal([false, false, true], versions.Select(static version => version.IsNone));
        Assert.Equal(StoreClientError.InvalidArgument, error.Error);
        Assert.Null(served.Store.Namespace("a").Get("2"u8));
    }

    [Fact]
    public async Task Scan_OfManyPages_GivesEveryObjectInOrderFromOneSnapshot()
    {
        await using var served = await ServedStore.Start();
        for (var i = 0; i < 3000; i++)
            served.Store.Namespace(i % 3 == 0 ? "b" : "a").Put(System.Text.Encoding.ASCII.GetBytes($"{i:d5}"), new byte[200]);

        var all = new List<(string, string)>();
        await foreach (var item in served.Client.ScanAsync(new StoreScan { Namespace = null }))
        {
            if (all.Count == 1)
                served.Store.Namespace("b").Put("99999"u8, "written while the scan runs"u8);
            all.Add((item.Namespace, System.Text.Encoding.ASCII.GetString(item.Key.Span)));
        }

        var reverse = await List(served.Client.ScanAsync(new StoreScan { Namespace = null, Reverse = true, KeysOnly = true }));
        var expected = Enumerable.Range(0, 3000).Select(static i => (i % 3 == 0 ? "b" : "a", $"{i:d5}")).Order().ToList();
        Assert.Equal(expected, all);
        Assert.Equal(3001, reverse.Count);
        Assert.Equal("99999"u8.ToArray(), reverse[0].Key.ToArray());
        Assert.All(reverse, static item => Assert.True(item.Value.IsEmpty));
        Assert.Equal(200, reverse[1].Version.ValueLength);
    }

    [Fact]
    public async Task Scan_WithPrefixRangeLimitAndTombstones_ShowsWhatWasAskedFor()
    {
        await using var served = await ServedStore.Start();
        foreach (var key in new[] { "a", "ab", "abc", "b", "c" })
            served.Store.Put(System.Text.Encoding.ASCII.GetBytes(key), "v"u8);
        served.Store.Put([0xFF, 0xFF], "v"u8);
        served.Store.Delete("ab"u8);

        Assert.Equal(["a", "abc"], await Keys(new StoreScan { Prefix = "a"u8.ToArray() }));
        Assert.Equal(["a", "ab", "abc"], await Keys(new StoreScan { Prefix = "a"u8.ToArray(), IncludeTombstones = true }));
        Assert.Equal(["abc", "b"], await Keys(new StoreScan { From = "aba"u8.ToArray(), To = "c"u8.ToArray() }));
        Assert.Equal(["abc"], await Keys(new StoreScan { Prefix = "a"u8.ToArray(), From = "aa"u8.ToArray(), To = "z"u8.ToArray() }));
        Assert.Equal(["c", "b"], await Keys(new StoreScan { To = "d"u8.ToArray(), Reverse = true, Limit = 2 }));
        Assert.Equal(["??"], await Keys(new StoreScan { Prefix = new byte[] { 0xFF } }));
        Assert.Empty(await Keys(new StoreScan { From = "c"u8.ToArray(), To = "a"u8.ToArray() }));

        async Task<IEnumerable<string>> Keys(StoreScan scan) =>
            (await List(served.Client.ScanAsync(scan))).Select(static item => System.Text.Encoding.ASCII.GetString(item.Key.Span));
    }

    [Fact]
    public async Task Conflicts_OfAllOrOneNamespace_ComeAsTheStoreListsThem()
    {
        await using var served = await ServedStore.Start();
        using var other = HonuStore.OpenInMemory();
        foreach (var ns in new[] { "a", "b" })
        {
            other.Namespace(ns).Put("k"u8, "theirs"u8);
            served.Store.Namespace(ns).Put("k"u8, "ours"u8);
            var block = new Honu.Format.RecordBlockWriter();
            using var snapshot = other.Replication.CreateSnapshot();
            snapshot.ReadUncovered(ns, new VersionVector(), default, block, 10, 1 << 20);
            served.Store.Replication.Apply(ns, block.Bytes.Span, cursor: null, join: null);
        }

        var all = await List(served.Client.ConflictsAsync());
        var one = await List(served.Client.ConflictsAsync("b"));

        var expected = served.Store.Conflicts();
        Assert.Equal(["a", "b"], all.Select(static conflict => conflict.Namespace));
        Assert.Equal(expected.Select(Describe), all.Select(Describe));
        Assert.Equal(expected.Skip(1).Select(Describe), one.Select(Describe));
        Assert.Equal("theirs"u8.ToArray(), all[0].LoserValue.ToArray());

        static string Describe(Conflict conflict) =>
            $"{conflict.Namespace} {Convert.ToHexString(conflict.Key.Span)} {conflict.Winner} {conflict.Loser} {Convert.ToHexString(conflict.LoserValue.Span)} {conflict.Since:O}";
    }

    [Fact]
    public async Task Scan_WithHistory_GivesVersionsOldestFirst()
    {
        await using var served = await ServedStore.Start();
        served.Store.Put("k"u8, "1"u8);
        served.Store.Put("k"u8, "2"u8);
        served.Store.Delete("k"u8);
        served.Store.Put("k"u8, "3"u8);
        served.Store.Put("l"u8, "1"u8);

        var live = await List(served.Client.ScanAsync(new StoreScan { IncludeHistory = true }));
        var all = await List(served.Client.ScanAsync(new StoreScan { IncludeHistory = true, IncludeTombstones = true, Limit = 1 }));
        var history = await List(served.Client.HistoryAsync("default", "k"u8.ToArray()));

        Assert.Equal(["1", "2", "3", "1"], live.Select(Text));
        Assert.Equal(["1", "2", "", "3"], all.Select(Text));
        Assert.Equal(["3", "", "2", "1"], history.Select(Text));
        Assert.Equal(history[1].Version.Id, history[0].Version.Parent);
    }

    [Fact]
    public async Task Status_WithFigures_DescribesTheStore()
    {
        await using var served = await ServedStore.Start(options: new HonuStoreOptions { Pid = 9, Cluster = "blue", Region = "eu", MaxValueBytes = 1000 });
        var version = served.Store.Put("k"u8, "value"u8);

        var info = await Guard.Within(served.Client.GetInfoAsync(includeFigures: true));
        var replica = await Guard.Within(served.Client.GetReplicaInfoAsync());

        Assert.Equal((served.Store.Identity.StoreId, 9u, "blue", "eu"), (info.Identity.StoreId, info.Identity.Replica.Pid, info.Identity.Cluster, info.Identity.Region));
        Assert.Equal(1000, info.MaxValueBytes);
        Assert.Equal(["default"], info.Namespaces);
        var figures = Assert.Single(info.Figures!.Namespaces);
        Assert.Equal((1, 5), (figures.Objects, figures.ValueBytes));
        Assert.Equal(version.Id.Scalar, figures.Vector[version.Id.Replica]);
        Assert.False(replica.Replicating);
    }

    [Fact]
    public async Task Sync_WithoutReplication_IsRefused()
    {
        await using var served = await ServedStore.Start();

        var error = await Assert.ThrowsAsync<StoreClientException>(() => served.Client.SyncAsync("127.0.0.1:7000"));

        Assert.Equal(StoreClientError.Refused, error.Error);
    }

    [Fact]
    public async Task ALargeValue_UpToTheLimit_GoesThroughAndOneByteMoreIsRefused()
    {
        await using var served = await ServedStore.Start();
        var largest = new byte[StoreLimits.DefaultMaxValueBytes];
        largest[^1] = 7;

        await Guard.Within(served.Client.PutAsync("default", "k"u8.ToArray(), largest));
        var got = await Guard.Within(served.Client.GetAsync("default", "k"u8.ToArray()));
        var scanned = await List(served.Client.ScanAsync());
        var error = await Assert.ThrowsAsync<StoreClientException>(() => served.Client.PutAsync("default", "k"u8.ToArray(), new byte[largest.Length + 1]));

        Assert.True(largest.AsSpan().SequenceEqual(got!.Value.Span));
        Assert.True(largest.AsSpan().SequenceEqual(Assert.Single(scanned).Value.Span));
        Assert.Equal(StoreClientError.InvalidArgument, error.Error);
    }

    [Fact]
    public async Task Requests_ThatAreNotAllowed_HaveTypedStatusCodes()
    {
        await using var served = await ServedStore.Start();
        var wire = served.Wire;
        var key = ByteString.CopyFromUtf8("k");

        await Fails(StatusCode.InvalidArgument, () => wire.GetAsync(new GetRequest()));
        await Fails(StatusCode.InvalidArgument, () => wire.GetAsync(new GetRequest { Key = ByteString.CopyFrom(new byte[4097]) }));
        await Fails(StatusCode.InvalidArgument, () => wire.PutAsync(new PutRequest { Key = key, Namespace = new string('n', 256) }));
        await Fails(StatusCode.InvalidArgument, () => wire.PutAsync(new PutRequest { Key = key, Durability = (Protocol.Stores.Durability)9 }));
        await Fails(StatusCode.InvalidArgument, () => wire.TryPutAsync(new TryPutRequest { Key = key, Expected = new() }));
        await Fails(StatusCode.InvalidArgument, () => wire.WriteAsync(new WriteRequest { Operations = { new Operation { Key = key, Delete = true, Value = key } } }));
        var tooMany = new WriteRequest();
        tooMany.Operations.AddRange(Enumerable.Repeat(new Operation { Key = key }, 10_001));
        await Fails(StatusCode.ResourceExhausted, () => wire.WriteAsync(tooMany));
        await Fails(StatusCode.ResourceExhausted, () => wire.PutAsync(new PutRequest { Key = key, Value = ByteString.CopyFrom(new byte[18 << 20]) }));
        await FailsScan(StatusCode.InvalidArgument, new ScanRequest { Limit = ulong.MaxValue });
        await FailsScan(StatusCode.InvalidArgument, new ScanRequest { Prefix = ByteString.CopyFrom(new byte[4098]) });
        Assert.Empty(served.Store.Namespaces);

        static async Task Fails<T>(StatusCode expected, Func<AsyncUnaryCall<T>> call)
        {
            var error = await Assert.ThrowsAsync<RpcException>(async () => await Guard.Within(call().ResponseAsync));
            Assert.Equal(expected, error.StatusCode);
        }

        async Task FailsScan(StatusCode expected, ScanRequest request)
        {
            using var call = wire.Scan(request);
            var error = await Assert.ThrowsAsync<RpcException>(() => Guard.Within(call.ResponseStream.MoveNext(default)));
            Assert.Equal(expected, error.StatusCode);
        }
    }

    private static string Text(StoreObject item) => System.Text.Encoding.UTF8.GetString(item.Value.Span);

    private static async Task<List<T>> List<T>(IAsyncEnumerable<T> items)
    {
        using var guard = new CancellationTokenSource(Guard.DefaultTimeout);
        var result = new List<T>();
        await foreach (var item in items.WithCancellation(guard.Token))
            result.Add(item);
        return result;
    }
}
