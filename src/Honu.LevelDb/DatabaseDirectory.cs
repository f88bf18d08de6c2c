using Honu.LevelDb.Interop;

namespace Honu.LevelDb;

// Looks at the directory before LevelDB does: what is wrong can be said more clearly here, and nothing has been written yet.
internal static class DatabaseDirectory
{
    internal static bool HoldsDatabase(string path) => File.Exists(Path.Combine(path, "CURRENT"));

    /// <summary>Whether there is any file, so that there may be something to repair or to destroy.</summary>
    internal static bool HoldsFiles(string path) => Directory.Exists(path) && Directory.EnumerateFiles(path).Any();

    internal static void Prepare(string path, LevelDatabaseOptions options)
    {
        ThrowIfFile(path);
        bool exists = HoldsDatabase(path);
        if (!exists && !options.CreateIfMissing)
        {
            throw new LevelDbException(
                LevelDbErrorKind.NotFound, path, $"There is no database in '{path}' (no file CURRENT). Check the path, or set CreateIfMissing.");
        }

        if (exists && options.ErrorIfExists)
        {
            throw new LevelDbException(
                LevelDbErrorKind.InvalidArgument, path, $"There is a database in '{path}' already. Choose another path, or clear ErrorIfExists.");
        }

        if (!Directory.Exists(path))
            Create(path);
    }

    internal static void ThrowIfFile(string path)
    {
        if (File.Exists(path))
        {
            throw new LevelDbException(
                LevelDbErrorKind.InvalidArgument, path, $"'{path}' is a file, but a database is a directory. Name the directory.");
        }
    }

    /// <summary>Removes what LevelDB leaves of a destroyed database: our lock file and, when empty, the directory.</summary>
    internal static void RemoveRemains(string path)
    {
        File.Delete(Path.Combine(path, OpenDatabases.LockFileName));
        try
        {
            Directory.Delete(path);
        }
        catch (IOException)
        {
            // Not empty: what is in it is not ours.
        }
    }

    private static void Create(string path)
    {
        try
        {
            string? parent = Path.GetDirectoryName(path);
            if (parent is not null && !Directory.Exists(parent))
                Create(parent);
            Directory.CreateDirectory(path);
            // Without this a power failure could take the whole directory, synced files and all.
            if (parent is not null)
                DirectorySync.Sync(parent);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            // The same for every cause: the caller can only choose another place or change the permissions.
            throw new LevelDbException(
                LevelDbErrorKind.IOError,
                path,
                $"The directory '{path}' cannot be created: {error.Message} Choose a path that this user may write to.",
                error);
        }
    }
}
