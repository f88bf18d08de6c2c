namespace Honu.LevelDb.Tests;

/// <summary>A directory of its own for one test, deleted afterwards.</summary>
internal sealed class TempDirectory : IDisposable
{
    public string Path { get; } = Directory.CreateTempSubdirectory("honu-leveldb-").FullName;

    public string Database => System.IO.Path.Combine(Path, "db");

    public void Dispose() => Directory.Delete(Path, recursive: true);
}
