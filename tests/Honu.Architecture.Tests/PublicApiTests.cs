using System.Reflection;

namespace Honu.Architecture.Tests;

// What a library offers is a promise, so a change of it must be seen in review: the API stands as text in src/<library>/PublicAPI.txt.
public sealed class PublicApiTests
{
    private const string UpdateVariable = "HONU_UPDATE_API";
    private const string Command = $"{UpdateVariable}=1 dotnet test tests/Honu.Architecture.Tests";

    public static TheoryData<string> Libraries => [.. RepositoryTree.Libraries];

    [Theory]
    [MemberData(nameof(Libraries))]
    public void PublicApi_OfLibrary_IsTheOneInItsFile(string library)
    {
        var actual = PublicApiPrinter.Print(Assembly.Load(library).GetExportedTypes());
        var name = $"src/{library}/PublicAPI.txt";
        var file = Path.Combine(RepositoryTree.Root, name);
        if (Environment.GetEnvironmentVariable(UpdateVariable) == "1")
            File.WriteAllText(file, $"# The public API of {library}. After an intended change: {Command}\n{string.Concat(actual.Select(l => l + "\n"))}");

        Assert.True(File.Exists(file), $"{name} is missing. Create it, read it, commit it: {Command}");
        var expected = File.ReadAllLines(file).Where(l => l.Length > 0 && l[0] != '#').ToList();
        var difference = expected.Except(actual, StringComparer.Ordinal).Select(l => "- " + l).Concat(actual.Except(expected, StringComparer.Ordinal).Select(l => "+ " + l))
            .OrderBy(l => l[2..], StringComparer.Ordinal);

        RepositoryTree.AssertNone(difference, $"The public API of {library} differs from {name}. If that is intended: {Command}   and commit the difference.");
    }
}
