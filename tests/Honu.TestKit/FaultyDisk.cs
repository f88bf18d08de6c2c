using Honu.Engines;

namespace Honu.TestKit;

/// <summary>
/// A disk in memory that outlives its stores and fails as it is told: the n-th write, every read, every barrier, or a power loss that takes any of the
/// batches written since the last barrier. Losses need not be a suffix: a database with two logs may lose the older one and keep the newer (PROTOCOL T10).
/// </summary>
public sealed class FaultyDisk : IStorageEngineFactory
{
    private static long _lastStamp;
    private readonly long _stamp;
    private readonly List<RecordedBatch> _unsynced = [];

    // Memory only: neither needs disposal, and a disk outlives whoever used it.
    private MemoryEngine _contents = EngineOf(null);
    private EngineSnapshot _durable = EngineOf(null).CreateSnapshot();
    private int _owner;

    /// <summary>An empty disk.</summary>
    public FaultyDisk()
        : this(Interlocked.Increment(ref _lastStamp))
    {
    }

    private FaultyDisk(long stamp) => _stamp = stamp;

    /// <inheritdoc/>
    public bool UsesDirectory => false;

    /// <summary>Writes that were asked for, the failed ones included.</summary>
    public int Writes { get; private set; }

    /// <summary>Lookups and new iterators that were asked for.</summary>
    public int Reads { get; private set; }

    /// <summary>The write after which every one fails: 0 fails the next. <see langword="null"/>: none fails.</summary>
    public int? WritesUntilFailure { get; set; }

    /// <summary>Whether only that one write fails, as on a disk that was full for a moment.</summary>
    public bool FailsOnlyOnce { get; set; }

    /// <summary>Whether the store cannot open its engine again after a failed write: it then stays as it is until it is opened anew.</summary>
    public bool FailsReopening { get; set; } = true;

    /// <summary>Whether every lookup and every new iterator fails.</summary>
    public bool FailsReads { get; set; }

    /// <summary>Whether every barrier fails, that of a synced write included.</summary>
    public bool FailsSyncs { get; set; }

    /// <summary>How many batches a power loss may take now.</summary>
    public int UnsyncedBatches => _unsynced.Count;

    /// <summary>Every copy has another one.</summary>
    public long Stamp(string path) => _stamp;

    /// <inheritdoc/>
    public IStorageEngine Open(string path, HonuStoreOptions options) => new FaultyEngine(this, ++_owner);

    /// <summary>An engine on the disk beside the store that has it open: for a test that damages rows.</summary>
    public IStorageEngine OpenRaw() => new FaultyEngine(this, _owner);

    /// <summary>
    /// The machine loses power: of the batches since the last barrier only those that <paramref name="survives"/> accepts (by their number from 0) are left.
    /// The store that was open must not be used any more.
    /// </summary>
    public void LosePower(Func<int, bool>? survives = null)
    {
        _owner++;
        _contents = EngineOf(_durable);
        for (var i = 0; i < _unsynced.Count; i++)
        {
            if (survives?.Invoke(i) == true)
                _unsynced[i].WriteTo(_contents, sync: false);
        }

        MakeDurable();
    }

    /// <summary>A copy of the disk as it is: a backup, or the directory on another machine.</summary>
    public FaultyDisk Copy()
    {
        var copy = new FaultyDisk { _contents = EngineOf(_contents.CreateSnapshot()) };
        copy.MakeDurable();
        return copy;
    }

    /// <summary>The disk of a cloned machine: nothing tells it from the original.</summary>
    public FaultyDisk Clone()
    {
        var clone = new FaultyDisk(_stamp) { _contents = EngineOf(_contents.CreateSnapshot()) };
        clone.MakeDurable();
        return clone;
    }

    /// <summary>Number of entries, keys and bytes of everything on the disk: to show that an operation changed nothing.</summary>
    public string Fingerprint()
    {
        using var hash = System.Security.Cryptography.IncrementalHash.CreateHash(System.Security.Cryptography.HashAlgorithmName.SHA256);
        using var entries = _contents.CreateIterator();
        var count = 0;
        for (entries.Seek([]); entries.IsValid; entries.Next(), count++)
        {
            hash.AppendData(BitConverter.GetBytes(entries.Key.Length));
            hash.AppendData(entries.Key);
            hash.AppendData(BitConverter.GetBytes(entries.Value.Length));
            hash.AppendData(entries.Value);
        }

        return $"{count} entries {Convert.ToHexString(hash.GetHashAndReset())}";
    }

    private static MemoryEngine EngineOf(EngineSnapshot? contents) => new(contents);

    private void MakeDurable()
    {
        _durable = _contents.CreateSnapshot();
        _unsynced.Clear();
    }

    private void Write(RecordedBatch batch, bool sync)
    {
        Writes++;
        if (WritesUntilFailure == 0)
        {
            WritesUntilFailure = FailsOnlyOnce ? null : 0;
            throw new HonuIOException(path: null, "The test made this write fail.");
        }

        WritesUntilFailure--;

        batch.WriteTo(_contents, sync: false);
        _unsynced.Add(batch.Copy());
        if (sync)
            Sync();
    }

    private void Sync()
    {
        if (FailsSyncs)
            throw new HonuIOException(path: null, "The test made this barrier fail.");
        MakeDurable();
    }

    private void CheckRead()
    {
        Reads++;
        if (FailsReads)
            throw new HonuIOException(path: null, "The test made this read fail.");
    }

    private sealed class FaultyEngine(FaultyDisk disk, int owner) : IStorageEngine
    {
        private MemoryEngine Contents => owner == disk._owner ? disk._contents : throw new InvalidOperationException("This store's machine is gone: the test uses it after a power loss or another opening.");

        public EngineValue Get(scoped ReadOnlySpan<byte> key, EngineSnapshot? snapshot = null)
        {
            disk.CheckRead();
            return Contents.Get(key, snapshot);
        }

        public EngineBatch CreateBatch() => new RecordedBatch();

        public void Write(EngineBatch batch, bool sync)
        {
            _ = Contents;
            disk.Write((RecordedBatch)batch, sync);
        }

        public EngineIterator CreateIterator(EngineSnapshot? snapshot = null, bool verify = false)
        {
            disk.CheckRead();
            return Contents.CreateIterator(snapshot);
        }

        public EngineSnapshot CreateSnapshot() => Contents.CreateSnapshot();

        public void Sync()
        {
            _ = Contents;
            disk.Sync();
        }

        public void Reopen()
        {
            _ = Contents;
            if (disk.FailsReopening)
                throw new HonuIOException(path: null, "The test made this opening fail.");
        }

        public long GetApproximateSize(ReadOnlySpan<byte> from, ReadOnlySpan<byte> to) => 0;

        public long GetMemoryBytes() => Contents.GetMemoryBytes();

        public void Compact()
        {
        }

        // What was written stays on the disk: the next opening finds it. Not disposing a store is therefore a killed process.
        public void Dispose()
        {
        }
    }
}
