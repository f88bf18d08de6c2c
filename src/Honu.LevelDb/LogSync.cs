using Honu.LevelDb.Interop;

using Microsoft.Win32.SafeHandles;

namespace Honu.LevelDb;

// fsync of every log in a directory and of the directory itself. Opens only *.log: opening and closing LevelDB's LOCK would drop the lock.
internal static class LogSync
{
    internal static void Sync(string directory)
    {
        foreach (string log in Directory.EnumerateFiles(directory, "*.log"))
        {
            try
            {
                using SafeFileHandle file = File.OpenHandle(log, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
                RandomAccess.FlushToDisk(file);
            }
            catch (FileNotFoundException)
            {
                // It was compacted into a table meanwhile, which LevelDB syncs before it deletes the log.
            }
        }

        // A log that was just created is not durable before the directory that names it.
        DirectorySync.Sync(directory);
    }
}
