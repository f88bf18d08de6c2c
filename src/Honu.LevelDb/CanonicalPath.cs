namespace Honu.LevelDb;

// One spelling for every path of a directory: absolute, without "." and "..", without a trailing separator, every symbolic link resolved.
internal static class CanonicalPath
{
    private const int MaxLinks = 40; // as the kernel

    /// <summary>Resolves a path of which the last parts need not exist.</summary>
    internal static string Resolve(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        int links = 0;
        return Resolve(path, ref links);
    }

    private static string Resolve(string path, ref int links)
    {
        string full = Path.TrimEndingDirectorySeparator(Path.GetFullPath(path));
        string root = Path.GetPathRoot(full)!;
        string resolved = root;
        foreach (string part in full[root.Length..].Split(Path.DirectorySeparatorChar, StringSplitOptions.RemoveEmptyEntries))
        {
            resolved = Path.Combine(resolved, part);
            // Null for what is no link and for what does not exist.
            if (new FileInfo(resolved).LinkTarget is not { } target)
                continue;
            if (++links > MaxLinks)
                throw new LevelDbException(LevelDbErrorKind.IOError, path, $"The path '{path}' has a loop of symbolic links. Correct the links.");
            resolved = Resolve(Path.Combine(Path.GetDirectoryName(resolved)!, target), ref links);
        }

        return resolved;
    }
}
