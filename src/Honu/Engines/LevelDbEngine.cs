using Honu.Format;
using Honu.LevelDb;

namespace Honu.Engines;

/// <summary>The default engine: LevelDB in the store's directory.</summary>
internal sealed class LevelDbEngine : IStorageEngine
{
    private readonly LevelDatabase _database;

    private LevelDbEngine(LevelDatabase database) => _database = database;

    public static IStorageEngineFactory Factory { get; } = new LevelDbFactory();

    public EngineValue Get(scoped ReadOnlySpan<byte> key, EngineSnapshot? snapshot = null)
    {
        try
        {
            return new EngineValue(_database.Get(key, ReadOptions(snapshot)));
        }
        catch (LevelDbException error)
        {
            throw Translate(error);
        }
    }

    public EngineBatch CreateBatch() => new Batch();

    public void Write(EngineBatch batch, bool sync)
    {
        try
        {
            _database.WriteUnguarded(NativeOf(batch), sync);
        }
        catch (LevelDbException error)
        {
            throw Translate(error);
        }
    }

    public EngineIterator CreateIterator(EngineSnapshot? snapshot = null)
    {
        try
        {
            return new Iterator(this, _database.CreateIterator(ReadOptions(snapshot)));
        }
        catch (LevelDbException error)
        {
            throw Translate(error);
        }
    }

    public EngineSnapshot CreateSnapshot() => new Snapshot(_database.CreateSnapshot());

    public void Sync()
    {
        try
        {
            _database.SyncLogs();
        }
        catch (LevelDbException error)
        {
            throw Translate(error);
        }
    }

    public long GetApproximateSize(ReadOnlySpan<byte> from, ReadOnlySpan<byte> to) => (long)_database.GetApproximateSize(from, to);

    public long GetMemoryBytes() =>
        long.TryParse(_database.GetProperty("leveldb.approximate-memory-usage"), System.Globalization.CultureInfo.InvariantCulture, out var bytes) ? bytes : 0;

    public void Compact() => _database.CompactAll();

    public void Dispose() => _database.Dispose();

    private static LevelReadOptions ReadOptions(EngineSnapshot? snapshot) =>
        snapshot is null ? default
        : snapshot is Snapshot own ? new LevelReadOptions { Snapshot = own.Native }
        : throw new ArgumentException("The snapshot belongs to another engine.", nameof(snapshot));

    private static LevelWriteBatch NativeOf(EngineBatch batch) =>
        batch is Batch own ? own.Native : throw new ArgumentException("The batch belongs to another engine.", nameof(batch));

    private HonuException Translate(LevelDbException error) => Translate(error, _database.Path);

    private static HonuException Translate(LevelDbException error, string path) => error.Kind switch
    {
        LevelDbErrorKind.Locked => new HonuStoreLockedException(path, error.Message, error),
        LevelDbErrorKind.Corruption => new HonuCorruptionException(path, error.Message, error),
        LevelDbErrorKind.IOError => new HonuIOException(path, error.Message, error),
        _ => new HonuException(HonuErrorCode.Unknown, error.Message, path, error),
    };

    private sealed class LevelDbFactory : IStorageEngineFactory
    {
        public bool UsesDirectory => true;

        public IStorageEngine Open(string path, HonuStoreOptions options)
        {
            var exists = File.Exists(Path.Combine(path, "CURRENT"));
            if (!exists)
                ThrowIfNotEmpty(path);
            if (!exists && options.ReadOnly)
                throw StoreDirectory.NoStore(path);
            try
            {
                return new LevelDbEngine(LevelDatabase.Open(path, NativeOptions(options)));
            }
            catch (LevelDbException error)
            {
                throw Translate(error, path);
            }
        }

        public void Repair(string path, HonuStoreOptions options)
        {
            try
            {
                LevelDbMaintenance.Repair(path, NativeOptions(options));
            }
            catch (LevelDbException error)
            {
                throw Translate(error, path);
            }
        }

        private static LevelDatabaseOptions NativeOptions(HonuStoreOptions options) => new()
        {
            CreateIfMissing = true,
            ParanoidChecks = true,
            WriteBufferBytes = options.WriteBufferBytes,
            BlockCacheBytes = options.BlockCacheBytes,
            BloomBitsPerKey = options.BloomBitsPerKey,
            VerifyChecksums = options.Integrity == Integrity.Full,
        };
    }

    // LevelDB would begin a new database on top of the old one's files, or beside another engine's.
    private static void ThrowIfNotEmpty(string path)
    {
        var files = Directory.EnumerateFiles(path).Select(Path.GetFileName).OfType<string>().ToList();
        if (files.Exists(IsDatabaseFile))
            throw new HonuCorruptionException(path, $"The store at {path} has lost its file CURRENT. Restore the directory from a backup, or begin an empty replica and let its peers fill it.");
        if (files.Find(static name => !IsLeftOfCreation(name)) is { } foreign)
            throw StoreDirectory.NotAStore(path, $"The store at {path} is not one of LevelDB: it has no file CURRENT, but a file {foreign}. Open it with the engine that made it, or name another directory.");
    }

    // A first manifest alone is what a kill in the middle of the creation leaves: nothing was stored yet.
    private static bool IsDatabaseFile(string name) =>
        (name.StartsWith("MANIFEST-", StringComparison.Ordinal) && name != "MANIFEST-000001") || Path.GetExtension(name) is ".ldb" or ".sst" or ".log";

    private static bool IsLeftOfCreation(string name) =>
        name.StartsWith("HONU", StringComparison.Ordinal) || name is "LOCK" or "LOG" or "LOG.old" or "MANIFEST-000001" || Path.GetExtension(name) == ".dbtmp";

    private sealed class Snapshot(LevelSnapshot native) : EngineSnapshot
    {
        public LevelSnapshot Native { get; } = native;

        public override void Dispose() => Native.Dispose();
    }

    private sealed class Batch : EngineBatch
    {
        public LevelWriteBatch Native { get; } = new();

        public override int Count => Native.Count;

        public override void Put(ReadOnlySpan<byte> key, ReadOnlySpan<byte> value) => Native.PutUnguarded(key, value);

        public override void Delete(ReadOnlySpan<byte> key) => Native.DeleteUnguarded(key);

        public override void Clear() => Native.ClearUnguarded();

        public override void Dispose() => Native.Dispose();
    }

    private sealed class Iterator(LevelDbEngine engine, LevelIterator native) : EngineIterator
    {
        public override bool IsValid => native.IsValid;

        public override ReadOnlySpan<byte> Key => native.Key;

        public override ReadOnlySpan<byte> Value => native.Value;

        public override void Seek(ReadOnlySpan<byte> key) => native.Seek(key);

        public override void SeekBefore(ReadOnlySpan<byte> key)
        {
            native.Seek(key);
            if (native.IsValid)
                native.Prev();
            else
                native.SeekToLast();
        }

        public override void Next() => native.Next();

        public override void Previous() => native.Prev();

        // LevelDB's iterator jumps over a damaged block and stays valid: only its status knows.
        public override void ThrowIfFailed()
        {
            try
            {
                native.ThrowIfFailed();
            }
            catch (LevelDbException error)
            {
                throw engine.Translate(error);
            }
        }

        public override void Dispose() => native.Dispose();
    }
}
