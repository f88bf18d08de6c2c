using System.Reflection;
using System.Runtime.InteropServices;
using Honu.TestKit;

namespace Honu.Packages.Tests;

/// <summary>
/// The three packages that an application references, packed once for all tests from the sources as they are, and an application outside of the repository.
/// Everything is written to a directory of its own, so that other tests may run from the usual output meanwhile.
/// </summary>
public sealed class PackedPackages : IAsyncLifetime, IDisposable
{
    public static readonly IReadOnlyList<string> Names = ["Honu.LevelDb", "Honu", "Honu.Sqlite"];

    private readonly TestDirectory _directory = new();

    /// <summary>A version that no cache can know.</summary>
    public string Version { get; } = $"0.0.0-test.{Guid.NewGuid():N}";

    public string Feed => _directory.Combine("feed");

    public string Application => _directory.Combine("application");

    public static string Rid => RuntimeInformation.OSArchitecture == Architecture.Arm64 ? "linux-arm64" : "linux-x64";

    public static string RepositoryRoot => Metadata("RepositoryRoot");

    public string NewDataDirectory() => Directory.CreateDirectory(_directory.Combine("data", Guid.NewGuid().ToString("N"))).FullName;

    /// <summary>Runs dotnet in the application's directory, with a package folder of its own.</summary>
    public Task<string> Dotnet(params string[] arguments) => DotnetCommand.Run(
        "dotnet",
        Application,
        new Dictionary<string, string>(StringComparer.Ordinal) { ["NUGET_PACKAGES"] = _directory.Combine("packages"), ["HonuVersion"] = Version },
        arguments);

    public async Task InitializeAsync()
    {
        WriteApplication();
        await Pack();
    }

    public Task DisposeAsync() => Task.CompletedTask;

    public void Dispose() => _directory.Dispose();

    private static string Metadata(string key) =>
        typeof(PackedPackages).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>().Single(item => item.Key == key).Value!;

    private async Task Pack()
    {
        var projects = string.Join(';', Names.Select(name => Path.Combine(RepositoryRoot, "src", name, name + ".csproj")));
        File.WriteAllText(_directory.Combine("pack.proj"), $"""
            <Project>
              <ItemGroup><Packed Include="{projects}" /></ItemGroup>
              <Target Name="Restore"><MSBuild Projects="@(Packed)" Targets="Restore" /></Target>
              <Target Name="Pack"><MSBuild Projects="@(Packed)" Targets="Pack" /></Target>
            </Project>
            """);

        // Analyzers change no byte of a package and cost most of the time; the native library was provided by the build of the tests.
        await DotnetCommand.Run(
            "dotnet",
            RepositoryRoot,
            new Dictionary<string, string>(StringComparer.Ordinal),
            "msbuild",
            _directory.Combine("pack.proj"),
            "-restore",
            "-t:Pack",
            "-v:m",
            "-nologo",
            "-p:Configuration=Release",
            $"-p:Version={Version}",
            $"-p:ArtifactsPath={_directory.Combine("artifacts")}",
            $"-p:NativeLibraryFile={Path.Combine(Metadata("NativeLibrary"), Rid, "libhonu_leveldb.so")}",
            $"-p:PackageOutputPath={Feed}",
            "-p:RunAnalyzers=false",
            "-p:UseSharedCompilation=false");
    }

    // The feed stands beside the user's own sources, and what the machine has restored before is used but not written to.
    private void WriteApplication()
    {
        var machinePackages = Environment.GetEnvironmentVariable("NUGET_PACKAGES") is { Length: > 0 } folder
            ? folder
            : Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".nuget", "packages");
        Directory.CreateDirectory(Feed);
        Directory.CreateDirectory(Application);
        File.WriteAllText(Path.Combine(Application, "nuget.config"), $"""
            <?xml version="1.0" encoding="utf-8"?>
            <configuration>
              <packageSources><add key="packed" value="{Feed}" /></packageSources>
              <fallbackPackageFolders><add key="machine" value="{machinePackages}" /></fallbackPackageFolders>
            </configuration>
            """);
        var sources = Path.Combine(AppContext.BaseDirectory, "Application");
        File.Copy(Path.Combine(sources, "Program.cs.txt"), Path.Combine(Application, "Program.cs"));
        File.Copy(Path.Combine(sources, "Application.csproj.txt"), Path.Combine(Application, "Application.csproj"));
    }
}
