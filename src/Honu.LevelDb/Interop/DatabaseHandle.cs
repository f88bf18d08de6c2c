using System.Runtime.InteropServices;
using System.Text;

namespace Honu.LevelDb.Interop;

// leveldb_t, with everything that lives exactly as long: options, cache, filter, read and write options, the claim on the directory.
//
// Every call holds a counted reference while it is in native code, and so does every iterator and snapshot for its whole life
// (DatabaseChildHandle). Dispose stops new references; the last one to go runs leveldb_close, on whatever thread that is.
internal sealed unsafe class DatabaseHandle : SafeHandle
{
    private readonly EngineOptions _options;
    private readonly DirectoryClaim _claim;
    private readonly ReadOptionsSet _readOptions;
    private readonly nint _writeOptions;
    private readonly nint _syncedWriteOptions;
    private readonly HashSet<DatabaseChildHandle> _children = [];
    private readonly ManualResetEventSlim _closed = new();
    private readonly Lock _childrenGate = new();
    private volatile bool _closing;

    private DatabaseHandle(nint database, EngineOptions options, DirectoryClaim claim)
        : base(0, ownsHandle: true)
    {
        SetHandle(database);
        _options = options;
        _claim = claim;
        _readOptions = new ReadOptionsSet(snapshot: 0);
        _writeOptions = NativeMethods.leveldb_writeoptions_create();
        _syncedWriteOptions = NativeMethods.leveldb_writeoptions_create();
        NativeMethods.leveldb_writeoptions_set_sync(_syncedWriteOptions, 1);
    }

    public override bool IsInvalid => handle == 0;

    /// <summary>True from the first moment of Dispose: nothing new may start.</summary>
    internal bool IsClosing => _closing;

    internal static ObjectDisposedException Closed() => new(typeof(LevelDatabase).FullName, "The database was closed.");

    /// <summary>Opens the database. The claim belongs to the handle afterwards; when this throws, it still belongs to the caller.</summary>
    internal static DatabaseHandle Open(DirectoryClaim claim, LevelDatabaseOptions options)
    {
        var engineOptions = new EngineOptions(options);
        byte* error = null;
        nint database;
        fixed (byte* name = Encoding.UTF8.GetBytes(claim.Path + '\0'))
            database = NativeMethods.leveldb_open(engineOptions.Pointer, name, &error);
        if (error != null || database == 0)
        {
            engineOptions.Dispose();
            ErrorTranslation.Throw(error, claim.Path, "Opening the database");
        }

        return new DatabaseHandle(database, engineOptions, claim);
    }

    internal LevelValue Get(scoped ReadOnlySpan<byte> key, SnapshotHandle? snapshot, bool verify, bool fill)
    {
        byte* error = null;
        nuint length = 0;
        byte* data;
        Acquire();
        try
        {
            nint options = Borrow(snapshot, verify, fill);
            fixed (byte* k = &NativeMethods.Pin(key))
                data = NativeMethods.leveldb_get(handle, options, k, (nuint)key.Length, &length, &error);
            snapshot?.DangerousRelease();
        }
        finally
        {
            DangerousRelease();
        }

        if (error != null)
            ErrorTranslation.Throw(error, _claim.Path, "Reading from the database");
        if (data == null)
            return default;
        if (length <= int.MaxValue)
            return new LevelValue(NativeValue.Rent(data, (int)length));
        NativeMethods.leveldb_free(data);
        throw new LevelDbException(
            LevelDbErrorKind.NotSupported,
            _claim.Path,
            $"A value in the database '{_claim.Path}' has {length} bytes; at most {int.MaxValue} can be read here.");
    }

    /// <summary>Returns LevelDB's message, or null. The caller decides what a failed write means for later ones.</summary>
    internal string? Put(ReadOnlySpan<byte> key, ReadOnlySpan<byte> value, bool sync)
    {
        byte* error = null;
        Acquire();
        fixed (byte* k = &NativeMethods.Pin(key), v = &NativeMethods.Pin(value))
            NativeMethods.leveldb_put(handle, WriteOptions(sync), k, (nuint)key.Length, v, (nuint)value.Length, &error);
        DangerousRelease();
        return error == null ? null : ErrorTranslation.TakeMessage(error);
    }

    internal string? Delete(ReadOnlySpan<byte> key, bool sync)
    {
        byte* error = null;
        Acquire();
        fixed (byte* k = &NativeMethods.Pin(key))
            NativeMethods.leveldb_delete(handle, WriteOptions(sync), k, (nuint)key.Length, &error);
        DangerousRelease();
        return error == null ? null : ErrorTranslation.TakeMessage(error);
    }

    internal string? Write(BatchHandle batch, bool sync)
    {
        byte* error = null;
        Acquire();
        try
        {
            bool added = false;
            batch.DangerousAddRef(ref added);
            NativeMethods.leveldb_write(handle, WriteOptions(sync), batch.DangerousGetHandle(), &error);
            batch.DangerousRelease();
        }
        finally
        {
            DangerousRelease();
        }

        return error == null ? null : ErrorTranslation.TakeMessage(error);
    }

