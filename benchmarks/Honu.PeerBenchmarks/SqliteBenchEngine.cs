using Honu.Cli.Benchmarking;
using Microsoft.Data.Sqlite;

namespace Honu.PeerBenchmarks;

/// <summary>SQLite as a key-value store: one table without row ids, the write-ahead log, prepared statements, one statement a transaction.</summary>
internal sealed class SqliteBenchEngine : IBenchEngine
{
    private readonly SqliteConnection _connection;
    private readonly SqliteCommand _put;
    private readonly SqliteCommand _read;
    private readonly SqliteCommand _delete;

    public SqliteBenchEngine(string directory, bool sync, long cacheBytes)
    {
        Directory.CreateDirectory(directory);
        _connection = new SqliteConnection(new SqliteConnectionStringBuilder { DataSource = Path.Combine(directory, "bench.db"), Pooling = false }.ToString());
        _connection.Open();

        // NORMAL writes the log at each commit and syncs it only at checkpoints: it survives a killed process, as "flushed" promises. FULL syncs each commit.
        Execute("PRAGMA journal_mode = WAL");
        Execute($"PRAGMA synchronous = {(sync ? "FULL" : "NORMAL")}");
        Execute($"PRAGMA cache_size = -{cacheBytes / 1024}");
        Execute("CREATE TABLE entries (key BLOB PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID");
        _put = Prepare("INSERT INTO entries VALUES ($key, $value) ON CONFLICT (key) DO UPDATE SET value = excluded.value", "$key", "$value");
        _read = Prepare("SELECT value FROM entries WHERE key = $key", "$key");
        _delete = Prepare("DELETE FROM entries WHERE key = $key", "$key");
    }

    // The provider takes arrays, not spans: that copy is part of what it costs a .NET developer.
    public void Put(ReadOnlySpan<byte> key, ReadOnlySpan<byte> value)
    {
        _put.Parameters[0].Value = key.ToArray();
        _put.Parameters[1].Value = value.ToArray();
        _put.ExecuteNonQuery();
    }

    public int Read(ReadOnlySpan<byte> key, Span<byte> destination)
    {
        _read.Parameters[0].Value = key.ToArray();
        using var reader = _read.ExecuteReader();
        return reader.Read() ? Copy(reader, destination) : -1;
    }

    public void Delete(ReadOnlySpan<byte> key)
    {
        _delete.Parameters[0].Value = key.ToArray();
        _delete.ExecuteNonQuery();
    }

    public int Scan(Span<byte> destination, CancellationToken cancellation)
    {
        var entries = 0;
        using var command = _connection.CreateCommand();
        command.CommandText = "SELECT value FROM entries ORDER BY key";
        using var reader = command.ExecuteReader();
        while (reader.Read())
        {
            Copy(reader, destination);
            Workload.CheckNowAndThen(++entries, cancellation);
        }

        return entries;
    }

    public void Dispose()
    {
        _put.Dispose();
        _read.Dispose();
        _delete.Dispose();
        _connection.Dispose();
    }

    private static int Copy(SqliteDataReader reader, Span<byte> destination)
    {
        var value = reader.GetFieldValue<byte[]>(0);
        value.CopyTo(destination);
        return value.Length;
    }

    private SqliteCommand Prepare(string sql, params string[] parameters)
    {
        var command = _connection.CreateCommand();
        command.CommandText = sql;
        foreach (var parameter in parameters)
            command.Parameters.Add(parameter, SqliteType.Blob);
        command.Prepare();
        return command;
    }

    private void Execute(string sql)
    {
        using var command = _connection.CreateCommand();
        command.CommandText = sql;
        command.ExecuteNonQuery();
    }
}
