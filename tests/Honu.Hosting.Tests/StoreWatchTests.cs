using System.Text;
using Honu.TestKit;

namespace Honu.Hosting.Tests;

/// <summary>Watches through a server.</summary>
public sealed class StoreWatchTests
{
    [Fact]
    public async Task Watch_ChangesOfOthers_ComeInOrder()
    {
        await using var served = await ServedStore.Start();
        await using var watch = await Watching.Start(served.Client, new StoreWatch { Prefix = "user/"u8.ToArray() });

        await Guard.Within(served.Client.PutAsync("default", "user/1"u8.ToArray(), "a"u8.ToArray()));
        await Guard.Within(served.Client.PutAsync("other", "user/2"u8.ToArray(), "b"u8.ToArray()));
        served.Store.Put("item"u8, "no"u8);
        served.Store.Delete("user/1"u8);

        Assert.Equal("default/user/1=a", Text(await watch.Next()));
        Assert.Equal("other/user/2=b", Text(await watch.Next()));
        var last = await watch.Next();
        Assert.Equal("default/user/1-", Text(last));
        Assert.True(last is { IsLocal: true, IsCatchUp: false });
    }

    [Fact]
    public async Task Watch_WithTheTokenOfAnother_GoesOnBehindIt()
    {
        await using var served = await ServedStore.Start();
        for (var i = 0; i < 10; i++)
            served.Store.Put(Encoding.UTF8.GetBytes($"k{i}"), "v"u8);
        var first = await All(served.Client, new StoreWatch { FromStart = true, Limit = 4 });
        served.Store.Put("k9"u8, "w"u8);

        var rest = await All(served.Client, new StoreWatch { Token = first[^1].Token, EndWhenCaughtUp = true });

        Assert.Equal(["default/k0=v", "default/k1=v", "default/k2=v", "default/k3=v"], first.Select(Text));
        Assert.Equal(["default/k4=v", "default/k5=v", "default/k6=v", "default/k7=v", "default/k8=v", "default/k9=w"], rest.Select(Text));
        Assert.True(rest[0].IsCatchUp);
    }

    [Fact]
    public async Task Watch_FromTheTokenOfItsBeginning_HasWhatWasWrittenSince()
    {
        await using var served = await ServedStore.Start();
        served.Store.Put("before"u8, "v"u8);
        string token;
        await using (var watch = await Watching.Start(served.Client, new StoreWatch { Namespaces = ["default"] }))
            token = watch.Token;
        served.Store.Put("after"u8, "v"u8);

        var changes = await All(served.Client, new StoreWatch { Namespaces = ["default"], Token = token, KeysOnly = true, EndWhenCaughtUp = true });

        var change = Assert.Single(changes);
        Assert.Equal((0, 1L), (change.Object.Value.Length, change.Object.Version.ValueLength));
    }

    [Fact]
    public async Task Watch_LargeStore_ComesWhole()
    {
        await using var served = await ServedStore.Start();
        for (var i = 0; i < 3_000; i++)
            served.Store.Put(Encoding.UTF8.GetBytes($"k{i}"), new byte[100]);

        var all = await All(served.Client, new StoreWatch { FromStart = true, EndWhenCaughtUp = true });

        Assert.Equal(3_000, all.Select(static change => Encoding.UTF8.GetString(change.Object.Key.Span)).Distinct(StringComparer.Ordinal).Count());
    }

    [Fact]
    public async Task Watch_WrongRequests_AreRefusedWithAReason()
    {
        await using var served = await ServedStore.Start();
        using var other = HonuStore.OpenInMemory();

        StoreWatch[] wrong =
        [
            new() { Token = "abc" },
            new() { Token = other.GetWatchToken().ToString() },
            new() { Token = served.Store.Namespace("a").GetWatchToken().ToString() },
            new() { Token = served.Store.GetWatchToken().ToString(), FromStart = true },
            new() { Namespaces = [""] },
            new() { Namespaces = [new string('n', 300)] },
            new() { Prefix = new byte[5000] },
        ];

        foreach (var watch in wrong)
            Assert.Equal(StoreClientError.InvalidArgument, (await Assert.ThrowsAsync<StoreClientException>(() => All(served.Client, watch))).Error);
    }

    /// <summary>A watch never ends by itself, and a stopping server must not wait for it.</summary>
    [Fact]
    public async Task Watch_ServerStops_EndsAtOnce()
    {
        await using var served = await ServedStore.Start(new HonuServiceOptions { DrainTimeout = TimeSpan.FromHours(1) });
        await using var watch = await Watching.Start(served.Client, new StoreWatch());

        await Guard.Within(served.Stop());

        Assert.Equal(StoreClientError.Unreachable, (await Assert.ThrowsAsync<StoreClientException>(watch.Next)).Error);
    }

    [Fact]
    public async Task Watch_OneMoreThanAllowed_IsRefusedUntilAnotherEnds()
    {
        await using var served = await ServedStore.Start(new HonuServiceOptions { MaxConcurrentWatches = 1 });
        await using (await Watching.Start(served.Client, new StoreWatch()))
        {
            var error = await Assert.ThrowsAsync<StoreClientException>(() => All(served.Client, new StoreWatch { EndWhenCaughtUp = true }));
            Assert.Equal(StoreClientError.LimitExceeded, error.Error);
        }

        // The server learns of the end of a call a little later than the client.
        await Guard.Within(UntilAllowed());

        async Task UntilAllowed()
        {
            while (true)
            {
                try
                {
                    await All(served.Client, new StoreWatch { EndWhenCaughtUp = true });
                    return;
                }
                catch (StoreClientException e) when (e.Error == StoreClientError.LimitExceeded)
                {
                    await Task.Yield();
                }
            }
        }
    }

    private static string Text(StoreChange change) =>
        $"{change.Object.Namespace}/{Encoding.UTF8.GetString(change.Object.Key.Span)}" + (change.Object.Version.IsDeleted ? "-" : $"={Encoding.UTF8.GetString(change.Object.Value.Span)}");

    private static Task<List<StoreChange>> All(StoreClient client, StoreWatch watch)
    {
        return Guard.Within(Read());

        async Task<List<StoreChange>> Read()
        {
            var all = new List<StoreChange>();
            await foreach (var change in client.WatchAsync(watch))
                all.Add(change);
            return all;
        }
    }

    /// <summary>A watch that goes on, begun at the server when <see cref="Start"/> completes.</summary>
    private sealed class Watching : IAsyncDisposable
    {
        private readonly CancellationTokenSource _end = new();
        private readonly TaskCompletionSource<string> _started = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private readonly IAsyncEnumerator<StoreChange> _changes;
        private Task<bool> _next;

        private Watching(StoreClient client, StoreWatch watch)
        {
            _changes = client.WatchAsync(watch, _started.SetResult, _end.Token).GetAsyncEnumerator();
            _next = _changes.MoveNextAsync().AsTask();
        }

        public string Token => _started.Task.Result;

        public static async Task<Watching> Start(StoreClient client, StoreWatch watch)
        {
            var watching = new Watching(client, watch);
            await Guard.Within(watching._started.Task);
            return watching;
        }

        public async Task<StoreChange> Next()
        {
            Assert.True(await Guard.Within(_next));
            var change = _changes.Current;
            _next = _changes.MoveNextAsync().AsTask();
            return change;
        }

        public async ValueTask DisposeAsync()
        {
            await _end.CancelAsync();
            await Guard.Within(_next.ContinueWith(static _ => { }, TaskScheduler.Default));
            await Guard.Within(_changes.DisposeAsync());
            _end.Dispose();
        }
    }
}
