using System.Globalization;
using Microsoft.Data.Sqlite;
using SQLitePCL;

namespace Honu.Sqlite;

/// <summary>One connection. Rows are read through SQLite's own interface, because a data reader would copy every key and value into an array.</summary>
internal sealed class SqliteSession : IDisposable
{
    // Nobody of this process waits for another: a wait can only come from another program, or from the recovery of the log.
    public const int BusyTimeoutMs = 1000;

    private readonly SqliteConnection _connection;
    private readonly string _path;

    private SqliteSession(SqliteConnection connection, string path)
    {
        _connection = connection;
        _path = path;
    }

    public sqlite3 Handle => _connection.Handle ?? throw new ObjectDisposedException(nameof(SqliteSession));

    /// <summary>Whether the connection is inside a transaction.</summary>
    public bool IsInTransaction => raw.sqlite3_get_autocommit(Handle) == 0;

    public static SqliteSession Open(string path, string file, bool create, long cacheBytes)
    {
        // Pooled connections would keep the file open, and locked, after the store was closed.
        var connection = new SqliteConnection(new SqliteConnectionStringBuilder
        {
            DataSource = file,
            Mode = create ? SqliteOpenMode.ReadWriteCreate : SqliteOpenMode.ReadWrite,
            Pooling = false,
        }.ToString());
        try
        {
            connection.Open();
            var session = new SqliteSession(connection, path);
            raw.sqlite3_busy_timeout(session.Handle, BusyTimeoutMs);
            session.Execute(string.Create(CultureInfo.InvariantCulture, $"PRAGMA cache_size = -{cacheBytes / 1024}"), "Opening");
            return session;
        }
        catch (SqliteException error)
        {
            connection.Dispose();
            throw SqliteErrors.Translate(error, path, "Opening");
        }
        catch
        {
            // Whatever went wrong, the file must not stay open.
            connection.Dispose();
            throw;
        }
    }

    /// <summary>Runs statements that give no rows, or whose rows say nothing.</summary>
    public void Execute(string sql, string doing) => Check(raw.sqlite3_exec(Handle, sql), doing);

    /// <summary>The number in the first column of the first row.</summary>
    public long Number(string sql, string doing)
    {
        using var statement = Prepare(sql, doing);
        return Step(statement, doing) ? raw.sqlite3_column_int64(statement, 0) : 0;
    }

    /// <summary>The text in the first column of the first row.</summary>
    public string Text(string sql, string doing)
    {
        using var statement = Prepare(sql, doing);
        return Step(statement, doing) ? raw.sqlite3_column_text(statement, 0).utf8_to_string() : "";
    }

    public sqlite3_stmt Prepare(string sql, string doing)
    {
        Check(raw.sqlite3_prepare_v2(Handle, sql, out var statement), doing);
        return statement;
    }

    /// <summary>Runs to the next row.</summary>
    /// <returns><see langword="false"/> when there is none.</returns>
    public bool Step(sqlite3_stmt statement, string doing)
    {
        var code = raw.sqlite3_step(statement);
        if (code == raw.SQLITE_ROW)
            return true;
        if (code == raw.SQLITE_DONE)
            return false;
        throw Failure(code, doing);
    }

    /// <summary>Runs a statement without rows to its end and makes it ready for its next use, also when it failed.</summary>
    public void Run(sqlite3_stmt statement, string doing)
    {
        try
        {
            Step(statement, doing);
        }
        finally
        {
            raw.sqlite3_reset(statement);
        }
    }

    public void Bind(sqlite3_stmt statement, int parameter, ReadOnlySpan<byte> bytes, string doing) =>
        Check(raw.sqlite3_bind_blob(statement, parameter, bytes), doing);

    public HonuException Failure(int code, string doing) =>
        SqliteErrors.Translate(raw.sqlite3_extended_errcode(Handle) is var extended && (extended & 0xFF) == (code & 0xFF) ? extended : code, _path, doing, raw.sqlite3_errmsg(Handle).utf8_to_string());

    public void Dispose() => _connection.Dispose();

    private void Check(int code, string doing)
    {
        if (code != raw.SQLITE_OK)
            throw Failure(code, doing);
    }
}
