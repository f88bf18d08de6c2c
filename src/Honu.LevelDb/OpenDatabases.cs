using Honu.LevelDb.Interop;

using Microsoft.Win32.SafeHandles;

namespace Honu.LevelDb;

// Who has which directory open. LevelDB's own guard is not enough: a second open of the same directory by another spelling of its path
// succeeds within a process and ruins the database, and a failed one drops the process's lock (POSIX locks end when any descriptor of the
// file is closed). So, before LevelDB is asked at all:
//   1. a table of canonical paths, for this process;
//   2. an own file, HONU.LOCK, held with FileShare.None (flock on Linux), for other processes and for what a path cannot show, such as a bind
//      mount. It stays behind when the database is closed: removing it would let two processes lock two different files of that name.
// LevelDB's file LOCK is never opened here, not even to read it.
internal static class OpenDatabases
{
    internal const string LockFileName = "HONU.LOCK";

    private static readonly Lock Gate = new();
    private static readonly Dictionary<string, DirectoryClaim> Claims = new(StringComparer.Ordinal);

    /// <summary>Claims an existing directory for this process and this owner.</summary>
    /// <exception cref="LevelDbLockedException">It is open already, here or in another process.</exception>
    internal static DirectoryClaim Claim(string canonicalPath)
    {
        // A closed database waits for iterators that nobody disposed: what nobody can reach any more is let go of here.
        if (IsClosing(canonicalPath))
        {
            GC.Collect();
            GC.WaitForPendingFinalizers();
        }

        lock (Gate)
        {
            if (Claims.TryGetValue(canonicalPath, out DirectoryClaim? holder))
                throw new LevelDbLockedException(canonicalPath, holder.Explain());
            var claim = new DirectoryClaim(canonicalPath, OpenLockFile(canonicalPath));
            Claims.Add(canonicalPath, claim);
            return claim;
        }
    }

    private static bool IsClosing(string canonicalPath)
    {
        lock (Gate)
            return Claims.TryGetValue(canonicalPath, out DirectoryClaim? holder) && holder.IsClosing;
    }

    internal static void Remove(DirectoryClaim claim)
    {
        lock (Gate)
            Claims.Remove(claim.Path);
    }

    private static SafeFileHandle OpenLockFile(string directory)
    {
        string file = Path.Combine(directory, LockFileName);
        try
        {
            return File.OpenHandle(file, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (IOException error) when (IsHeldByAnother(error))
        {
            throw new LevelDbLockedException(directory, $"The database '{directory}' is open in another process. Close it there first.", error);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            // The directory exists, so what is left is permission, a read-only file system, or no space.
            throw new LevelDbException(
                LevelDbErrorKind.IOError,
                directory,
                $"The database '{directory}' cannot be locked: {error.Message} Give this user write access to the directory.",
                error);
        }
    }

    // EWOULDBLOCK from flock on Linux and macOS, ERROR_SHARING_VIOLATION on Windows.
    private static bool IsHeldByAnother(IOException error) => error.HResult is 11 or 35 or unchecked((int)0x80070020);
}

/// <summary>A directory that this process holds, from before LevelDB opens it until after LevelDB has closed it.</summary>
/// <remarks>
/// The table keeps it reachable, so that a database that nobody disposed does not lose its lock file to the finalizer before its native part is closed.
/// </remarks>
internal sealed class DirectoryClaim
{
    private readonly SafeFileHandle _lockFile;
    private WeakReference<DatabaseHandle>? _closing;

    internal DirectoryClaim(string path, SafeFileHandle lockFile)
    {
        Path = path;
        _lockFile = lockFile;
    }

    internal string Path { get; }

    /// <summary>Notes that the owner was disposed, which a second open is then told.</summary>
    internal void ClosingSince(DatabaseHandle handle) => Volatile.Write(ref _closing, new WeakReference<DatabaseHandle>(handle));

    /// <summary>Whether the owner was disposed, but something of it is still in use.</summary>
    internal bool IsClosing => Volatile.Read(ref _closing) is not null;

    internal string Explain() => Volatile.Read(ref _closing) is { } closing && closing.TryGetTarget(out DatabaseHandle? handle)
        ? $"The database '{Path}' was closed, but {handle.LiveIterators} of its iterators are still in use. Dispose them first."
        : $"The database '{Path}' is open in this process already. Open it once and share the instance.";

    internal void Release()
    {
        // The file first: once the path has left the table, the next open must be able to lock it.
        _lockFile.Dispose();
        OpenDatabases.Remove(this);
    }
}
