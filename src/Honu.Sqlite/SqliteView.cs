using Honu.Engines;

namespace Honu.Sqlite;

/// <summary>A read transaction on a connection of its own, kept by a snapshot and by the iterators on it; the last of them ends it.</summary>
internal sealed class SqliteView(SqliteEngine engine, SqliteReader reader)
{
    private readonly Lock _gate = new();
    private int _holders = 1;

    public SqliteEngine Engine => engine;

    public byte[]? Get(ReadOnlySpan<byte> key)
    {
        // The lock also keeps the last holder from ending the transaction meanwhile.
        lock (_gate)
        {
            ThrowIfClosed();
            return reader.Get(key);
        }
    }

    /// <summary>Begins to hold the view, for an iterator.</summary>
    public SqliteCursor Hold()
    {
        lock (_gate)
        {
            ThrowIfClosed();
            var cursor = reader.TakeCursor();
            _holders++;
            return cursor;
        }
    }

    public void Release(SqliteCursor? cursor = null)
    {
        lock (_gate)
        {
            if (cursor is not null)
                reader.ReturnCursor(cursor);
            if (--_holders > 0)
                return;
        }

        engine.Return(reader, hasView: true);
    }

    private void ThrowIfClosed()
    {
        engine.ThrowIfDisposed();
        ObjectDisposedException.ThrowIf(_holders == 0, typeof(EngineSnapshot));
    }
}
