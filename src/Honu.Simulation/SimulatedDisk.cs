using Honu.Engines;

namespace Honu.Simulation;

/// <summary>A disk that outlives its process: after a kill it holds everything written, after a power loss what the last barrier made durable.</summary>
public sealed class SimulatedDisk : IStorageEngineFactory
{
    private EngineSnapshot? _durable;
    // Neither frees anything: a disk needs no disposal.
    private EngineSnapshot? _contents;
    private Func<EngineSnapshot>? _present;

    /// <summary>The disk is in memory.</summary>
    public bool UsesDirectory => false;

    /// <summary>Raised when everything written so far has become durable.</summary>
    public event EventHandler? Synced;

    /// <inheritdoc/>
    public IStorageEngine Open(string path, HonuStoreOptions options)
    {
        var memory = new MemoryEngine(_present?.Invoke() ?? _contents);
        _present = () => memory.CreateSnapshot();
        return new SimulatedEngine(this, memory);
    }

    /// <summary>Takes away what was not yet durable. The store that was open must not be used any more.</summary>
    public void LosePower()
    {
        _contents = _durable;
        _present = null;
    }

    private void MakeDurable(EngineSnapshot contents)
    {
        _durable = contents;
        Synced?.Invoke(this, EventArgs.Empty);
    }

    private sealed class SimulatedEngine(SimulatedDisk disk, MemoryEngine memory) : IStorageEngine
    {
        public EngineValue Get(scoped ReadOnlySpan<byte> key, EngineSnapshot? snapshot = null) => memory.Get(key, snapshot);

        public EngineBatch CreateBatch() => memory.CreateBatch();

        public void Write(EngineBatch batch, bool sync)
        {
            memory.Write(batch, sync);
            if (sync)
                Sync();
        }

        public EngineIterator CreateIterator(EngineSnapshot? snapshot = null) => memory.CreateIterator(snapshot);

        public EngineSnapshot CreateSnapshot() => memory.CreateSnapshot();

        public void Sync() => disk.MakeDurable(memory.CreateSnapshot());

        public long GetApproximateSize(ReadOnlySpan<byte> from, ReadOnlySpan<byte> to) => memory.GetApproximateSize(from, to);

        public long GetMemoryBytes() => memory.GetMemoryBytes();

        public void Compact() => memory.Compact();

        // What was written stays on the disk: the next opening finds it.
        public void Dispose()
        {
        }
    }
}
