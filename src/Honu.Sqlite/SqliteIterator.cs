using Honu.Engines;

namespace Honu.Sqlite;

internal sealed class SqliteIterator(SqliteView view, SqliteCursor cursor) : EngineIterator
{
    private HonuException? _failure;
    private int _disposed;

    public override bool IsValid => Cursor.IsValid;

    public override ReadOnlySpan<byte> Key => Positioned.Key;

    public override ReadOnlySpan<byte> Value => Positioned.Value;

    private SqliteCursor Cursor
    {
        get
        {
            view.Engine.ThrowIfDisposed();
            ObjectDisposedException.ThrowIf(Volatile.Read(ref _disposed) != 0, typeof(EngineIterator));
            return cursor;
        }
    }

    private SqliteCursor Positioned => Cursor is { IsValid: true } positioned
        ? positioned
        : throw new InvalidOperationException("The iterator does not stand on an entry. Seek first, and check IsValid.");

    public override void Seek(ReadOnlySpan<byte> key)
    {
        var present = Cursor;
        try
        {
            present.Seek(key);
        }
        catch (HonuException error)
        {
            Stop(error);
        }
    }

    public override void SeekBefore(ReadOnlySpan<byte> key)
    {
        var present = Cursor;
        try
        {
            present.SeekBefore(key);
        }
        catch (HonuException error)
        {
            Stop(error);
        }
    }

    public override void Next()
    {
        var present = Positioned;
        try
        {
            present.Next();
        }
        catch (HonuException error)
        {
            Stop(error);
        }
    }

    public override void Previous()
    {
        var present = Positioned;
        try
        {
            present.Previous();
        }
        catch (HonuException error)
        {
            Stop(error);
        }
    }

    public override void ThrowIfFailed()
    {
        _ = Cursor;
        if (_failure is not null)
            throw _failure;
    }

    public override void Dispose()
    {
        if (Interlocked.Exchange(ref _disposed, 1) == 0)
            view.Release(cursor);
    }

    // The walk ends here, and whoever asks at its end is told why.
    private void Stop(HonuException error)
    {
        _failure ??= error;
        cursor.Reset();
    }
}
