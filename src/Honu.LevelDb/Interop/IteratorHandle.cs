namespace Honu.LevelDb.Interop;

// A native iterator, safe against its database being disposed by another thread.
//
// States of _user: idle (0), a thread id while that thread is inside a call, closed (-1).
// A span of Key or Value points into native memory, and nobody can see whether a thread still reads it. Spans cannot leave their thread's
// stack, though, so only the thread that used the iterator last can hold one. Hence:
//   * the thread that disposes the database closes an iterator only if it is that thread itself;
//   * else the iterator stays, keeps the database open natively, and is closed by its own thread: at the next move, or by Dispose.
internal sealed unsafe class IteratorHandle : DatabaseChildHandle
{
    private const int Idle = 0;
    private const int Closed = -1;

    private int _user;
    private int _lastThread = Environment.CurrentManagedThreadId;
    private bool _valid;
    private bool _closeRequested;

    internal IteratorHandle(DatabaseHandle database, nint readOptions)
        : base(database)
    {
        Adopt(NativeMethods.leveldb_create_iterator(database.DangerousGetHandle(), readOptions));
    }

    internal bool IsValid
    {
        get
        {
            ThrowIfClosed();
            return _valid;
        }
    }

    internal ReadOnlySpan<byte> Key
    {
        get
        {
            Claim();
            nuint length;
            byte* data = NativeMethods.leveldb_iter_key(handle, &length);
            return new ReadOnlySpan<byte>(data, checked((int)length));
        }
    }

    internal ReadOnlySpan<byte> Value
    {
        get
        {
            Claim();
            nuint length;
            byte* data = NativeMethods.leveldb_iter_value(handle, &length);
            return new ReadOnlySpan<byte>(data, checked((int)length));
        }
    }

    internal void SeekToFirst()
    {
        Enter();
        NativeMethods.leveldb_iter_seek_to_first(handle);
        Exit();
    }

    internal void SeekToLast()
    {
        Enter();
        NativeMethods.leveldb_iter_seek_to_last(handle);
        Exit();
    }

    internal void Seek(ReadOnlySpan<byte> key)
    {
        Enter();
        fixed (byte* k = &NativeMethods.Pin(key))
            NativeMethods.leveldb_iter_seek(handle, k, (nuint)key.Length);
        Exit();
    }

    internal void Next()
    {
        EnterPositioned();
        NativeMethods.leveldb_iter_next(handle);
        Exit();
    }

    internal void Prev()
    {
        EnterPositioned();
        NativeMethods.leveldb_iter_prev(handle);
        Exit();
    }

    /// <summary>The iterator's error, or null.</summary>
    internal string? TakeError()
    {
        Enter();
        byte* error = null;
        NativeMethods.leveldb_iter_get_error(handle, &error);
        Exit();
        return error == null ? null : ErrorTranslation.TakeMessage(error);
    }

    /// <summary>Destroys the iterator now, or at the end of the call that another thread is in.</summary>
    internal void CloseIterator()
    {
        Volatile.Write(ref _closeRequested, true);
        CloseIfIdle();
    }

    internal override void CloseWithDatabase()
    {
        // Whoever stands on an entry may hold a span of it, also the disposing thread itself: such an iterator closes at its next move or its own Dispose.
        if (_valid)
            return;
        int me = Environment.CurrentManagedThreadId;
        if (Volatile.Read(ref _lastThread) != me || Interlocked.CompareExchange(ref _user, Closed, Idle) != Idle)
            return;

        // Another thread may have used it between the two lines above: then that thread may hold a span.
        if (Volatile.Read(ref _lastThread) == me)
            Destroy();
        else
            Volatile.Write(ref _user, Idle);
    }

    private protected override void DestroyNative() => NativeMethods.leveldb_iter_destroy(handle);

    // For reads of the current entry: no interlocked operation as long as one thread uses the iterator, since only it could close it.
    private void Claim()
    {
        ThrowIfClosed();
        if (Volatile.Read(ref _lastThread) != Environment.CurrentManagedThreadId)
        {
            Enter();
            Leave();
        }

        if (!_valid)
            throw NotPositioned();
    }

    private void Enter()
    {
        int me = Environment.CurrentManagedThreadId;
        int seen = Interlocked.CompareExchange(ref _user, me, Idle);
        if (seen != Idle)
            throw seen == Closed ? DisposedError() : new InvalidOperationException("A LevelIterator was used by two threads at once; give each its own.");

        Volatile.Write(ref _lastThread, me);
        if (!Database.IsClosing)
            return;
        Volatile.Write(ref _user, Closed);
        Destroy();
        throw DatabaseHandle.Closed();
    }

    private void EnterPositioned()
    {
        Enter();
        if (_valid)
            return;
        Leave();
        throw NotPositioned();
    }

    private void Exit()
    {
        _valid = NativeMethods.leveldb_iter_valid(handle) != 0;
        Leave();
    }

    private void Leave()
    {
        // A full fence, so that either this thread sees the request or the one that made it sees idle.
        Interlocked.Exchange(ref _user, Idle);
        if (Volatile.Read(ref _closeRequested))
            CloseIfIdle();
    }

    private void CloseIfIdle()
    {
        if (Interlocked.CompareExchange(ref _user, Closed, Idle) == Idle)
            Destroy();
    }

    private void Destroy()
    {
        _valid = false;
        Dispose();
    }

    private void ThrowIfClosed()
    {
        if (Volatile.Read(ref _user) == Closed || Volatile.Read(ref _closeRequested))
            throw DisposedError();
        if (Database.IsClosing)
            throw DatabaseHandle.Closed();
    }

    private ObjectDisposedException DisposedError()
        => Database.IsClosing ? DatabaseHandle.Closed() : new ObjectDisposedException(typeof(LevelIterator).FullName);

    private static InvalidOperationException NotPositioned()
        => new("The iterator is not on an entry. Seek first, and check IsValid before Key, Value, Next and Prev.");
}
