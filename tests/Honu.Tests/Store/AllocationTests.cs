using System.Buffers;
using Honu.TestKit;

namespace Honu.Tests.Store;

/// <summary>The paths that an application runs a million times a second allocate nothing. Measured on LevelDB after a warm-up.</summary>
public sealed class AllocationTests : IDisposable
{
    private const int Operations = 2_000;

    private readonly TestDirectory _directory = new();
    private readonly HonuStore _store;
    private readonly byte[][] _keys = [.. Enumerable.Range(0, Operations).Select(static i => System.Text.Encoding.ASCII.GetBytes($"key/{i:D12}"))];
    private readonly byte[] _value = new byte[100];

    public AllocationTests() =>
        _store = HonuStore.Open(_directory.Path, new() { MaintenanceInterval = Timeout.InfiniteTimeSpan, Retention = Retention.Versions(10) });

    public void Dispose()
    {
        _store.Dispose();
        _directory.Dispose();
    }

    [Fact]
    public void Put_NewKeys_AllocatesNothing()
    {
        Warm();

        Assert.Equal(0, AllocatedPerOperation(i => _store.Put(_keys[i], _value)));
    }

    [Fact]
    public void Put_OverExistingKeys_AllocatesNothing()
    {
        Warm();
        AllocatedPerOperation(i => _store.Put(_keys[i], _value));
        AllocatedPerOperation(i => _store.Put(_keys[i], _value));

        Assert.Equal(0, AllocatedPerOperation(i => _store.Put(_keys[i], _value)));
    }

    [Fact]
    public void Delete_AllocatesNothing()
    {
        Warm();
        AllocatedPerOperation(i => _store.Put(_keys[i], _value));

        Assert.Equal(0, AllocatedPerOperation(i => _store.Delete(_keys[i])));
    }

    [Fact]
    public void Read_IntoTheCallersBuffer_AllocatesNothing()
    {
        Warm();
        AllocatedPerOperation(i => _store.Put(_keys[i], _value));
        var destination = new byte[100];
        var writer = new ArrayBufferWriter<byte>(200);
        _store.TryGet(_keys[0], writer);

        Assert.Equal(0, AllocatedPerOperation(i => Assert.True(_store.Read(_keys[i], destination) == 100)));
        Assert.Equal(0, AllocatedPerOperation(i =>
        {
            writer.ResetWrittenCount();
            Assert.True(_store.TryGet(_keys[i], writer));
        }));
        Assert.Equal(0, AllocatedPerOperation(_ => Assert.True(_store.Read("missing"u8, destination) < 0)));
    }

    [Fact]
    public void Scan_AllocatesNothingPerEntry()
    {
        Warm();
        AllocatedPerOperation(i => _store.Put(_keys[i], _value));
        var empty = AllocatedBy(() => Count(ScanOptions.WithPrefix("nothing"u8)));

        var all = AllocatedBy(() => Count(ScanOptions.All));

        Assert.True(all <= empty + 64, $"a scan of {Operations} entries allocated {all} B, one of none {empty} B");
    }

    private int Count(ScanOptions options)
    {
        var count = 0;
        foreach (var entry in _store.Scan(options))
            count += entry.Value.Length > 0 ? 1 : 0;
        return count;
    }

    // Everything that is compiled, pooled or grown once.
    private void Warm()
    {
        for (var round = 0; round < 3; round++)
        {
            for (var i = 0; i < Operations; i++)
                _store.Put(BitConverter.GetBytes(i), _value);
        }

        _store.Read(BitConverter.GetBytes(1), new byte[100]);
        Count(ScanOptions.All);
        for (var i = 0; i < 100; i++)
            _store.Delete(BitConverter.GetBytes(i));
    }

    private static long AllocatedPerOperation(Action<int> operation)
    {
        var allocated = AllocatedBy(() =>
        {
            for (var i = 0; i < Operations; i++)
                operation(i);
        });

        // Lists double now and then, and the clock's lease is written every few seconds: both vanish per operation.
        return allocated / Operations;
    }

    private static long AllocatedBy(Action action)
    {
        var before = GC.GetAllocatedBytesForCurrentThread();
        action();
        return GC.GetAllocatedBytesForCurrentThread() - before;
    }
}
