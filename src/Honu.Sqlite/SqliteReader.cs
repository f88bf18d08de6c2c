using SQLitePCL;

namespace Honu.Sqlite;

/// <summary>A connection that only reads, with its statements. Used by one owner at a time: a single read, or a view.</summary>
internal sealed class SqliteReader : IDisposable
{
    private const string Doing = "Reading";

    private readonly sqlite3_stmt _get;
    private readonly sqlite3_stmt _begin;
    private readonly sqlite3_stmt _touch;
    private readonly sqlite3_stmt _commit;
    private readonly Stack<SqliteCursor> _cursors = new();

    public SqliteReader(SqliteSession session)
    {
        Session = session;
        session.Execute("PRAGMA query_only = ON", Doing);
        _get = session.Prepare("SELECT value FROM entries WHERE key = ?1", Doing);
        _begin = session.Prepare("BEGIN", Doing);
        _touch = session.Prepare("SELECT 1 FROM entries LIMIT 1", Doing);
        _commit = session.Prepare("COMMIT", Doing);
    }

    public SqliteSession Session { get; }

    /// <summary>The value of a key in an array of its own, or <see langword="null"/>.</summary>
    /// <remarks>
    /// A view into SQLite's memory would keep the connection busy until somebody lets go of it, and a forgotten one would stop the log from being
    /// shortened for ever.
    /// </remarks>
    public byte[]? Get(ReadOnlySpan<byte> key)
    {
        try
        {
            Session.Bind(_get, 1, key, Doing);
            return Session.Step(_get, Doing) ? raw.sqlite3_column_blob(_get, 0).ToArray() : null;
        }
        finally
        {
            raw.sqlite3_reset(_get);
        }
    }

    /// <summary>Begins a view: a transaction's view is that of its first read, not of its beginning.</summary>
    public void BeginView()
    {
        Session.Run(_begin, Doing);
        Session.Run(_touch, Doing);
    }

    public void EndView() => Session.Run(_commit, Doing);

    /// <summary>A cursor that nobody uses, or a new one. With the lock of the view.</summary>
    public SqliteCursor TakeCursor() => _cursors.TryPop(out var cursor) ? cursor : new SqliteCursor(Session);

    public void ReturnCursor(SqliteCursor cursor)
    {
        cursor.Reset();
        _cursors.Push(cursor);
    }

    /// <summary>Bytes of keys and values in <c>[from, to)</c>.</summary>
    public long Size(ReadOnlySpan<byte> from, ReadOnlySpan<byte> to)
    {
        const string All = "SELECT sum(length(key) + length(value)) FROM entries WHERE key >= ?1";
        using var statement = Session.Prepare(to.IsEmpty ? All : All + " AND key < ?2", Doing);
        Session.Bind(statement, 1, from, Doing);
        if (!to.IsEmpty)
            Session.Bind(statement, 2, to, Doing);
        return Session.Step(statement, Doing) ? raw.sqlite3_column_int64(statement, 0) : 0;
    }

    public void Dispose()
    {
        while (_cursors.TryPop(out var cursor))
            cursor.Dispose();
        _get.Dispose();
        _begin.Dispose();
        _touch.Dispose();
        _commit.Dispose();
        Session.Dispose();
    }
}
