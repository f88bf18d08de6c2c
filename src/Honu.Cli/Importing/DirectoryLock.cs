namespace Honu.Cli.Importing;

/// <summary>
/// Keeps other programs from opening a LevelDB directory while it is read, and finds out whether one has it open. Changes nothing in it.
/// Go's LevelDB holds its file LOCK by flock, the original by fcntl; neither sees the other's, so both are asked for.
/// </summary>
/// <remarks>
/// Only for a directory that this process has not opened: to close any descriptor of LOCK ends all fcntl locks that the process has on it.
/// The store that an import writes to is another directory: one with a store's file HONU is no source (<see cref="DirectoryCopy.Measure"/>).
/// </remarks>
internal static class DirectoryLock
{
    // EWOULDBLOCK from flock on Linux and macOS, ERROR_SHARING_VIOLATION on Windows.
    private static bool IsHeldByAnother(IOException error) => error.HResult is 11 or 35 or unchecked((int)0x80070020);

    /// <summary>Takes both locks until the result is disposed; null when the directory has no file LOCK, as in a copy without it.</summary>
    /// <exception cref="CliException">Another process has the database open, or the file cannot be read.</exception>
    public static FileStream? Take(string directory)
    {
        var path = Path.Combine(directory, "LOCK");
        FileStream file;
        try
        {
            file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.None, bufferSize: 0);
        }
        catch (FileNotFoundException)
        {
            return null;
        }
        catch (IOException e) when (IsHeldByAnother(e))
        {
            throw Locked(directory);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw CliException.Usage($"Cannot tell whether \"{directory}\" is open: {e.Message} Give this user read access, or import a copy without the file LOCK.");
        }

        try
        {
            // Length 0 is "to the end, wherever that is": what LevelDB itself asks for.
            if (!OperatingSystem.IsMacOS())
                file.Lock(0, 0);
            return file;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // A held fcntl lock is told as EAGAIN or EACCES, whichever the system prefers.
            file.Dispose();
            throw Locked(directory);
        }
    }

    private static CliException Locked(string directory) =>
        new(ExitCodes.Locked, $"The database in \"{directory}\" is open in another process. Close it there first, or import a copy that was made while it was closed.");
}
