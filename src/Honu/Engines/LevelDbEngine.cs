using Honu.Format;
using Honu.LevelDb;

namespace Honu.Engines;

/// <summary>The default engine: LevelDB in the store's directory.</summary>
internal sealed class LevelDbEngine : IStorageEngine
{
    // The log is replayed into a table when the database is opened, beside a new manifest and a new log.
    private const long RoomBesideLogs = 1 << 20;

    private readonly LevelDatabaseOptions _options;
    private readonly Lock _reopening = new();
    private volatile LevelDatabase _database;
    private HonuException? _closedBy;

    private LevelDbEngine(string path, LevelDatabaseOptions options)
    {
        _options = options;
        _database = LevelDatabase.Open(path, options);
    }

    public static IStorageEngineFactory Factory { get; } = new LevelDbFactory();

    public EngineValue Get(scoped ReadOnlySpan<byte> key, EngineSnapshot? snapshot = null)
    {
        var database = _database;
        try
        {
            return new EngineValue(database.Get(key, ReadOptions(snapshot, database)));
        }
        catch (LevelDbException error)
        {
            throw Translate(error);
        }
        catch (ObjectDisposedException)
        {
            if (!IsReplaced(database))
                throw;
        }

        return Get(key, snapshot);
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

    public EngineIterator CreateIterator(EngineSnapshot? snapshot = null, bool verify = false)
    {
        var database = _database;
        try
        {
            var options = ReadOptions(snapshot, database);
            return new Iterator(this, database.CreateIterator(verify ? options with { VerifyChecksums = true } : options));
        }
        catch (LevelDbException error)
        {
            throw Translate(error);
        }
        catch (ObjectDisposedException)
        {
            if (!IsReplaced(database))
                throw;
        }

        return CreateIterator(snapshot, verify);
    }

    public EngineSnapshot CreateSnapshot()
    {
        var database = _database;
        try
        {
            return new Snapshot(this, database.CreateSnapshot(), database);
        }
        catch (ObjectDisposedException)
        {
            if (!IsReplaced(database))
                throw;
        }

        return CreateSnapshot();
    }

    public void Reopen()
    {
        // As long as there is no room to open it again, the old one is better than none: it still reads.
        ReserveRoom();
        lock (_reopening)
        {
            // An open iterator keeps the directory locked: without the old database nothing could be read then.
            var path = _database.Path;
            if (_closedBy is null && _database.HasIterators)
                throw new HonuIOException(path, $"The database at {path} cannot be opened again while scans of it are open. End them; the store goes on by itself.");
            _database.Dispose();
            try
            {
                _database = LevelDatabase.Open(path, _options);
                _closedBy = null;
            }
            catch (LevelDbException error)
            {
                _closedBy = Translate(error, path);
                throw _closedBy;
            }
        }
    }

    public void Sync()
    {
        var database = _database;
        try
        {
            database.SyncLogs();
            return;
        }
        catch (LevelDbException error)
        {
            throw Translate(error);
        }
        catch (ObjectDisposedException)
        {
            if (!IsReplaced(database))
                throw;
        }

        // What was opened again has replayed its logs into tables, which are durable; the barrier is for what came after.
        Sync();
    }

    public long GetApproximateSize(ReadOnlySpan<byte> from, ReadOnlySpan<byte> to) => (long)_database.GetApproximateSize(from, to);

    public long GetMemoryBytes() =>
        long.TryParse(_database.GetProperty("leveldb.approximate-memory-usage"), System.Globalization.CultureInfo.InvariantCulture, out var bytes) ? bytes : 0;

    public void Compact() => _database.CompactAll();

    public void Dispose() => _database.Dispose();

    private LevelReadOptions ReadOptions(EngineSnapshot? snapshot, LevelDatabase database)
    {
        if (snapshot is null)
            return default;
        if (snapshot is not Snapshot own || own.Engine != this)
            throw new ArgumentException("The snapshot belongs to another engine.", nameof(snapshot));
        return ReferenceEquals(own.Database, database)
            ? new LevelReadOptions { Snapshot = own.Native }
            : throw new HonuException(HonuErrorCode.StoreFailed, $"The database at {database.Path} was opened again after a failed write, which ended this snapshot. Take another one.", database.Path);
    }

    // A reader may have taken hold of the database just before it was replaced, and waits until it is. One that could not be opened again says why.
    private bool IsReplaced(LevelDatabase database)
    {
        lock (_reopening)
        {
            return _database != database
                || (_closedBy is { } reason ? throw new HonuIOException(database.Path, $"The database could not be opened again after a failed write: {reason.Message}", reason) : false);
        }
    }

    private void ReserveRoom()
    {
        var path = _database.Path;
        var room = Path.Combine(path, "HONU.room");
        try
        {
            var bytes = RoomBesideLogs + Directory.EnumerateFiles(path, "*.log").Sum(static file => new FileInfo(file).Length);
            using (File.OpenHandle(room, FileMode.Create, FileAccess.Write, preallocationSize: bytes))
            {
            }
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new HonuIOException(path, $"There is no room to open the database at {path} again: {error.Message} Make room; the store goes on by itself.", error);
        }
        finally
        {
            File.Delete(room);
        }
    }

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
                return new LevelDbEngine(path, NativeOptions(options));
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
            Compression = options.Compression == StoreCompression.None ? LevelCompression.None : LevelCompression.Snappy,
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

    private sealed class Snapshot(LevelDbEngine engine, LevelSnapshot native, LevelDatabase database) : EngineSnapshot
    {
        public LevelDbEngine Engine { get; } = engine;

        public LevelDatabase Database { get; } = database;

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
