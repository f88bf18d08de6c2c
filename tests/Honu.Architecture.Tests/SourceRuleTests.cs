using System.Text.RegularExpressions;

namespace Honu.Architecture.Tests;

// Rules for every source file: size, open ends, unsafe code, names of files.
public sealed partial class SourceRuleTests
{
    private const int MaxLines = 400;

    // A pointer cast needs unsafe context, so the keyword alone finds all of it.
    private const string InteropFolder = "/Interop/";

    [Fact]
    public void Files_InSrc_HaveAtMost400Lines()
    {
        RepositoryTree.AssertNone(
            from file in RepositoryTree.CSharp("src")
            let lines = RepositoryTree.Read(file).AsSpan().TrimEnd('\n').Count('\n') + 1
            where lines > MaxLines
            select $"{file}: {lines} lines",
            $"A file of more than {MaxLines} lines wants to become two by topic (a partial type: Name.Topic.cs).");
    }

    [Fact]
    public void GrpcRuntime_IsSmallEnoughToReadInAnEvening()
    {
        const int MaxCodeLines = 3000;

        var lines = RepositoryTree.CSharp("src/Honu.Grpc")
            .Sum(file => CodeText.WithoutCommentsAndLiterals(RepositoryTree.Read(file)).Split('\n').Count(line => !string.IsNullOrWhiteSpace(line)));

        Assert.True(
            lines is > 0 and < MaxCodeLines,
            $"src/Honu.Grpc has {lines} lines of code (without comments and blank lines); it must stay under {MaxCodeLines} so that one person can know all of it.");
    }

    [Fact]
    public void OpenEnds_InCodeAndScripts_NameAnIssue()
    {
        RepositoryTree.AssertNone(
            RepositoryTree.Files().Where(f => Path.GetExtension(f) is ".cs" or ".csproj" or ".props" or ".targets" or ".proto" or ".sh" or ".yml" || f == ".ci/run")
                .SelectMany(f => CodeText.Find(f, RepositoryTree.Read(f), OpenEnd(), inComments: true)),
            "Do it, or open an issue and write its number: TODO(#123).");
    }

    [Fact]
    public void Unsafe_IsOnlyInInterop()
    {
        RepositoryTree.AssertNone(
            RepositoryTree.CSharp("src").Where(f => !f.Contains(InteropFolder, StringComparison.Ordinal))
                .SelectMany(f => CodeText.Find(f, RepositoryTree.Read(f), UnsafeKeyword())),
            "Native memory has one room: an Interop folder. Offer a span or a SafeHandle from there.");
    }

    // Lenient: small related types may share the file of the type that they belong to, which gives the file its name,
    // or be the kinds of one thing in a file with a plural name (Streams.cs: IAsyncStreamReader, IAsyncStreamWriter).
    [Fact]
    public void PublicTypes_InLibraries_LiveInAFileNamedAfterTheirMainType()
    {
        RepositoryTree.AssertNone(
            from library in RepositoryTree.Libraries
            from file in RepositoryTree.CSharp($"src/{library}")
            let problem = MisnamedTypes(Path.GetFileName(file), RepositoryTree.Read(file))
            where problem is not null
            select $"{file}: {problem}",
            "Name the file after its main type; the part of a partial type is Name.Topic.cs.");
    }

    [Theory]
    [InlineData("Store.cs", "public sealed class Store { } public enum StoreState { }", false)]
    [InlineData("Store.Reads.cs", "public sealed partial class Store { }", false)]
    [InlineData("Result.cs", "public readonly ref struct Result<T> { }", false)]
    [InlineData("Point.cs", "public readonly record struct Point(int X);", false)]
    [InlineData("Callback.cs", "public delegate void Callback(int x);", false)]
    [InlineData("Log.cs", "internal static class SomethingElse { }", false)]
    [InlineData("Streams.cs", "public interface IStreamReader { } public interface IStreamWriter { }", false)]
    [InlineData("Streams.cs", "public interface IStreamReader { } public class Store { }", true)]
    [InlineData("Misc.cs", "public class Store { }", true)]
    [InlineData("Store.cs", "// class Store\npublic interface ITable { }", true)]
    public void MisnamedTypes_Canary_IsCaught(string file, string source, bool caught)
    {
        Assert.Equal(caught, MisnamedTypes(file, source) is not null);
    }

    // In two pieces, so that this file does not break its own rule.
    [Theory]
    [InlineData("// TO", "DO: later", true)]
    [InlineData("// FIX", "ME", true)]
    [InlineData("// TO", "DO(#12): later", false)]
    [InlineData("// TO", "DO #12 later", false)]
    [InlineData("var to", "doList = 1;", false)]
    public void OpenEnd_Canary_IsCaught(string start, string end, bool caught)
    {
        Assert.Equal(caught, OpenEnd().IsMatch(start + end));
    }

    private static string? MisnamedTypes(string fileName, string source)
    {
        var code = CodeText.WithoutCommentsAndLiterals(source);
        var stem = fileName[..fileName.IndexOf('.', StringComparison.Ordinal)];
        var publicTypes = PublicType().Matches(code).Select(m => m.Groups["name"].Value).ToList();
        var isNamedAfterOne = AnyType().Matches(code).Any(m => m.Groups["name"].Value == stem);
        var isNamedAfterAll = stem.EndsWith('s') && publicTypes.TrueForAll(t => t.Contains(stem[..^1], StringComparison.Ordinal));
        return publicTypes.Count == 0 || isNamedAfterOne || isNamedAfterAll ? null : $"declares {string.Join(", ", publicTypes)}, but no {stem}";
    }

    [GeneratedRegex(@"\b(TO[D]O|FIX[M]E)\b(?!\s*\(?#\d+)", RegexOptions.ExplicitCapture, 5000)]
    private static partial Regex OpenEnd();

    [GeneratedRegex(@"\bunsafe\b", RegexOptions.ExplicitCapture, 5000)]
    private static partial Regex UnsafeKeyword();

    [GeneratedRegex(@"\bpublic\s+((static|sealed|abstract|partial|readonly|ref|new|unsafe)\s+)*" + Kind, RegexOptions.ExplicitCapture, 5000)]
    private static partial Regex PublicType();

    [GeneratedRegex(@"\b" + Kind, RegexOptions.ExplicitCapture, 5000)]
    private static partial Regex AnyType();

    private const string Kind = @"(record\s+struct|record\s+class|class|struct|interface|enum|record|delegate\s+[\w<>\[\],?.\s]+?)\s+(?<name>[A-Za-z_]\w*)\s*[<({:;\s]";
}
