using System.Buffers;
using Honu.TestKit;

namespace Honu.Tests.Store;

/// <summary>Goal: misuse gives managed exceptions and never takes the process down. Method: each misuse on both engines, on LevelDB with native memory behind it.</summary>
public class DisposeTests
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Dispose_Twice_IsHarmless(bool inMemory)
    {
        using var open = new OpenStore(inMemory);

        open.Store.Dispose();
        open.Store.Dispose();
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Every_CallAfterDispose_IsObjectDisposed(bool inMemory)
    {
        using var open = new OpenStore(inMemory);
        var store = open.Store;
        var space = store.Namespace("n");
        store.Put("key"u8, "v"u8);
        var batch = new HonuWriteBatch();
        batch.Put("key"u8, "v"u8);
        store.Dispose();
        Action[] calls =
        [
            () => store.Put("key"u8, "v"u8),
            () => store.TryPut("key"u8, "v"u8, default, out _),
            () => store.Delete("key"u8),
            () => store.Get("key"u8),
            () => store.TryGet("key"u8, new ArrayBufferWriter<byte>()),
            () => store.Read("key"u8, new byte[1]),
            () => store.TryGetVersion("key"u8, out _),
            () => OpenStore.Keys(store),
            () => store.History("key"u8),
            () => store.Write(batch),
            () => store.CreateSnapshot(),
            () => store.Compact(),
            () => store.GetStatistics(),
            () => space.Put("key"u8, "v"u8),
            () => space.Get("key"u8),
        ];

        for (var i = 0; i < calls.Length; i++)
        {
            var error = await Record.ExceptionAsync(() => Guard.RunWithin(calls[i], TimeSpan.FromSeconds(10), $"call {i} after Dispose"));
            Assert.True(error is ObjectDisposedException, $"call {i}: {error?.ToString() ?? "no exception"}");
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Dispose_DuringAScan_EndsTheScanWithObjectDisposed(bool inMemory)
    {
        using var open = new OpenStore(inMemory);
        for (var key = 0; key < 1000; key++)
            open.Store.Put(BitConverter.GetBytes(key), new byte[100]);
        var seen = 0;

        Assert.Throws<ObjectDisposedException>(() =>
        {
            foreach (var entry in open.Store.Scan())
            {
                seen += entry.Value.Length > 0 ? 1 : 0;
                if (seen == 10)
                    open.Store.Dispose();
            }
        });

        Assert.Equal(10, seen);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Dispose_InTheMiddleOfAScan_EntryStaysReadableAndTheStoreOpensAfterTheScan(bool inMemory)
    {
        using var open = new OpenStore(inMemory);
        open.Store.Put("a"u8, "v"u8);
        open.Store.Put("b"u8, "v"u8);
        var left = open.Store.Scan().GetEnumerator();
        Assert.True(left.MoveNext());

        open.Store.Dispose();

        Assert.Equal("v"u8.ToArray(), left.Current.Value.ToArray());
        if (!inMemory)
            Assert.Throws<HonuStoreLockedException>(() => open.Reopen());
        left.Dispose();
        if (!inMemory)
            Assert.Equal("v"u8.ToArray(), open.Reopen().Get("a"u8));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Dispose_SnapshotStillOpen_SnapshotIsObjectDisposed(bool inMemory)
    {
        using var open = new OpenStore(inMemory);
        open.Store.Put("a"u8, "v"u8);
        var snapshot = open.Store.CreateSnapshot();

        open.Store.Dispose();

        Assert.Throws<ObjectDisposedException>(() => snapshot.Get("a"u8));
        Assert.Throws<ObjectDisposedException>(() => snapshot.History("a"u8));
        snapshot.Dispose();
        snapshot.Dispose();
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Snapshot_UsedAfterItsDispose_IsObjectDisposed(bool inMemory)
    {
        using var open = new OpenStore(inMemory);
        open.Store.Put("a"u8, "v"u8);
        var snapshot = open.Store.CreateSnapshot();

        snapshot.Dispose();

        Assert.Throws<ObjectDisposedException>(() => snapshot.Get("a"u8));
        Assert.Throws<ObjectDisposedException>(() =>
        {
            foreach (var entry in snapshot.Scan())
                Assert.Fail($"an entry of {entry.Key.Length} bytes");
        });
        Assert.Equal("v"u8.ToArray(), open.Store.Get("a"u8));
    }

    /// <summary>Goal: no thread sees freed memory or a wrong value when the store closes under it. Method: writers and readers run until each is told.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Dispose_WhileOthersReadAndWrite_TellsEachOfThem(bool inMemory)
    {
        for (var round = 0; round < 5; round++)
        {
            using var open = new OpenStore(inMemory);
            var store = open.Store;
            store.Put("a"u8, new byte[100]);
            using var started = new CountdownEvent(3);
            Task Until(Action call) => Guard.RunWithin(() =>
            {
                call();
                started.Signal();
                Action forEver = () =>
                {
                    while (true)
                        call();
                };
                Assert.Throws<ObjectDisposedException>(forEver);
            });
            var others = new[]
            {
                Until(() => Assert.Equal(100, store.Get("a"u8)!.Length)),
                Until(() => store.Put("b"u8, new byte[100])),
                Until(() => Assert.NotEmpty(OpenStore.Keys(store))),
            };

            await Guard.RunWithin(() => started.Wait());
            store.Dispose();

            await Task.WhenAll(others);
        }
    }
}
