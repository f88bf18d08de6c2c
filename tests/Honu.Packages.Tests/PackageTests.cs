using System.IO.Compression;
using System.Reflection.Metadata;
using System.Xml.Linq;

namespace Honu.Packages.Tests;

/// <summary>Goal: what an application gets from the packages is whole. Method: pack, look inside, and build an application from them alone.</summary>
public sealed class PackageTests(PackedPackages packed) : IClassFixture<PackedPackages>
{
    private static readonly string[] ExpectedLines =
    [
        "leveldb get sent", "leveldb scan order/1=sent", "leveldb scan order/2=open", "leveldb history sent", "leveldb history paid",
        "sqlite get sent", "sqlite scan order/1=sent", "sqlite scan order/2=open", "sqlite history sent", "sqlite history paid",
    ];

    public static TheoryData<string> Names => [.. PackedPackages.Names];

    [Theory]
    [MemberData(nameof(Names))]
    public void Package_HoldsReadmeLicenceAssemblyAndDocumentation(string name)
    {
        using var package = Open(name, "nupkg");

        Assert.Contains(name, Text(package, "README.md"), StringComparison.Ordinal);
        Assert.Contains("Redistribution and use", Text(package, "LICENSE"), StringComparison.Ordinal);
        Assert.NotNull(package.GetEntry($"lib/net10.0/{name}.dll"));
        var documented = XDocument.Parse(Text(package, $"lib/net10.0/{name}.xml")).Descendants("member").Count();
        Assert.True(documented > 0, "the documentation is empty");
        Assert.DoesNotContain(package.Entries, entry => entry.FullName.EndsWith(".pdb", StringComparison.Ordinal));
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Manifest_NamesLicenceReadmeAndItsOwnPackagesAtTheSameVersion(string name)
    {
        using var package = Open(name, "nupkg");
        var manifest = XDocument.Parse(Text(package, $"{name}.nuspec"));
        string? Value(string element) => manifest.Descendants().FirstOrDefault(item => item.Name.LocalName == element)?.Value;

        Assert.Equal("BSD-3-Clause", Value("license"));
        Assert.Equal("README.md", Value("readme"));
        Assert.Equal(packed.Version, Value("version"));
        Assert.False(string.IsNullOrWhiteSpace(Value("description")));
        var own = manifest.Descendants().Where(item => item.Name.LocalName == "dependency" && item.Attribute("id")!.Value.StartsWith("Honu", StringComparison.Ordinal))
            .Select(item => $"{item.Attribute("id")!.Value} {item.Attribute("version")!.Value}");
        Assert.Equal(name switch { "Honu" => [$"Honu.LevelDb {packed.Version}"], "Honu.Sqlite" => [$"Honu {packed.Version}"], _ => Array.Empty<string>() }, own);

        // In a clone, that is; an unpacked archive has no commit to name.
        if (Path.Exists(Path.Combine(PackedPackages.RepositoryRoot, ".git")))
            Assert.Matches("^[0-9a-f]{40}$", manifest.Descendants().Single(item => item.Name.LocalName == "repository").Attribute("commit")!.Value);
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void SymbolPackage_HoldsPortableSymbols(string name)
    {
        using var package = Open(name, "snupkg");
        using var bytes = new MemoryStream();
        using (var entry = package.GetEntry($"lib/net10.0/{name}.pdb")!.Open())
            entry.CopyTo(bytes);
        bytes.Position = 0;

        using var symbols = MetadataReaderProvider.FromPortablePdbStream(bytes);

        Assert.NotEmpty(symbols.GetMetadataReader().Documents);
    }

    [Fact]
    public void LevelDbPackage_HoldsTheNativeLibraryAndItsLicences()
    {
        using var package = Open("Honu.LevelDb", "nupkg");

        var library = package.GetEntry($"runtimes/{PackedPackages.Rid}/native/libhonu_leveldb.so");

        Assert.NotNull(library);
        Assert.True(library.Length > 100_000, $"the native library has only {library.Length} bytes");
        var notices = Text(package, "THIRD-PARTY-NOTICES.txt");
        Assert.Contains("The LevelDB Authors", notices, StringComparison.Ordinal);
        Assert.Contains("Snappy", notices, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Application_BuiltFromThePackages_PutsGetsScansAndReadsHistoryOnBothEngines()
    {
        await packed.Dotnet("build", "-c", "Release", "-v", "q", "-nologo", "-o", "built", "-p:UseSharedCompilation=false");

        var output = await packed.Dotnet(Path.Combine("built", "Application.dll"), packed.NewDataDirectory());

        Assert.Equal(ExpectedLines, Lines(output));
    }

    [Fact]
    public async Task Application_PublishedWithNativeAot_DoesTheSame()
    {
        Assert.True(HasProgram("clang") || HasProgram("gcc"), "Native AOT needs a C compiler to link with, and neither clang nor gcc is on PATH. Run: sudo apt-get install gcc libc6-dev zlib1g-dev");
        await packed.Dotnet("publish", "-c", "Release", "-r", PackedPackages.Rid, "-v", "q", "-nologo", "-o", "published", "-p:UseSharedCompilation=false");
        var program = Path.Combine(packed.Application, "published", "Application");
        Assert.False(File.Exists(program + ".dll"), "the application was not compiled to native code");

        var output = await DotnetCommand.Run(program, packed.Application, new Dictionary<string, string>(StringComparer.Ordinal), packed.NewDataDirectory());

        Assert.Equal(ExpectedLines, Lines(output));
    }

    private ZipArchive Open(string name, string extension) => ZipFile.OpenRead(Path.Combine(packed.Feed, $"{name}.{packed.Version}.{extension}"));

    private static string Text(ZipArchive package, string entry)
    {
        Assert.True(package.GetEntry(entry) is not null, $"{entry} is missing; there is: {string.Join(", ", package.Entries.Select(item => item.FullName))}");
        using var reader = new StreamReader(package.GetEntry(entry)!.Open());
        return reader.ReadToEnd();
    }

    private static string[] Lines(string output) => output.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);

    private static bool HasProgram(string name) =>
        (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator).Any(folder => File.Exists(Path.Combine(folder, name)));
}
