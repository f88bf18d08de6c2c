using System.Globalization;
using SQLitePCL;

namespace Honu.Sqlite;

/// <summary>The one connection that writes. Not thread-safe: the engine lets in one thread at a time.</summary>
/// <remarks>
/// The file is in write-ahead mode. <c>synchronous = NORMAL</c> appends a commit to the log without flushing it, which survives a killed
/// process; <c>FULL</c> flushes the whole log at the commit, that is, also every commit before it. Before the log is begun anew SQLite
/// flushes what it copied into the file, so a commit is at any time either in the flushed file or in the log that a barrier flushes.
/// </remarks>
internal sealed class SqliteWriter : IDisposable
{
    private const string Doing = "Writing to";

    private readonly SqliteSession _session;
    private readonly sqlite3_stmt _begin;
    private readonly sqlite3_stmt _commit;
    private readonly sqlite3_stmt _put;
    private readonly sqlite3_stmt _delete;
    private bool _flushesCommits;

    // A process that was killed may have left commits that the operating system has, but not the disk.
    private bool _mayHaveUnflushed = true;

    public SqliteWriter(SqliteSession session)
    {
        _session = session;
        _begin = session.Prepare("BEGIN IMMEDIATE", Doing);
        _commit = session.Prepare("COMMIT", Doing);
        _put = session.Prepare("REPLACE INTO entries (key, value) VALUES (?1, ?2)", Doing);
        _delete = session.Prepare("DELETE FROM entries WHERE key = ?1", Doing);
        session.Execute("PRAGMA synchronous = NORMAL", Doing);
    }

    public SqliteSession Session => _session;

    /// <summary>How often a barrier had to write, because commits before it were not flushed.</summary>
    public long Barriers { get; private set; }

    public void Write(SqliteBatch batch, bool sync)
    {
        if (batch.Count == 0)
        {
            if (sync)
                Sync();
            return;
        }

        FlushCommits(sync);
        _session.Run(_begin, Doing);
        try
        {
            foreach (var operation in batch)
                Apply(operation.Key, operation.Value, operation.IsRemoval);
            _session.Run(_commit, Doing);
        }
        catch
        {
            // Whatever failed, half a batch must not wait in the connection for the next commit.
            if (_session.IsInTransaction)
                _session.Execute("ROLLBACK", Doing);
            throw;
        }

        _mayHaveUnflushed = !sync;
    }

    public void Sync()
    {
        if (!_mayHaveUnflushed)
            return;

        // A checkpoint would not do: with a reader in the way it flushes nothing. A commit must change something to be one.
        FlushCommits(true);
        var version = (_session.Number("PRAGMA user_version", Doing) + 1) & int.MaxValue;
        _session.Execute(string.Create(CultureInfo.InvariantCulture, $"PRAGMA user_version = {version}"), Doing);
        _mayHaveUnflushed = false;
        Barriers++;
    }

    public void Compact()
    {
        FlushCommits(true);
        _session.Execute("VACUUM", "Compacting");
        _mayHaveUnflushed = false;

        // Shortens the log if no reader needs it; if one does, the next commits will.
        raw.sqlite3_busy_timeout(_session.Handle, 0);
        var code = raw.sqlite3_wal_checkpoint_v2(_session.Handle, null, raw.SQLITE_CHECKPOINT_TRUNCATE, out _, out _);
        raw.sqlite3_busy_timeout(_session.Handle, SqliteSession.BusyTimeoutMs);
        if (code is not (raw.SQLITE_OK or raw.SQLITE_BUSY or raw.SQLITE_LOCKED))
            throw _session.Failure(code, "Compacting");
    }

    public void Dispose()
    {
        _begin.Dispose();
        _commit.Dispose();
        _put.Dispose();
        _delete.Dispose();
        _session.Dispose();
    }

    private void Apply(ReadOnlySpan<byte> key, ReadOnlySpan<byte> value, bool isRemoval)
    {
        var statement = isRemoval ? _delete : _put;
        _session.Bind(statement, 1, key, Doing);
        if (!isRemoval)
            _session.Bind(statement, 2, value, Doing);
        _session.Run(statement, Doing);
    }

    private void FlushCommits(bool flush)
    {
        if (_flushesCommits == flush)
            return;
        _session.Execute(flush ? "PRAGMA synchronous = FULL" : "PRAGMA synchronous = NORMAL", Doing);
        _flushesCommits = flush;
    }
}
