namespace Honu.Architecture.Tests;

/// <summary>The files of the repository, found by walking up from the test assembly to Honu.sln.</summary>
internal static class RepositoryTree
{
    // What .gitignore names, and what tools leave behind: not part of the tree. A source archive has no .git to ask.
    private static readonly HashSet<string> Skipped =
        new(StringComparer.Ordinal) { ".git", "artifacts", "bin", "obj", ".vs", ".vscode", ".idea", "TestResults", "BenchmarkDotNet.Artifacts" };

    /// <summary>The libraries, in the order of their dependencies; the command line is a program, not a library.</summary>
    public static readonly string[] Libraries =
        ["Honu.LevelDb", "Honu", "Honu.Sqlite", "Honu.Replication", "Honu.Grpc", "Honu.Hosting", "Honu.Simulation"];

    public static string Root { get; } = FindRoot();

    /// <summary>Paths relative to the root with forward slashes, sorted, of files below <paramref name="folder"/>.</summary>
    public static IReadOnlyList<string> Files(string folder = "", string pattern = "*")
    {
        var start = Path.Combine(Root, folder);
        if (!Directory.Exists(start)) return [];
        var found = new List<string>();
        var open = new Stack<string>([start]);
        while (open.TryPop(out var directory))
        {
            foreach (var child in Directory.EnumerateDirectories(directory))
                if (!Skipped.Contains(Path.GetFileName(child))) open.Push(child);
            // A file named .git is a worktree's link.
            foreach (var file in Directory.EnumerateFiles(directory, pattern))
                if (!Skipped.Contains(Path.GetFileName(file))) found.Add(Path.GetRelativePath(Root, file).Replace('\\', '/'));
        }

        found.Sort(StringComparer.Ordinal);
        return found;
    }

    /// <summary>C# files that people write: generated code lies in obj or ends in .g.cs.</summary>
    public static IEnumerable<string> CSharp(string folder = "") =>
        Files(folder, "*.cs").Where(f => !f.EndsWith(".g.cs", StringComparison.Ordinal) && !f.EndsWith(".Designer.cs", StringComparison.Ordinal));

    public static string Read(string file) => File.ReadAllText(Path.Combine(Root, file));

    /// <summary>Fails with one line per violation and the sentence that says what to do.</summary>
    public static void AssertNone(IEnumerable<string> violations, string whatToDo)
    {
        var list = violations.ToList();
        Assert.True(list.Count == 0, $"{whatToDo}\n  {string.Join("\n  ", list)}");
    }

    private static string FindRoot()
    {
        for (var d = new DirectoryInfo(AppContext.BaseDirectory); d is not null; d = d.Parent)
            if (File.Exists(Path.Combine(d.FullName, "Honu.sln"))) return d.FullName;
        throw new InvalidOperationException($"No Honu.sln in any folder above {AppContext.BaseDirectory}. These tests check the source tree: run them from a clone.");
    }
}
