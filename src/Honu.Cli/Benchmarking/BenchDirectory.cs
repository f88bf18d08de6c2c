namespace Honu.Cli.Benchmarking;

/// <summary>A directory for the databases of one run; disposing removes it with everything in it.</summary>
internal sealed class BenchDirectory : IDisposable
{
    private readonly string _path;
    private int _made;

    public BenchDirectory(string parent)
    {
        if (!Directory.Exists(parent))
            throw CliException.Usage($"--db \"{parent}\" is no directory. Name one that exists: the temporary databases are made in it and removed afterwards.");
        _path = Path.Combine(parent, $"honu-bench-{Guid.NewGuid():N}");
        Directory.CreateDirectory(_path);
    }

    /// <summary>A path for another database; nothing is there.</summary>
    public string Next() => Path.Combine(_path, $"{++_made}");

    /// <summary>Removes a database, so that the disk holds no more of them than are in use.</summary>
    public static void Remove(string path)
    {
        if (Directory.Exists(path))
            Directory.Delete(path, recursive: true);
    }

    public void Dispose() => Remove(_path);
}
