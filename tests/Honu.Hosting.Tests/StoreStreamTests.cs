using System.Runtime.CompilerServices;
using System.Text;
using Grpc.Core;
using Honu.Hosting.Protocol.Stores;
using Honu.TestKit;

namespace Honu.Hosting.Tests;

/// <summary>Imports and scans that do not end as planned: refused operations, cancelled readers, limits, a stopping server.</summary>
public sealed class StoreStreamTests
{
    [Fact]
    public async Task Import_OfManyBatches_AcknowledgesEveryOperation()
    {
        await using var served = await ServedStore.Start();
        var counts = new List<long>();

        var stored = await Guard.Within(served.Client.ImportAsync(Batches(50, 100), progress: count => counts.Add(count.Acknowledged)));

        Assert.Equal((5000, 5000), (stored.Acknowledged, stored.Put));
        Assert.Equal(5000, counts[^1]);
        Assert.Equal(counts.Order(), counts);
        Assert.Equal(5000, served.Store.GetStatistics().Namespaces.Single().Objects);
    }

    [Fact]
    public async Task Import_WithAnOperationThatIsRefused_StoresAndCountsThoseBeforeIt()
    {
        await using var served = await ServedStore.Start(options: new HonuStoreOptions { MaxValueBytes = 100 });
        var last = 0L;

        var error = await Assert.ThrowsAsync<StoreClientException>(() => Guard.Within(served.Client.ImportAsync(WithTooLarge(), progress: count => last = count.Acknowledged)));

        Assert.Equal(StoreClientError.InvalidArgument, error.Error);
        Assert.Equal(15, last);
        Assert.Equal(15, served.Store.GetStatistics().Namespaces.Single().Objects);

        static async IAsyncEnumerable<IReadOnlyList<StoreOperation>> WithTooLarge()
        {
            await foreach (var batch in Batches(1, 10))
                yield return batch;
            yield return [.. Enumerable.Range(100, 5).Select(Operation), new StoreOperation("default", "large"u8.ToArray(), new byte[101]), Operation(200)];
        }
    }

    [Fact]
    public async Task Import_WhoseSourceFails_CountsWhatWasSentBefore()
    {
        await using var served = await ServedStore.Start();
        var last = 0L;

        await Assert.ThrowsAsync<InvalidDataException>(() => Guard.Within(served.Client.ImportAsync(Failing(), progress: count => last = count.Acknowledged)));

        Assert.Equal(20, last);
        Assert.Equal(20, served.Store.GetStatistics().Namespaces.Single().Objects);

        static async IAsyncEnumerable<IReadOnlyList<StoreOperation>> Failing()
        {
            await foreach (var batch in Batches(2, 10))
                yield return batch;
            throw new InvalidDataException("line 21");
        }
    }

    [Fact]
    public async Task Import_ThatSkipsWhatIsUnchanged_MakesVersionsOfTheRestAndCountsBoth()
    {
        await using var served = await ServedStore.Start();
        served.Store.Put("same"u8, "v"u8);
        served.Store.Put("longer"u8, "vv"u8);
        served.Store.Put("other"u8, "w"u8);
        served.Store.Put("empty"u8, ""u8);
        served.Store.Put("doomed"u8, "v"u8);
        served.Store.Put("deleted"u8, ""u8);
        served.Store.Delete("deleted"u8);

        var first = await Guard.Within(served.Client.ImportAsync(Mixed(), skipUnchanged: true));
        var second = await Guard.Within(served.Client.ImportAsync(Mixed(), skipUnchanged: true));
        var versions = served.Store.History("same"u8).Count;
        var third = await Guard.Within(served.Client.ImportAsync(Mixed()));

        Assert.Equal((new ImportCounts(10, 3, 1, 2), 4), (first, first.Put));
        Assert.Equal(new ImportCounts(10, 7, 0, 3), second);
        Assert.Equal((new ImportCounts(10, 0, 0, 3), 7), (third, third.Put));
        Assert.Equal((1, 3), (versions, served.Store.History("same"u8).Count));
        Assert.Equal("v"u8.ToArray(), served.Store.Get("longer"u8));
        Assert.Equal([], served.Store.Get("deleted"u8)!);

        static async IAsyncEnumerable<IReadOnlyList<StoreOperation>> Mixed()
        {
            await Task.CompletedTask;
            yield return
            [
                Put("same", "v"), Put("longer", "v"), Put("other", "v"), Put("empty", ""), Put("new", "v"), Put("deleted", ""),
                Put("same", "v"), Delete("doomed"), Delete("doomed"), Delete("never"),
            ];
        }

        static StoreOperation Put(string key, string value) => new("default", Encoding.UTF8.GetBytes(key), Encoding.UTF8.GetBytes(value));
        static StoreOperation Delete(string key) => new("default", Encoding.UTF8.GetBytes(key), default, IsDelete: true);
    }

