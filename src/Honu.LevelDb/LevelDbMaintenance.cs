using Honu.LevelDb.Interop;

namespace Honu.LevelDb;

/// <summary>Operations on a database that is not open.</summary>
public static class LevelDbMaintenance
{
    /// <summary>Rebuilds a database that does not open any more from the tables and logs that can be read.</summary>
    /// <remarks>
    /// Lossy: what cannot be read is gone without a word, deleted keys may come back, and files that were replaced stay in the folder <c>lost</c>.
    /// Copy the directory first, and treat the result as a rescued copy rather than as the database that it was.
    /// </remarks>
    /// <param name="path">The directory of the database.</param>
    /// <param name="options">How tables are written; <see langword="null"/> takes the defaults.</param>
    /// <exception cref="LevelDbLockedException">The database is open.</exception>
    /// <exception cref="LevelDbException">There is nothing to repair in that directory, or it cannot be written.</exception>
    public static void Repair(string path, LevelDatabaseOptions? options = null)
    {
        options ??= new LevelDatabaseOptions();
        if (options.Faults() is { Count: > 0 } faults)
            throw new ArgumentException($"The options of the database cannot be used: {string.Join(' ', faults)}", nameof(options));
        NativeLibraryLocator.EnsureLoaded();
        string canonical = CanonicalPath.Resolve(path);
        DatabaseDirectory.ThrowIfFile(canonical);
        if (!DatabaseDirectory.HoldsFiles(canonical))
        {
            throw new LevelDbException(
                LevelDbErrorKind.NotFound, canonical, $"There are no files of a database in '{canonical}' to repair. Check the path.");
        }

        DirectoryClaim claim = OpenDatabases.Claim(canonical);
        try
        {
            LogFile.MarkDamagedRecords(canonical);
            EngineCalls.Repair(canonical, options);
        }
        finally
        {
            claim.Release();
        }
    }

    /// <summary>Deletes the database in a directory, and the directory when nothing else is in it. Nothing happens if there is none.</summary>
    /// <remarks>Only files with names of LevelDB, and the lock file of this library, are deleted.</remarks>
    /// <param name="path">The directory of the database.</param>
    /// <exception cref="LevelDbLockedException">The database is open.</exception>
    /// <exception cref="LevelDbException">A file could not be deleted.</exception>
    public static void Destroy(string path)
    {
        NativeLibraryLocator.EnsureLoaded();
        string canonical = CanonicalPath.Resolve(path);
        DatabaseDirectory.ThrowIfFile(canonical);
        if (!DatabaseDirectory.HoldsFiles(canonical))
            return;

        DirectoryClaim claim = OpenDatabases.Claim(canonical);
        try
        {
            EngineCalls.Destroy(canonical);
            DatabaseDirectory.RemoveRemains(canonical);
        }
        finally
        {
            claim.Release();
        }
    }
}
