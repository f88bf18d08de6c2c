using System.Text.RegularExpressions;

namespace Honu.Architecture.Tests;

// Code that a page shows is code that a sample runs. A page marks it,
//
//   <!-- snippet: name -->
//   ```csharp
//   …
//   ```
//
// and a file under samples has `#region name`. The two must be equal, indentation of the region removed.
public sealed partial class SnippetTests
{
    [Fact]
    public void Pages_ShowWhatTheSamplesRun()
    {
        var regions = RepositoryTree.CSharp("samples").SelectMany(f => Regions(RepositoryTree.Read(f)).Select(r => (r.Name, r.Code, File: f))).ToList();
        var pages = RepositoryTree.Files("", "*.md").SelectMany(page => Snippets(RepositoryTree.Read(page)).Select(s => (Page: page, s.Name, s.Code)));

        RepositoryTree.AssertNone(pages.Select(s =>
        {
            var candidates = regions.Where(r => r.Name == s.Name).ToList();
            return candidates.Count switch
            {
                0 => $"{s.Page}: snippet '{s.Name}' has no '#region {s.Name}' under samples",
                > 1 => $"{s.Page}: snippet '{s.Name}' has more than one region: {string.Join(", ", candidates.Select(c => c.File))}",
                _ when s.Code is null => $"{s.Page}: after the marker of snippet '{s.Name}' comes no code block",
                _ when s.Code != candidates[0].Code => $"{s.Page}: snippet '{s.Name}' differs from {candidates[0].File}; it should read\n{candidates[0].Code}",
                _ => null,
            };
        }).OfType<string>(), "Copy the sample's region into the page.");
    }

    [Fact]
    public void Snippets_AndRegions_AreRead()
    {
        const string Page = "Text\n<!-- snippet: put -->\n```csharp\nstore.Put(1);\n\nif (x)\n    y();\n```\n<!-- snippet: lost -->\nno code\n";
        const string Sample = "class P\n{\n    #region put\n    store.Put(1);\n\n    if (x)\n        y();\n    #endregion\n}\n";

        var snippets = Snippets(Page).ToList();
        var regions = Regions(Sample).ToList();

        Assert.Equal([("put", "store.Put(1);\n\nif (x)\n    y();"), ("lost", (string?)null)], snippets);
        Assert.Equal([("put", "store.Put(1);\n\nif (x)\n    y();")], regions);
    }

    private static IEnumerable<(string Name, string? Code)> Snippets(string page)
    {
        foreach (Match m in Marker().Matches(page))
            yield return (m.Groups["name"].Value, m.Groups["code"].Success ? m.Groups["code"].Value.TrimEnd('\n') : null);
    }

    private static IEnumerable<(string Name, string Code)> Regions(string source)
    {
        foreach (Match m in Region().Matches(source))
        {
            var lines = m.Groups["code"].Value.TrimEnd().Split('\n').Select(l => l.TrimEnd()).ToList();
            var indent = lines.Where(l => l.Length > 0).Select(l => l.Length - l.TrimStart().Length).DefaultIfEmpty(0).Min();
            yield return (m.Groups["name"].Value, string.Join('\n', lines.Select(l => l.Length == 0 ? l : l[indent..])));
        }
    }

    [GeneratedRegex(@"^<!-- snippet: (?<name>[\w-]+) -->\n(\s*```(csharp|cs)\n(?<code>.*?)^```)?", RegexOptions.ExplicitCapture | RegexOptions.Multiline | RegexOptions.Singleline, 5000)]
    private static partial Regex Marker();

    [GeneratedRegex(@"^[ \t]*#region (?<name>[\w-]+)[ \t]*\n(?<code>.*?)^[ \t]*#endregion", RegexOptions.ExplicitCapture | RegexOptions.Multiline | RegexOptions.Singleline, 5000)]
    private static partial Regex Region();
}