    /// <summary>Like <see cref="Write"/>, for a batch that its owner keeps from being disposed meanwhile.</summary>
    internal string? WriteUnguarded(BatchHandle batch, bool sync)
    {
        byte* error = null;
        Acquire();
        NativeMethods.leveldb_write(handle, WriteOptions(sync), batch.DangerousGetHandle(), &error);
        DangerousRelease();
        return error == null ? null : ErrorTranslation.TakeMessage(error);
    }

    internal IteratorHandle CreateIterator(SnapshotHandle? snapshot, bool verify, bool fill)
    {
        Acquire();
        try
        {
            // LevelDB takes the snapshot's number here and pins the files: the snapshot may be released while the iterator lives.
            nint options = Borrow(snapshot, verify, fill);
            try
            {
                return new IteratorHandle(this, options);
            }
            finally
            {
                snapshot?.DangerousRelease();
            }
        }
        finally
        {
            DangerousRelease();
        }
    }

    internal string? GetProperty(string name)
    {
        Acquire();
        byte* text;
        fixed (byte* n = Encoding.UTF8.GetBytes(name + '\0'))
            text = NativeMethods.leveldb_property_value(handle, n);
        DangerousRelease();
        return text == null ? null : ErrorTranslation.TakeMessage(text);
    }

    internal ulong GetApproximateSize(ReadOnlySpan<byte> from, ReadOnlySpan<byte> to)
    {
        ulong size;
        Acquire();
        fixed (byte* start = &NativeMethods.Pin(from), limit = &NativeMethods.Pin(to))
        {
            byte* s = start;
            byte* l = limit;
            nuint startLength = (nuint)from.Length;
            nuint limitLength = (nuint)to.Length;
            NativeMethods.leveldb_approximate_sizes(handle, 1, &s, &startLength, &l, &limitLength, &size);
        }

        DangerousRelease();
        return size;
    }

    /// <summary>Compacts [from, to]; an empty bound is open, which the C API writes as NULL.</summary>
    internal void CompactRange(ReadOnlySpan<byte> from, ReadOnlySpan<byte> to)
    {
        Acquire();
        fixed (byte* start = from, limit = to)
            NativeMethods.leveldb_compact_range(handle, start, (nuint)from.Length, limit, (nuint)to.Length);
        DangerousRelease();
    }

    internal void SyncLogs()
    {
        // The reference keeps the directory ours while its files are open here.
        Acquire();
        try
        {
            LogSync.Sync(_claim.Path);
        }
        finally
        {
            DangerousRelease();
        }
    }

    /// <summary>
    /// Closes the children that may be closed from this thread and stops new calls. Returns when the native database is closed, unless an
    /// iterator of another thread is left: then that iterator's end closes it.
    /// </summary>
    internal void CloseDatabase()
    {
        DatabaseChildHandle[] children;
        lock (_childrenGate)
        {
            _closing = true;
            children = [.. _children];
        }

        foreach (DatabaseChildHandle child in children)
            child.CloseWithDatabase();
        _claim.ClosingSince(this);
        Dispose();

        // Calls of other threads that are in native code now end by themselves; afterwards the directory can be opened again or deleted.
        if (LiveIterators == 0)
            _closed.Wait();
    }

    internal int LiveIterators
    {
        get
        {
            lock (_childrenGate)
                return _children.Count(child => child is IteratorHandle);
        }
    }

    internal bool TryTrack(DatabaseChildHandle child)
    {
        lock (_childrenGate)
            return !_closing && _children.Add(child);
    }

    internal void Untrack(DatabaseChildHandle child)
    {
        lock (_childrenGate)
            _children.Remove(child);
    }

    protected override bool ReleaseHandle()
    {
        NativeMethods.leveldb_close(handle);
        _readOptions.Destroy();
        NativeMethods.leveldb_writeoptions_destroy(_writeOptions);
        NativeMethods.leveldb_writeoptions_destroy(_syncedWriteOptions);
        _options.Dispose();
        _claim.Release();
        _closed.Set();
        return true;
    }

    // SafeHandle refuses a new reference only when the last one is gone, not from Dispose on: without the first line threads whose calls overlap
    // would keep a disposed database open, and Dispose waiting, for as long as they like.
    private void Acquire()
    {
        if (_closing)
            throw Closed();
        bool added = false;
        DangerousAddRef(ref added);
    }

    private nint WriteOptions(bool sync) => sync ? _syncedWriteOptions : _writeOptions;

    // With a snapshot, the caller holds a reference on it afterwards and releases it.
    private nint Borrow(SnapshotHandle? snapshot, bool verify, bool fill)
    {
        if (snapshot is null)
            return _readOptions.Get(verify, fill);
        if (!ReferenceEquals(snapshot.Database, this))
            throw new ArgumentException("The snapshot belongs to another database.", nameof(snapshot));
        ObjectDisposedException.ThrowIf(snapshot.IsDisposed, typeof(LevelSnapshot));
        bool added = false;
        snapshot.DangerousAddRef(ref added);
        return snapshot.ReadOptions(verify, fill);
    }
}
