using System.Text.RegularExpressions;
using System.Xml.Linq;

namespace Honu.Architecture.Tests;

// The arrows between the projects, read from the project files:
//
//   Honu.Cli ─► Honu.Hosting ─► Honu.Grpc
//      │             └────────► Honu.Replication ─► Honu ─► Honu.LevelDb
//      └───► Honu.Simulation ──► Honu.Replication     ▲
//                                       Honu.Sqlite ──┘
public sealed partial class DependencyTests
{
    private static readonly Dictionary<string, string[]> Arrows = new(StringComparer.Ordinal)
    {
        ["Honu.LevelDb"] = [],
        ["Honu"] = ["Honu.LevelDb"],
        ["Honu.Sqlite"] = ["Honu"],
        ["Honu.Replication"] = ["Honu"],
        ["Honu.Grpc"] = [],
        ["Honu.Hosting"] = ["Honu.Grpc", "Honu.Replication"],
        ["Honu.Simulation"] = ["Honu.Replication"],
        ["Honu.Cli"] = ["Honu.Hosting", "Honu.Simulation"],
    };

    [Fact]
    public void ProjectReferences_OfSrc_AreTheArrowsOfTheDesign()
    {
        var projects = RepositoryTree.Files("src", "*.csproj").ToDictionary(f => Path.GetFileNameWithoutExtension(f)!, StringComparer.Ordinal);

        Assert.Equal(Arrows.Keys.Order(StringComparer.Ordinal), projects.Keys.Order(StringComparer.Ordinal));
        foreach (var (name, file) in projects)
        {
            var references = Items(file, "ProjectReference").Select(r => Path.GetFileNameWithoutExtension(r.Replace('\\', '/'))).Order(StringComparer.Ordinal);
            Assert.True(Arrows[name].Order(StringComparer.Ordinal).SequenceEqual(references, StringComparer.Ordinal),
                $"{file} may reference exactly [{string.Join(", ", Arrows[name])}] but references [{string.Join(", ", references)}]. A new arrow needs a decision in docs/adr first.");
        }
    }

    [Theory]
    [InlineData("Honu.LevelDb")]
    [InlineData("Honu")]
    [InlineData("Honu.Sqlite")]
    [InlineData("Honu.Replication")]
    [InlineData("Honu.Simulation")]
    public void Library_BelowTheShell_KnowsNoAspNetCore(string library)
    {
        var file = $"src/{library}/{library}.csproj";

        RepositoryTree.AssertNone(
            Items(file, "FrameworkReference").Concat(Items(file, "PackageReference")).Where(r => r.StartsWith("Microsoft.AspNetCore", StringComparison.Ordinal))
                .Concat(RepositoryTree.CSharp($"src/{library}").SelectMany(f => CodeText.Find(f, RepositoryTree.Read(f), AspNetCore()))),
            $"{library} must be usable without ASP.NET Core: move this to Honu.Hosting.");
    }

    [Fact]
    public void Grpc_KnowsNothingOfHonu()
    {
        RepositoryTree.AssertNone(
            RepositoryTree.CSharp("src/Honu.Grpc").SelectMany(f => CodeText.Find(f, RepositoryTree.Read(f), OtherHonuNamespace())),
            "Honu.Grpc is a gRPC runtime and nothing else: what knows stores belongs to Honu.Hosting.");
    }

    [Fact]
    public void Replication_HasNoSocketsTimersThreadsOrTasks()
    {
        RepositoryTree.AssertNone(
            RepositoryTree.CSharp("src/Honu.Replication").SelectMany(f => CodeText.Find(f, RepositoryTree.Read(f), ForbiddenInReplication())),
            "Honu.Replication is state machines: time, randomness and messages come in as arguments, effects go out (docs/adr/0010-simulator-determinism.md). Move this to Honu.Hosting.");
    }

    [Theory]
    [InlineData("using System.Net.Sockets;")]
    [InlineData("Task.Run(() => 1);")]
    [InlineData("private readonly ValueTask<int> _x;")]
    [InlineData("var t = new Timer(_ => { });")]
    [InlineData("new System.Threading.Thread(Run).Start();")]
    [InlineData("var now = DateTime.UtcNow;")]
    [InlineData("await x;")]
    public void ForbiddenInReplication_Canary_IsCaught(string line)
    {
        Assert.NotEmpty(CodeText.Find("canary.cs", line, ForbiddenInReplication()));
    }

    [Theory]
    [InlineData("case TimerDue due:")]
    [InlineData("effects.Add(new SetTimer(delay));")]
    [InlineData("// a Task.Run here would break determinism")]
    public void ForbiddenInReplication_WordsOfTheProtocol_AreFree(string line)
    {
        Assert.Empty(CodeText.Find("canary.cs", line, ForbiddenInReplication()));
    }

    [Fact]
    public void Solution_ContainsEveryProject()
    {
        // Built by tests/interop/run.sh: its protos come from a package of the distribution, and a plain clone must build without it.
        const string OutsideTheSolution = "tests/Honu.Grpc.InteropHost/Honu.Grpc.InteropHost.csproj";
        var solution = RepositoryTree.Read("Honu.sln").Replace('\\', '/');

        RepositoryTree.AssertNone(
            RepositoryTree.Files("", "*.csproj").Where(p => p != OutsideTheSolution && !solution.Contains($"\"{p}\"", StringComparison.Ordinal)),
            "Not in Honu.sln, so nothing builds or tests it. Run: dotnet sln Honu.sln add <project>");
    }

    private static IEnumerable<string> Items(string project, string item) =>
        XDocument.Parse(RepositoryTree.Read(project)).Descendants(item).Select(e => e.Attribute("Include")?.Value).OfType<string>();

    [GeneratedRegex(@"\bMicrosoft\.(AspNetCore|Extensions\.Hosting)\b", RegexOptions.ExplicitCapture, 5000)]
    private static partial Regex AspNetCore();

    [GeneratedRegex(@"\bHonu\.(?!Grpc\b)\w+", RegexOptions.ExplicitCapture, 5000)]
    private static partial Regex OtherHonuNamespace();

    [GeneratedRegex("""
        \b System\.(Net\.(Sockets|Http|WebSockets)|Timers|Threading\.(Tasks|Channels)) \b
        | \b (Socket|TcpClient|UdpClient|HttpClient|PeriodicTimer|ThreadPool|Thread|Task|ValueTask|TaskCompletionSource|SemaphoreSlim|Stopwatch) \b
        | \b new \s+ (System\.Threading\.)? Timer \s* \(
        | \b (async|await) \b
        | \b Date(Time|TimeOffset)\.(Utc)?Now \b
        | \b Environment\.TickCount
        | \b Random\.Shared \b
        """, RegexOptions.IgnorePatternWhitespace | RegexOptions.ExplicitCapture, 5000)]
    private static partial Regex ForbiddenInReplication();
}
