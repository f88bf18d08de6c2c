using System.Globalization;
using Microsoft.Win32.SafeHandles;

namespace Honu.Sqlite;

/// <summary>The database file, and the lock that keeps a second engine away from its directory.</summary>
/// <remarks>
/// SQLite lets several connections and processes share a file; a store does not. <c>HONU.LOCK</c> is held with FileShare.None (flock on Linux), which
/// shuts out this process too, by whatever spelling of the path, and is the file that the LevelDB engine locks. It stays behind when the store
/// is closed: removing it would let two processes lock two different files of that name.
/// </remarks>
internal sealed class SqliteFile : IDisposable
{
    private const string FileName = "honu.sqlite";
    private const string LockFileName = "HONU.LOCK";
    private const int PageBytes = 4096;

    // "Honu": tells our file from any other SQLite database.
    private const int ApplicationId = 0x486F6E75;

    private readonly SafeFileHandle _lock;

    private SqliteFile(string path, SafeFileHandle lockFile)
    {
        Path = path;
        _lock = lockFile;
    }

    /// <summary>The store's directory.</summary>
    public string Path { get; }

    /// <summary>The database file.</summary>
    public string Name => System.IO.Path.Combine(Path, FileName);

    public static SqliteFile Claim(string path)
    {
        try
        {
            ThrowIfForeign(path);
            return new SqliteFile(path, File.OpenHandle(System.IO.Path.Combine(path, LockFileName), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None));
        }
        catch (IOException error) when (IsHeld(error))
        {
            throw new HonuStoreLockedException(path, $"The store at {path} is open already, in this process or in another one. Open it once and share the instance.", error);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            // The same for every cause: the caller can only choose another place or change the permissions.
            throw new HonuIOException(path, $"The store at {path} cannot be locked: {error.Message} Give this user write access to the directory.", error);
        }
    }

    /// <summary>Creates the table in an empty file, and refuses one that is not ours.</summary>
    public void Prepare(SqliteSession session, long logBytes)
    {
        const string doing = "Opening";
        var applicationId = session.Number("PRAGMA application_id", doing);
        if (applicationId != ApplicationId)
        {
            if (applicationId != 0 || session.Number("SELECT count(*) FROM sqlite_schema", doing) != 0)
                throw new HonuFormatException(HonuErrorCode.NotAStore, Path, $"The file {Name} is a SQLite database that Honu did not make. Name another directory.");
            Create(session, doing);
        }

        // SQLite answers with the mode that it stays in where a file system has no shared memory, such as a network share.
        if (session.Text("PRAGMA journal_mode = WAL", doing) is var mode && mode != "wal")
            throw new HonuIOException(Path, $"The store at {Path} cannot have a write-ahead log here (journal mode \"{mode}\"). Put it on a local disk.");
        session.Execute("PRAGMA fullfsync = ON; PRAGMA cell_size_check = ON", doing);
        session.Execute(string.Create(CultureInfo.InvariantCulture, $"PRAGMA wal_autocheckpoint = {logBytes / PageBytes}; PRAGMA journal_size_limit = {logBytes}"), doing);
    }

    public void Dispose() => _lock.Dispose();

    // In one transaction, so that a kill leaves an empty file or a whole one.
    private static void Create(SqliteSession session, string doing) => session.Execute(
        string.Create(CultureInfo.InvariantCulture, $"""
            PRAGMA synchronous = FULL;
            PRAGMA page_size = {PageBytes};
            PRAGMA journal_mode = WAL;
            BEGIN IMMEDIATE;
            CREATE TABLE entries (key BLOB PRIMARY KEY NOT NULL, value BLOB NOT NULL) WITHOUT ROWID;
            PRAGMA application_id = {ApplicationId};
            COMMIT;
            """),
        doing);

    private static void ThrowIfForeign(string path)
    {
        if (File.Exists(System.IO.Path.Combine(path, FileName)))
            return;
        foreach (var file in Directory.EnumerateFiles(path))
        {
            var name = System.IO.Path.GetFileName(file);
            if (name.StartsWith(FileName, StringComparison.Ordinal))
                throw new HonuCorruptionException(path, $"The store at {path} has lost its file {FileName}, but there is {name}. Restore the directory from a backup, or begin an empty replica and let its peers fill it.");
            if (!name.StartsWith("HONU", StringComparison.Ordinal))
                throw new HonuFormatException(HonuErrorCode.NotAStore, path, $"The store at {path} is not one of SQLite: it has no file {FileName}, but a file {name}. Open it with the engine that made it, or name another directory.");
        }
    }

    // EWOULDBLOCK from flock on Linux and macOS, ERROR_SHARING_VIOLATION on Windows.
    private static bool IsHeld(IOException error) => error.HResult is 11 or 35 or unchecked((int)0x80070020);
}
