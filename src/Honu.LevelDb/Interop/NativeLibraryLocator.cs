using System.Reflection;
using System.Runtime.InteropServices;
using System.Text;

namespace Honu.LevelDb.Interop;

// Finds the native library once per process, in this order:
//   1. HONU_LEVELDB_PATH (a file, or a folder that holds libhonu_leveldb.so)
//   2. libhonu_leveldb.so beside the application, in runtimes/<rid>/native, and where the host's dependency file points
//   3. what a distribution installs: libleveldb.so.1d (Debian's runtime package has only this name), libleveldb.so.1, libleveldb.so
// A failure is not remembered: the next call looks again, so that an installed package is found without a restart.
internal static class NativeLibraryLocator
{
    internal const string PathVariable = "HONU_LEVELDB_PATH";

    private static readonly Lock Gate = new();
    private static nint _library;
    private static bool _resolverSet;

    private static string OwnName => OperatingSystem.IsWindows() ? "honu_leveldb.dll"
        : OperatingSystem.IsMacOS() ? "libhonu_leveldb.dylib"
        : "libhonu_leveldb.so";

    private static string[] SystemNames => OperatingSystem.IsWindows() ? ["leveldb.dll"]
        : OperatingSystem.IsMacOS() ? ["libleveldb.1.dylib", "libleveldb.dylib"]
        : ["libleveldb.so.1d", "libleveldb.so.1", "libleveldb.so"];

    /// <summary>Loads the library if that has not happened. Every way into native code begins with a call of this.</summary>
    /// <exception cref="DllNotFoundException">No place has a library that loads; the message names all of them.</exception>
    internal static void EnsureLoaded()
    {
        if (Volatile.Read(ref _library) != 0)
            return;

        lock (Gate)
        {
            if (_library != 0)
                return;
            nint library = Load(Candidates(Environment.GetEnvironmentVariable(PathVariable), AppContext.BaseDirectory));
            if (!_resolverSet)
            {
                NativeLibrary.SetDllImportResolver(typeof(NativeLibraryLocator).Assembly, Resolve);
                _resolverSet = true;
            }

            Volatile.Write(ref _library, library);
        }
    }

    /// <summary>The places to try, in order. Absolute paths are files; bare names are left to the system's loader.</summary>
    internal static IReadOnlyList<string> Candidates(string? configured, string applicationDirectory)
    {
        var candidates = new List<string>();
        if (!string.IsNullOrEmpty(configured))
        {
            string full = Path.GetFullPath(configured);
            candidates.Add(Directory.Exists(full) ? Path.Combine(full, OwnName) : full);
        }

        candidates.Add(Path.Combine(applicationDirectory, OwnName));
        string system = OperatingSystem.IsWindows() ? "win" : OperatingSystem.IsMacOS() ? "osx" : "linux";
        string portable = $"{system}-{RuntimeInformation.ProcessArchitecture.ToString().ToLowerInvariant()}";
        foreach (string rid in new[] { RuntimeInformation.RuntimeIdentifier, portable }.Distinct(StringComparer.Ordinal))
            candidates.Add(Path.Combine(applicationDirectory, "runtimes", rid, "native", OwnName));
        candidates.Add(OwnName);
        candidates.AddRange(SystemNames);
        return candidates;
    }

    /// <summary>Loads the first candidate that is a LevelDB.</summary>
    internal static nint Load(IReadOnlyList<string> candidates)
    {
        var tried = new StringBuilder();
        foreach (string candidate in candidates)
        {
            if (TryLoad(candidate, out nint library, out string? reason))
                return library;
            tried.Append("\n  ").Append(candidate).Append(": ").Append(reason);
        }

        throw new DllNotFoundException(
            "The native LevelDB library could not be loaded. Install it (Debian, Ubuntu: sudo apt-get install libleveldb1d), "
            + $"or set {PathVariable} to the file. Tried, in this order:{tried}");
    }

    private static bool TryLoad(string candidate, out nint library, out string? reason)
    {
        library = 0;
        reason = "no such file";
        if (Path.IsPathRooted(candidate))
        {
            if (!File.Exists(candidate))
                return false;

            // A distribution's LevelDB needs Snappy, which nothing looks for in this folder: once loaded, it is found by its name.
            string snappy = Path.Combine(Path.GetDirectoryName(candidate)!, "libsnappy.so.1");
            if (File.Exists(snappy))
                _ = NativeLibrary.TryLoad(snappy, out _);
        }

        try
        {
            library = NativeLibrary.Load(candidate, typeof(NativeLibraryLocator).Assembly, null);
        }
        catch (Exception error) when (error is DllNotFoundException or BadImageFormatException)
        {
            // Not a failure yet, the next place may do; only the loader's first line tells something.
            reason = Path.IsPathRooted(candidate) ? FirstReason(error.Message) : "not known to the system's loader";
            return false;
        }

        if (NativeLibrary.TryGetExport(library, "leveldb_open", out _))
            return true;

        NativeLibrary.Free(library);
        library = 0;
        reason = "loads, but does not export leveldb_open";
        return false;
    }

    private static string FirstReason(string message)
    {
        // .NET puts advice first and the loader's own words, one line for each spelling that it tried, behind.
        string[] lines = message.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        return lines.Length > 1 ? lines[1] : lines[0];
    }

    private static nint Resolve(string name, Assembly assembly, DllImportSearchPath? searchPath)
        => name == NativeMethods.Library ? Volatile.Read(ref _library) : 0;
}
