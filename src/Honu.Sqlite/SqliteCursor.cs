using SQLitePCL;

namespace Honu.Sqlite;

/// <summary>Two statements, one for each direction; a change of direction begins the other one at the present key.</summary>
internal sealed class SqliteCursor(SqliteSession session) : IDisposable
{
    private const string Doing = "Reading";

    private readonly sqlite3_stmt _upwards = session.Prepare("SELECT key, value FROM entries WHERE key >= ?1 ORDER BY key", Doing);
    private readonly sqlite3_stmt _downwards = session.Prepare("SELECT key, value FROM entries WHERE key < ?1 ORDER BY key DESC", Doing);

    // The statement that stands on the present entry.
    private sqlite3_stmt? _present;

    public bool IsValid => _present is not null;

    public ReadOnlySpan<byte> Key => raw.sqlite3_column_blob(_present, 0);

    public ReadOnlySpan<byte> Value => raw.sqlite3_column_blob(_present, 1);

    public void Seek(ReadOnlySpan<byte> key) => Start(_upwards, key);

    public void SeekBefore(ReadOnlySpan<byte> key) => Start(_downwards, key);

    public void Next()
    {
        if (_present == _downwards)
        {
            Start(_upwards, Key);
            if (!IsValid)
                return;
        }

        Step(_upwards);
    }

    public void Previous()
    {
        if (_present == _downwards)
            Step(_downwards);
        else
            Start(_downwards, Key);
    }

    public void Reset()
    {
        _present = null;
        raw.sqlite3_reset(_upwards);
        raw.sqlite3_reset(_downwards);
    }

    public void Dispose()
    {
        _upwards.Dispose();
        _downwards.Dispose();
    }

    private void Start(sqlite3_stmt statement, ReadOnlySpan<byte> key)
    {
        // Binding copies the key, which may lie in the row that the other statement stands on; only then may that one be reset.
        if (_present == statement)
        {
            var copy = key.ToArray();
            Reset();
            session.Bind(statement, 1, copy, Doing);
        }
        else
        {
            raw.sqlite3_reset(statement);
            session.Bind(statement, 1, key, Doing);
            Reset();
        }

        Step(statement);
    }

    private void Step(sqlite3_stmt statement)
    {
        _present = null;
        if (session.Step(statement, Doing))
            _present = statement;
        else
            raw.sqlite3_reset(statement);
    }
}
