using System.Text;
using System.Text.RegularExpressions;

namespace Honu.Architecture.Tests;

// Rules for every text file: nothing of one machine, no package feed, actions by released tag, the bytes that .editorconfig asks for.
public sealed partial class TextRuleTests
{
    [Fact]
    public void TextFiles_NameNoMachinePathAndNoPackageFeed()
    {
        RepositoryTree.AssertNone(
            TextFiles().SelectMany(f => CodeText.Find(f.Name, f.Text, OneMachineOnly(), inComments: true)),
            "A clone elsewhere has no such folder, and which feed restores packages is the user's setting: use a path relative to the repository, or an environment variable.");
    }

    [Fact]
    public void PackageFeeds_AreNotPartOfTheRepository()
    {
        RepositoryTree.AssertNone(
            RepositoryTree.Files().Where(f => Path.GetFileName(f).Equals("nuget.config", StringComparison.OrdinalIgnoreCase)),
            "Which feed restores packages is the user's setting: remove this file.");
    }

    [Fact]
    public void TextFiles_EndWithOneLineFeedAndHaveNoCarriageReturn()
    {
        RepositoryTree.AssertNone(
            from f in TextFiles()
            where f.Text.Length > 0 && !IsForeign(f.Name)
            let problem = f.Text.Contains('\r', StringComparison.Ordinal) ? "carriage return" : !f.Text.EndsWith('\n') ? "no line feed at the end" : null
            where problem is not null
            select $"{f.Name}: {problem}",
            "See .editorconfig.");
    }

    [Fact]
    public void Workflows_TakeActionsByReleasedTag()
    {
        RepositoryTree.AssertNone(
            from file in RepositoryTree.Files(".github/workflows", "*.yml")
            from Match m in Uses().Matches(RepositoryTree.Read(file))
            where !ReleasedTag().IsMatch(m.Groups["action"].Value)
            select $"{file}: {m.Groups["action"].Value}",
            "Write owner/action@v4: a released tag that a reader can look up.");
    }

    [Fact]
    public void Workflows_AskForReadRightsAndHaveTimeouts()
    {
        RepositoryTree.AssertNone(
            from file in RepositoryTree.Files(".github/workflows", "*.yml")
            let text = RepositoryTree.Read(file)
            where !text.Contains("permissions:\n  contents: read\n", StringComparison.Ordinal) || !text.Contains("\nconcurrency:\n", StringComparison.Ordinal)
                || text.Split("runs-on:").Length != text.Split("timeout-minutes:").Length
            select file,
            "A workflow has 'permissions: contents: read', a concurrency group, and timeout-minutes on each job.");
    }

    // The forbidden words are put together here, so that this file does not break its own rule.
    [Theory]
    [InlineData("/wo", "rk/shared/x", true)]
    [InlineData("see /ho", "me/anna/honu", true)]
    [InlineData("C:\\Us", "ers\\anna", true)]
    [InlineData("https://api.nu", "get.org/x", true)]
    [InlineData("feed.example/nuget/v", "3/index.json", true)]
    [InlineData("docs/wo", "rk/x", false)]
    [InlineData("https://www.nu", "get.org/packages/Honu", false)]
    public void OneMachineOnly_Canary_IsCaught(string start, string end, bool caught)
    {
        Assert.Equal(caught, OneMachineOnly().IsMatch(start + end));
    }

    // Golden files of other implementations keep their bytes.
    private static bool IsForeign(string file) => file.Contains("/fixtures/", StringComparison.OrdinalIgnoreCase) || file.Contains("/TestData/", StringComparison.OrdinalIgnoreCase);

    private static IEnumerable<(string Name, string Text)> TextFiles()
    {
        foreach (var name in RepositoryTree.Files())
        {
            var bytes = File.ReadAllBytes(Path.Combine(RepositoryTree.Root, name));
            // Git's own test for a binary file: a zero byte near the start.
            if (bytes.Length <= 4 << 20 && !bytes.AsSpan(0, Math.Min(bytes.Length, 8000)).Contains((byte)0)) yield return (name, Encoding.UTF8.GetString(bytes));
        }
    }

    [GeneratedRegex("""
        (?<![\w.~*{}$/-]) / (work | home/\w+ | root | tmp/wt | Users/\w+) /
        | \b [A-Za-z] :\\ Users\\
        | \b api\.nuget\.org \b
        | [\w.-]+ \. \w+ (:\d+)? /\S* v3/index\.json
        | \b (registry\.npmjs\.org | pypi\.org/simple | proxy\.golang\.org) \b
        | \b (art[i]factory | jfr[o]g) \b
        """, RegexOptions.IgnorePatternWhitespace | RegexOptions.ExplicitCapture | RegexOptions.IgnoreCase, 5000)]
    private static partial Regex OneMachineOnly();

    [GeneratedRegex(@"^\s*(-\s+)?uses:\s*(?<action>\S+)", RegexOptions.ExplicitCapture | RegexOptions.Multiline, 5000)]
    private static partial Regex Uses();

    [GeneratedRegex(@"^(\./\S+|[\w.-]+/[\w./-]+@v\d+(\.\d+){0,2})$", RegexOptions.ExplicitCapture, 5000)]
    private static partial Regex ReleasedTag();
}
