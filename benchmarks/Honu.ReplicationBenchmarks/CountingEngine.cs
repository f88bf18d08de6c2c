using Honu.Engines;

namespace Honu.ReplicationBenchmarks;

/// <summary>LevelDB, with a count of the times that it was told to make something durable.</summary>
internal sealed class CountingEngine : IStorageEngineFactory
{
    private IStorageEngine? _engine;
    private long _syncs;

    public bool UsesDirectory => true;

    public long Syncs => Interlocked.Read(ref _syncs);

    /// <summary>What block cache and write buffers take.</summary>
    public long MemoryBytes => _engine?.GetMemoryBytes() ?? 0;

    public IStorageEngine Open(string path, HonuStoreOptions options) => new Counted(this, _engine = LevelDbEngine.Factory.Open(path, options));

    private sealed class Counted(CountingEngine counter, IStorageEngine inner) : IStorageEngine
    {
        public EngineValue Get(scoped ReadOnlySpan<byte> key, EngineSnapshot? snapshot = null) => inner.Get(key, snapshot);

        public EngineBatch CreateBatch() => inner.CreateBatch();

        public void Write(EngineBatch batch, bool sync)
        {
            if (sync)
                Interlocked.Increment(ref counter._syncs);
            inner.Write(batch, sync);
        }

        public EngineIterator CreateIterator(EngineSnapshot? snapshot = null, bool verify = false) => inner.CreateIterator(snapshot, verify);

        public EngineSnapshot CreateSnapshot() => inner.CreateSnapshot();

        public void Sync()
        {
            Interlocked.Increment(ref counter._syncs);
            inner.Sync();
        }

        public long GetApproximateSize(ReadOnlySpan<byte> from, ReadOnlySpan<byte> to) => inner.GetApproximateSize(from, to);

        public long GetMemoryBytes() => inner.GetMemoryBytes();

        public void Reopen() => inner.Reopen();

        public void Compact() => inner.Compact();

        public void Dispose()
        {
            counter._engine = null;
            inner.Dispose();
        }
    }
}
