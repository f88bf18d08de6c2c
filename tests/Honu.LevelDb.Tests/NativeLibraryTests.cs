using System.Diagnostics;

using Honu.LevelDb.Interop;

namespace Honu.LevelDb.Tests;

/// <summary>Finding the native library at run time, and providing it at build time.</summary>
public sealed class NativeLibraryTests : IDisposable
{
    private readonly TempDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Fact]
    public void Candidates_Configured_ComesFirstAndTheSystemLast()
    {
        IReadOnlyList<string> candidates = NativeLibraryLocator.Candidates("/opt/mine.so", "/app");

        Assert.Equal("/opt/mine.so", candidates[0]);
        Assert.Equal("/app/libhonu_leveldb.so", candidates[1]);
        Assert.Contains("/app/runtimes/linux-", string.Join(' ', candidates), StringComparison.Ordinal);
        Assert.Equal("libhonu_leveldb.so libleveldb.so.1d libleveldb.so.1 libleveldb.so", string.Join(' ', candidates.TakeLast(4)));
    }

    [Fact]
    public void Candidates_ConfiguredFolder_NamesTheFileInIt()
    {
        Assert.Equal(Path.Combine(_directory.Path, "libhonu_leveldb.so"), NativeLibraryLocator.Candidates(_directory.Path, "/app")[0]);
    }

    [Fact]
    public void Load_NothingFits_NamesEveryPlaceAndWhatToDo()
    {
        string text = Path.Combine(_directory.Path, "text.so");
        File.WriteAllText(text, "no library");
        string missing = Path.Combine(_directory.Path, "missing.so");
        string[] places = [missing, text, "libc.so.6", "libhonu_no_such_library.so.7"];

        var error = Assert.Throws<DllNotFoundException>(() => NativeLibraryLocator.Load(places));

        Assert.All(places, place => Assert.Contains(place, error.Message, StringComparison.Ordinal));
        Assert.Contains("no such file", error.Message, StringComparison.Ordinal);
        Assert.Contains("leveldb_open", error.Message, StringComparison.Ordinal);
        Assert.Contains("HONU_LEVELDB_PATH", error.Message, StringComparison.Ordinal);
        Assert.Contains("apt-get install", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Provide_NothingAvailable_FailsWithOneMessage()
    {
        (int exitCode, string errors) = Provide(Path.Combine(_directory.Path, "empty"));

        Assert.Equal(1, exitCode);
        string line = Assert.Single(errors.Split('\n', StringSplitOptions.RemoveEmptyEntries));
        Assert.Contains("error HONU001", line, StringComparison.Ordinal);
        Assert.Contains($"no static libraries in {_directory.Path}", line, StringComparison.Ordinal);
        Assert.Contains("no apt-get", line, StringComparison.Ordinal);
        Assert.Contains($"no shared library in {_directory.Path}", line, StringComparison.Ordinal);
        Assert.EndsWith("Run: sudo apt-get install libleveldb-dev libsnappy-dev g++", line, StringComparison.Ordinal);
        Assert.Empty(Directory.GetDirectories(Path.Combine(_directory.Path, "out")));
    }

    [Fact]
    public void Provide_OnlyASharedLibrary_CopiesItAndItLoads()
    {
        string system = Directory.CreateDirectory(Path.Combine(_directory.Path, "lib")).FullName;
        File.Copy(Path.Combine(AppContext.BaseDirectory, "libhonu_leveldb.so"), Path.Combine(system, "libleveldb.so.1d"));

        (int exitCode, string errors) = Provide(system);

        Assert.True(exitCode == 0, errors);
        Assert.NotEqual(0, NativeLibraryLocator.Load([Path.Combine(_directory.Path, "out", "libhonu_leveldb.so")]));
    }

    // Runs the script where neither a compiler nor a package manager is to be found.
    private (int ExitCode, string Errors) Provide(string systemLibraries)
    {
        string tools = Directory.CreateDirectory(Path.Combine(_directory.Path, "tools")).FullName;
        string[] needed = ["bash", "basename", "cp", "dirname", "flock", "grep", "head", "ldd", "mkdir", "mktemp", "mv", "rm", "tail", "touch", "tr", "uname"];
        foreach (string tool in needed)
            File.CreateSymbolicLink(Path.Combine(tools, tool), "/usr/bin/" + tool);
        string script = typeof(NativeLibraryTests).Assembly.GetCustomAttributes(false)
            .OfType<System.Reflection.AssemblyMetadataAttribute>().Single(a => a.Key == "ProvideScript").Value!;
        var start = new ProcessStartInfo("/usr/bin/bash", [script, Path.Combine(_directory.Path, "out", "libhonu_leveldb.so")])
        {
            RedirectStandardError = true,
            UseShellExecute = false,
        };
        start.Environment["PATH"] = tools;
        start.Environment["HONU_SYSLIB"] = systemLibraries;
        using Process process = Process.Start(start)!;
        string errors = process.StandardError.ReadToEnd();
        Assert.True(process.WaitForExit(TimeSpan.FromSeconds(60)));
        return (process.ExitCode, errors);
    }
}
