using Honu.Engines;
using SQLitePCL;

namespace Honu.Sqlite;

/// <summary>
/// One table of keys and values in a file in write-ahead mode: one connection writes, and each read, scan and snapshot has a connection of its own,
/// because a view of SQLite belongs to a connection.
/// </summary>
internal sealed class SqliteEngine : IStorageEngine
{
    private const int CacheShare = 8;
    private const int MaxIdleReaders = 16;

    private readonly SqliteFile _file;
    private readonly SqliteWriter _writer;
    private readonly Lock _writing = new();
    private readonly Lock _pool = new();
    private readonly Stack<SqliteReader> _idle = new();
    private readonly long _cacheBytes;
    private volatile bool _disposed;

    private SqliteEngine(SqliteFile file, SqliteWriter writer, long cacheBytes)
    {
        _file = file;
        _writer = writer;
        _cacheBytes = cacheBytes;
    }

    /// <summary>The writing connection, for tests.</summary>
    internal SqliteWriter Writer => _writer;

    public static SqliteEngine Open(string path, HonuStoreOptions options)
    {
        var file = SqliteFile.Claim(path);
        SqliteSession? session = null;
        try
        {
            var cacheBytes = options.BlockCacheBytes / CacheShare;
            session = SqliteSession.Open(path, file.Name, create: true, cacheBytes);
            file.Prepare(session, options.WriteBufferBytes);
            return new SqliteEngine(file, new SqliteWriter(session), cacheBytes);
        }
        catch
        {
            // Whatever failed, the directory must not stay locked by an engine that does not exist.
            session?.Dispose();
            file.Dispose();
            throw;
        }
    }

    public EngineValue Get(scoped ReadOnlySpan<byte> key, EngineSnapshot? snapshot = null)
    {
        ThrowIfDisposed();
        byte[]? value;
        if (snapshot is not null)
        {
            value = ViewOf(snapshot).Get(key);
        }
        else
        {
            var reader = Take();
            try
            {
                value = reader.Get(key);
            }
            finally
            {
                Return(reader, hasView: false);
            }
        }

        return value is null ? default : new EngineValue(value);
    }

    public EngineBatch CreateBatch()
    {
        ThrowIfDisposed();
        return new SqliteBatch();
    }

    public void Write(EngineBatch batch, bool sync)
    {
        var own = batch as SqliteBatch ?? throw new ArgumentException("The batch belongs to another engine.", nameof(batch));
        lock (_writing)
        {
            ThrowIfDisposed();
            _writer.Write(own, sync);
        }
    }

    public EngineIterator CreateIterator(EngineSnapshot? snapshot = null, bool verify = false)
    {
        ThrowIfDisposed();
        var view = snapshot is null ? CreateView() : ViewOf(snapshot);
        try
        {
            return new SqliteIterator(view, view.Hold());
        }
        finally
        {
            // From here on the iterator alone keeps the view that was made for it.
            if (snapshot is null)
                view.Release();
        }
    }

    public EngineSnapshot CreateSnapshot()
    {
        ThrowIfDisposed();
        return new SqliteSnapshot(CreateView());
    }

    public void Sync()
    {
        lock (_writing)
        {
            ThrowIfDisposed();
            _writer.Sync();
        }
    }

    public long GetApproximateSize(ReadOnlySpan<byte> from, ReadOnlySpan<byte> to)
    {
        ThrowIfDisposed();
        var reader = Take();
        try
        {
            return reader.Size(from, to);
        }
        finally
        {
            Return(reader, hasView: false);
        }
    }

    // SQLite counts for the process, not for a connection; what else uses it there is in the figure.
    public long GetMemoryBytes()
    {
        ThrowIfDisposed();
        return raw.sqlite3_memory_used();
    }

    public void Compact()
    {
        lock (_writing)
        {
            ThrowIfDisposed();
            _writer.Compact();
        }
    }

    public void Dispose()
    {
        lock (_writing)
        {
            lock (_pool)
            {
                if (_disposed)
                    return;
                _disposed = true;
                while (_idle.TryPop(out var reader))
                    reader.Dispose();
            }

            // The last connection to close copies the log into the file. One that a live snapshot or iterator has is closed by it.
            _writer.Dispose();
            _file.Dispose();
        }
    }

    public void ThrowIfDisposed() => ObjectDisposedException.ThrowIf(_disposed, typeof(IStorageEngine));

    /// <summary>Takes back a reader from a single read or from a view, whose transaction ends here.</summary>
    public void Return(SqliteReader reader, bool hasView)
    {
        var isUsable = true;
        try
        {
            if (hasView)
                reader.EndView();
        }
        catch (HonuException)
        {
            // Nothing was written, so nothing is lost: another connection takes its place.
            isUsable = false;
        }

        lock (_pool)
        {
            if (isUsable && !_disposed && _idle.Count < MaxIdleReaders)
            {
                _idle.Push(reader);
                return;
            }
        }

        reader.Dispose();
    }

    private SqliteReader Take()
    {
        lock (_pool)
        {
            ThrowIfDisposed();
            if (_idle.TryPop(out var idle))
                return idle;
        }

        var session = SqliteSession.Open(_file.Path, _file.Name, create: false, _cacheBytes);
        try
        {
            return new SqliteReader(session);
        }
        catch
        {
            // Whatever failed, the connection has no owner yet.
            session.Dispose();
            throw;
        }
    }

    private SqliteView CreateView()
    {
        var reader = Take();
        try
        {
            reader.BeginView();
            return new SqliteView(this, reader);
        }
        catch
        {
            // It may be inside a transaction, so it does not go back to the others.
            reader.Dispose();
            throw;
        }
    }

    private SqliteView ViewOf(EngineSnapshot snapshot) => snapshot is SqliteSnapshot own && own.IsOf(this)
        ? own.View
        : throw new ArgumentException("The snapshot belongs to another engine.", nameof(snapshot));
}
