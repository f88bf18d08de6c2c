using Microsoft.Data.Sqlite;
using SQLitePCL;

namespace Honu.Sqlite;

/// <summary>SQLite's result codes as Honu's exceptions.</summary>
internal static class SqliteErrors
{
    private const int PrimaryCodeMask = 0xFF;

    public static HonuException Translate(int code, string path, string doing, string message, Exception? inner = null)
    {
        var text = $"{doing} the store at {path} failed: {message} (SQLite error {code}).";
        return (code & PrimaryCodeMask) switch
        {
            raw.SQLITE_BUSY or raw.SQLITE_LOCKED => new HonuStoreLockedException(path, $"{text} Another program has the file open; close it there.", inner),
            raw.SQLITE_CORRUPT or raw.SQLITE_NOTADB => new HonuCorruptionException(path, $"{text} Restore the directory from a backup, or begin an empty replica and let its peers fill it.", inner),
            raw.SQLITE_FULL => new HonuIOException(path, $"{text} Make room on the disk, then close the store and open it again.", inner),
            raw.SQLITE_IOERR or raw.SQLITE_CANTOPEN or raw.SQLITE_READONLY or raw.SQLITE_PERM or raw.SQLITE_NOLFS =>
                new HonuIOException(path, $"{text} Check the disk and the permissions, then open the store again.", inner),
            raw.SQLITE_TOOBIG => new HonuException(HonuErrorCode.LimitExceeded, $"{text} SQLite takes values of at most 1,000,000,000 bytes.", path, inner),
            _ => new HonuException(HonuErrorCode.Unknown, text, path, inner),
        };
    }

    public static HonuException Translate(SqliteException error, string path, string doing) =>
        Translate(error.SqliteExtendedErrorCode, path, doing, error.Message, error);
}
