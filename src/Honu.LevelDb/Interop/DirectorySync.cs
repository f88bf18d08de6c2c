using System.Runtime.InteropServices;

namespace Honu.LevelDb.Interop;

// fsync of a directory: .NET opens no directories, so three calls of the C library.
internal static partial class DirectorySync
{
    private const int Interrupted = 4; // EINTR, the same number on every Unix

    internal static void Sync(string directory)
    {
        // Windows has no such call: NTFS journals the names itself.
        if (OperatingSystem.IsWindows())
            return;

        int descriptor = Retry(() => open(directory, OperatingSystem.IsLinux() ? 0x80000 : 0)); // read-only, O_CLOEXEC
        int error = descriptor < 0 ? Marshal.GetLastPInvokeError() : 0;
        if (descriptor >= 0)
        {
            error = Retry(() => fsync(descriptor)) < 0 ? Marshal.GetLastPInvokeError() : 0;
            _ = close(descriptor);
        }

        // EINVAL: the file system does not know the operation, so there is nothing to wait for.
        if (error is not (0 or 22))
            throw new IOException($"{Marshal.GetPInvokeErrorMessage(error)}: '{directory}'", error);
    }

    private static int Retry(Func<int> call)
    {
        int result;
        do
            result = call();
        while (result < 0 && Marshal.GetLastPInvokeError() == Interrupted);
        return result;
    }

    [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int open(string path, int flags);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int fsync(int descriptor);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int close(int descriptor);
}
