using Honu.Engines;

namespace Honu.Simulation;

/// <summary>A disk that outlives its process. After a kill it holds everything written. After a power loss it holds what was synced, and of the rest what luck left.</summary>
/// <remarks>
/// Modelled on LevelDB's logs: a synced write makes the present log durable, not an earlier one; a barrier makes all of them so. Each
/// log loses its own end, so what a power loss leaves is no prefix of what was written.
/// </remarks>
public sealed class SimulatedDisk(Random random) : IStorageEngineFactory
{
    private const double SwitchProbability = 0.05;

    private readonly List<Log> _logs = [];
    private EngineSnapshot? _base;
    private EngineSnapshot? _contents;
    private Func<EngineSnapshot>? _present;
    private MemoryEngine? _memory;
    private Action? _detach;
    private long _stamp;

    /// <summary>The disk is in memory.</summary>
    public bool UsesDirectory => false;

    /// <summary>Called when everything written so far has become durable.</summary>
    public Action? Synced { get; set; }

    /// <summary>Sees what is written, as it is written.</summary>
    internal Action<IReadOnlyList<(byte[] Key, byte[]? Value)>>? Written { get; set; }

    /// <summary>The process is gone: whatever its store still does reaches the disk no more.</summary>
    internal void Detach() => _detach?.Invoke();

    /// <summary>What the disk holds now, as somebody copies it while the process runs or is down.</summary>
    public EngineSnapshot Copy() => _present?.Invoke() ?? _contents ?? new MemoryEngine().CreateSnapshot();

    /// <summary>Puts a copy, of this or of another disk, in the place of everything. No process may run on it.</summary>
    public void Restore(EngineSnapshot copy)
    {
        (_contents, _present) = (copy, null);
        _stamp = random.NextInt64();
    }

    /// <summary>Takes rows away, behind the back of the process.</summary>
    public void Lose(byte[] key)
    {
        Apply(_memory!, [(key, null)]);
        _logs[^1].Batches.Add([(key, null)]);
        _logs[^1].Durable = _logs[^1].Batches.Count;
    }

    /// <summary>A copied directory has another one.</summary>
    public long Stamp(string path) => _stamp;

    /// <inheritdoc/>
    public IStorageEngine Open(string path, HonuStoreOptions options)
    {
        var memory = new MemoryEngine(_present?.Invoke() ?? _contents);

        // What is opened again has been read from the disk: it is durable, and a new log begins.
        _base = memory.CreateSnapshot();
        _logs.Clear();
        _logs.Add(new Log());
        _present = memory.CreateSnapshot;
        _memory = memory;
        var engine = new SimulatedEngine(this, memory);
        _detach = () => engine.IsDetached = true;
        return engine;
    }

    /// <summary>Takes away some of what was not yet durable. The store that was open must not be used any more.</summary>
    public void LosePower()
    {
        var survivor = new MemoryEngine(_base);
        foreach (var log in _logs)
        {
            var kept = log.Durable + random.Next(log.Batches.Count - log.Durable + 1);
            foreach (var operations in log.Batches.Take(kept))
                Apply(survivor, operations);
        }

        _contents = survivor.CreateSnapshot();
        _present = null;
    }

    private static void Apply(MemoryEngine engine, IReadOnlyList<(byte[] Key, byte[]? Value)> operations)
    {
        using var batch = engine.CreateBatch();
        foreach (var (key, value) in operations)
        {
            if (value is null)
                batch.Delete(key);
            else
                batch.Put(key, value);
        }

        engine.Write(batch, sync: false);
    }

    private void Append(IReadOnlyList<(byte[] Key, byte[]? Value)> operations, bool sync)
    {
        if (random.NextDouble() < SwitchProbability)
            _logs.Add(new Log());
        var log = _logs[^1];
        log.Batches.Add(operations);
        if (sync)
            log.Durable = log.Batches.Count;
    }

    private void MakeDurable()
    {
        // Nothing of it can be lost any more: the logs would only grow.
        _base = _present!();
        _logs.Clear();
        _logs.Add(new Log());
        Synced?.Invoke();
    }

    private sealed class Log
    {
        public List<IReadOnlyList<(byte[] Key, byte[]? Value)>> Batches { get; } = [];

        public int Durable { get; set; }
    }

    private sealed class SimulatedBatch : EngineBatch
    {
        private readonly List<(byte[] Key, byte[]? Value)> _operations = [];

        public IReadOnlyList<(byte[] Key, byte[]? Value)> Operations => _operations;

        public override int Count => _operations.Count;

        public override void Put(ReadOnlySpan<byte> key, ReadOnlySpan<byte> value) => _operations.Add((key.ToArray(), value.ToArray()));

        public override void Delete(ReadOnlySpan<byte> key) => _operations.Add((key.ToArray(), null));

        public override void Clear() => _operations.Clear();

        public override void Dispose()
        {
        }
    }

    private sealed class SimulatedEngine(SimulatedDisk disk, MemoryEngine memory) : IStorageEngine
    {
        public bool IsDetached { get; set; }

        public EngineValue Get(scoped ReadOnlySpan<byte> key, EngineSnapshot? snapshot = null) => memory.Get(key, snapshot);

        public EngineBatch CreateBatch() => new SimulatedBatch();

        public void Write(EngineBatch batch, bool sync)
        {
            if (IsDetached)
                return;
            var operations = ((SimulatedBatch)batch).Operations.ToArray();
            Apply(memory, operations);
            disk.Append(operations, sync);
            disk.Written?.Invoke(operations);
        }

        public EngineIterator CreateIterator(EngineSnapshot? snapshot = null, bool verify = false) => memory.CreateIterator(snapshot);

        public EngineSnapshot CreateSnapshot() => memory.CreateSnapshot();

        public void Sync()
        {
            if (!IsDetached)
                disk.MakeDurable();
        }

        public long GetApproximateSize(ReadOnlySpan<byte> from, ReadOnlySpan<byte> to) => memory.GetApproximateSize(from, to);

        public long GetMemoryBytes() => memory.GetMemoryBytes();

        public void Compact() => memory.Compact();

        // What was written stays on the disk: the next opening finds it.
        public void Dispose()
        {
        }
    }
}