    [Fact]
    public async Task Import_OfAKeyTwiceInOneMessage_KeepsBothVersions()
    {
        await using var served = await ServedStore.Start();

        await Guard.Within(served.Client.ImportAsync(Twice()));

        Assert.Equal(["2", "1"], served.Store.History("k"u8).Select(static entry => Encoding.ASCII.GetString(entry.Value.Span)));

        static async IAsyncEnumerable<IReadOnlyList<StoreOperation>> Twice()
        {
            await Task.CompletedTask;
            yield return [new StoreOperation("default", "k"u8.ToArray(), "1"u8.ToArray()), new StoreOperation("default", "k"u8.ToArray(), "2"u8.ToArray())];
        }
    }

    [Fact]
    public async Task Scan_CancelledByItsReader_LetsTheNextOneIn()
    {
        await using var served = await ServedStore.Start(new HonuServiceOptions { MaxConcurrentScans = 1 });
        await Fill(served);
        using (var cancel = new CancellationTokenSource())
        {
            await using var scan = served.Client.ScanAsync(cancellationToken: cancel.Token).GetAsyncEnumerator();
            Assert.True(await Guard.Within(scan.MoveNextAsync()));
            var refused = await Assert.ThrowsAsync<StoreClientException>(async () => await Guard.Within(Count(served.Client.ScanAsync())));
            Assert.Equal(StoreClientError.LimitExceeded, refused.Error);

            await cancel.CancelAsync();
            await Assert.ThrowsAnyAsync<OperationCanceledException>(async () =>
            {
                while (await Guard.Within(scan.MoveNextAsync()))
                {
                    // Pages that were on their way already.
                }
            });
        }

        // The server notices the end of the call a moment after the client.
        using var guard = new CancellationTokenSource(Guard.DefaultTimeout);
        while (true)
        {
            try
            {
                Assert.Equal(4000, await Count(served.Client.ScanAsync(cancellationToken: guard.Token)));
                return;
            }
            catch (StoreClientException e) when (e.Error == StoreClientError.LimitExceeded)
            {
                guard.Token.ThrowIfCancellationRequested();
            }
        }
    }

    [Fact]
    public async Task Stop_WithAScanThatNobodyReads_EndsItAndRefusesNewCalls()
    {
        await using var served = await ServedStore.Start(new HonuServiceOptions { DrainTimeout = TimeSpan.FromMilliseconds(200) });
        await Fill(served);
        using var call = served.Wire.Scan(new ScanRequest());
        Assert.True(await Guard.Within(call.ResponseStream.MoveNext(default)));

        await Guard.Within(served.Stop());

        var after = await Assert.ThrowsAsync<StoreClientException>(() => Guard.Within(served.Client.GetAsync("default", "k"u8.ToArray())));
        Assert.Equal(StoreClientError.Unreachable, after.Error);
        await Assert.ThrowsAsync<RpcException>(async () =>
        {
            while (await Guard.Within(call.ResponseStream.MoveNext(default)))
            {
                // What was on its way before the stop.
            }
        });
    }

    [Fact]
    public void Connect_ToAnotherMachineInPlaintext_IsRefused()
    {
        Assert.Throws<ArgumentException>(() => StoreClient.Connect("192.0.2.1:7000"));
        Assert.Throws<ArgumentException>(() => StoreClient.Connect("not an address"));
    }

    // About 16 MB: more than the windows of a connection, so that a scan that nobody reads is still running.
    private static async Task Fill(ServedStore served) => await Guard.Within(served.Client.ImportAsync(Batches(40, 100, valueBytes: 4096)));

    private static async Task<int> Count(IAsyncEnumerable<StoreObject> items)
    {
        var count = 0;
        await foreach (var item in items)
            count++;
        return count;
    }

    private static StoreOperation Operation(int i) => new("default", Encoding.ASCII.GetBytes($"k{i:d6}"), "value"u8.ToArray());

    private static async IAsyncEnumerable<IReadOnlyList<StoreOperation>> Batches(
        int batches, int operations, int valueBytes = 10, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        for (var b = 0; b < batches; b++)
        {
            await Task.Yield();
            cancellationToken.ThrowIfCancellationRequested();
            yield return [.. Enumerable.Range(b * operations, operations).Select(i => Operation(i) with { Value = new byte[valueBytes] })];
        }
    }
}
