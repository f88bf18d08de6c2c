using Honu.LevelDb;

namespace Honu.Cli.Importing;

/// <summary>
/// A LevelDB database that is read without touching it: LevelDB writes at every opening (a new manifest, a new log, its lock), and another
/// implementation may not like what it finds then. So a copy is opened, in the system's temporary directory, and deleted on dispose.
/// </summary>
internal sealed class DirectoryCopy : IDisposable
{
    private readonly string _copy;

    private DirectoryCopy(string copy, LevelDatabase database)
    {
        _copy = copy;
        Database = database;
    }

    /// <summary>The copy, open.</summary>
    public LevelDatabase Database { get; }

    /// <summary>Bytes of the files that a copy takes; checks that there is a database at all.</summary>
    /// <exception cref="CliException">The directory is missing, or holds no LevelDB.</exception>
    public static long Measure(string source)
    {
        if (File.Exists(source))
            throw CliException.Usage($"\"{source}\" is a file. Name the directory of the database.");
        if (!Directory.Exists(source))
            throw CliException.Usage($"There is no directory \"{source}\". Check the path.");
        if (File.Exists(Path.Combine(source, "HONU")))
            throw CliException.Usage($"\"{source}\" is a Honu store itself. Carry it over by honu export --db \"{source}\" --history | honu import -.");
        if (!File.Exists(Path.Combine(source, "CURRENT")))
            throw new CliException(ExitCodes.Corrupt, $"\"{source}\" holds no LevelDB database (it has no file CURRENT). Check the path.");
        return Files(source).Sum(static file => file.Length);
    }

    /// <summary>Copies the files and opens the copy.</summary>
    /// <param name="source">The directory; <see cref="Measure"/> has looked at it.</param>
    /// <param name="progress">Takes the bytes and the files copied so far.</param>
    /// <param name="cancellationToken">Stops between two files.</param>
    /// <exception cref="CliException">The database is open elsewhere, damaged, or cannot be read or copied.</exception>
    public static DirectoryCopy Open(string source, Action<long, long> progress, CancellationToken cancellationToken)
    {
        string copy;
        try
        {
            copy = Directory.CreateTempSubdirectory("honu-import-").FullName;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw NotCopied(source, e);
        }

        try
        {
            using (DirectoryLock.Take(source))
                CopyFiles(source, copy, progress, cancellationToken);

            // The filter is only of use to single reads.
            return new DirectoryCopy(copy, LevelDatabase.Open(copy, new LevelDatabaseOptions { CreateIfMissing = false, BloomBitsPerKey = 0 }));
        }
        catch (Exception e)
        {
            // Whatever failed, the copy must not stay behind.
            Directory.Delete(copy, recursive: true);
            throw e is LevelDbException error ? Damaged(error, source) : e is IOException or UnauthorizedAccessException ? NotCopied(source, e) : e;
        }
    }

    /// <summary>An error of the copy, told of the directory that the user named.</summary>
    public static CliException Damaged(LevelDbException error, string source) =>
        new(ExitCodes.Corrupt, error.Message.Replace(error.Path, source, StringComparison.Ordinal));

    public void Dispose()
    {
        Database.Dispose();
        Directory.Delete(_copy, recursive: true);
    }

    private static void CopyFiles(string source, string copy, Action<long, long> progress, CancellationToken cancellationToken)
    {
        long bytes = 0, count = 0;
        foreach (var file in Files(source))
        {
            cancellationToken.ThrowIfCancellationRequested();
            file.CopyTo(Path.Combine(copy, file.Name));
            progress(bytes += file.Length, ++count);
        }
    }

    // What LevelDB reads. Its own log of events is left out, and so are the locks: they belong to the original.
    private static IEnumerable<FileInfo> Files(string directory) =>
        new DirectoryInfo(directory).EnumerateFiles().Where(static file =>
            file.Name == "CURRENT" || file.Name.StartsWith("MANIFEST-", StringComparison.Ordinal) || file.Extension is ".log" or ".ldb" or ".sst");

    private static CliException NotCopied(string source, Exception error) => new(
        error is UnauthorizedAccessException ? ExitCodes.Usage : ExitCodes.Internal,
        $"\"{source}\" could not be copied into the temporary directory: {error.Message.TrimEnd('.')}. Check permissions and room; TMPDIR names another temporary directory.");
}
