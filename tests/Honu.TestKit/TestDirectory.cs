namespace Honu.TestKit;

/// <summary>A directory of one test, deleted with all it holds on dispose.</summary>
public sealed class TestDirectory : IDisposable
{
    /// <summary>Creates an empty directory in the system's temporary directory.</summary>
    public TestDirectory() => Path = Directory.CreateTempSubdirectory("honu-test-").FullName;

    /// <summary>The absolute path.</summary>
    public string Path { get; }

    /// <summary>The path of something inside; it need not exist.</summary>
    public string Combine(params ReadOnlySpan<string> names) => System.IO.Path.Combine([Path, .. names]);

    /// <summary>Name and bytes of every file below <paramref name="path"/>: to show that an operation changed nothing.</summary>
    public static IReadOnlyDictionary<string, string> Fingerprint(string path) =>
        Directory.EnumerateFiles(path, "*", SearchOption.AllDirectories)
            .Order(StringComparer.Ordinal)
            .ToDictionary(
                file => System.IO.Path.GetRelativePath(path, file),
                file => Convert.ToHexString(System.Security.Cryptography.SHA256.HashData(File.ReadAllBytes(file))),
                StringComparer.Ordinal);

    /// <summary>Deletes the directory. A file that cannot be deleted is left to the system: it must not hide why a test failed.</summary>
    public void Dispose()
    {
        try
        {
            Directory.Delete(Path, recursive: true);
        }
        catch (IOException)
        {
            // Something still holds a file: the test that leaked it has its own assertion.
        }
        catch (UnauthorizedAccessException)
        {
            // A test took rights away from a file and failed before giving them back.
        }
    }
}
