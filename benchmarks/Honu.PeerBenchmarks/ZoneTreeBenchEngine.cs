using Honu.Cli.Benchmarking;
using ZoneTree;
using ZoneTree.Comparers;
using ZoneTree.Logger;
using ZoneTree.Options;
using ZoneTree.Serializers;

namespace Honu.PeerBenchmarks;

/// <summary>ZoneTree with byte keys and values, its log written before a call returns, and its maintainer merging in the background.</summary>
internal sealed class ZoneTreeBenchEngine : IBenchEngine
{
    private readonly IZoneTree<Memory<byte>, Memory<byte>> _tree;
    private readonly IMaintainer _maintainer;
    private readonly bool _sync;

    public ZoneTreeBenchEngine(string directory, bool sync)
    {
        _sync = sync;
        _tree = new ZoneTreeFactory<Memory<byte>, Memory<byte>>()
            .SetLogLevel(LogLevel.Error)
            .SetDataDirectory(directory)
            .SetComparer(new ByteArrayLexicographicComparerAscending())
            .SetKeySerializer(new ByteArraySerializer())
            .SetValueSerializer(new ByteArraySerializer())
            .SetIsDeletedDelegate(static (in Memory<byte> _, in Memory<byte> value) => value.IsEmpty)
            .SetMarkValueDeletedDelegate(static (ref Memory<byte> value) => value = default)
            .ConfigureWriteAheadLogOptions(static options => options.WriteAheadLogMode = WriteAheadLogMode.Sync)
            .OpenOrCreate();
        _maintainer = _tree.CreateMaintainer();
        _maintainer.EnableJobForCleaningInactiveCaches = true;
    }

    // It keeps what it is given in memory, so both must be arrays of their own.
    public void Put(ReadOnlySpan<byte> key, ReadOnlySpan<byte> value)
    {
        _tree.Upsert(key.ToArray(), value.ToArray());
        Sync();
    }

    public int Read(ReadOnlySpan<byte> key, Span<byte> destination)
    {
        if (!_tree.TryGet(key.ToArray(), out var value))
            return -1;
        value.Span.CopyTo(destination);
        return value.Length;
    }

    public void Delete(ReadOnlySpan<byte> key)
    {
        _tree.ForceDelete(key.ToArray());
        Sync();
    }

    public int Scan(Span<byte> destination, CancellationToken cancellation)
    {
        var entries = 0;
        using var iterator = _tree.CreateIterator();
        while (iterator.Next())
        {
            iterator.CurrentValue.Span.CopyTo(destination);
            Workload.CheckNowAndThen(++entries, cancellation);
        }

        return entries;
    }

    public void Dispose()
    {
        _maintainer.WaitForBackgroundThreads();
        _maintainer.Dispose();
        _tree.Dispose();
    }

    private void Sync()
    {
        if (_sync)
            _tree.SyncWALAsync(CancellationToken.None).GetAwaiter().GetResult();
    }
}
