using System.Reflection;
using System.Runtime.CompilerServices;
using System.Xml.Linq;

namespace Honu.Architecture.Tests;

// Every property of a public options type says its default in <value>. Read from the XML documentation that the compiler wrote beside the assembly,
// so what is checked is what a user's editor shows.
public sealed class OptionsDocumentationTests
{
    public static TheoryData<string> Libraries => [.. RepositoryTree.Libraries];

    [Theory]
    [MemberData(nameof(Libraries))]
    public void OptionProperties_SayTheirDefault(string library)
    {
        var assembly = Assembly.Load(library);
        var documentation = Path.ChangeExtension(assembly.Location, ".xml");
        Assert.True(File.Exists(documentation), $"{library} was built without XML documentation: {Path.GetFileName(documentation)} is missing beside the assembly.");
        var values = XDocument.Load(documentation).Descendants("member")
            .ToDictionary(m => m.Attribute("name")!.Value, m => m.Element("value")?.Value.Trim(), StringComparer.Ordinal);

        // Grpc.Core is a surface that generated code expects; its words are not ours to choose.
        var missing =
            from type in assembly.GetExportedTypes()
            where type.Name.EndsWith("Options", StringComparison.Ordinal) && type.Namespace != "Grpc.Core"
            from property in type.GetProperties(BindingFlags.Public | BindingFlags.Instance | BindingFlags.DeclaredOnly)
            where property.SetMethod is { IsPublic: true } && !property.IsDefined(typeof(RequiredMemberAttribute))
            let text = values.GetValueOrDefault($"P:{type.FullName!.Replace('+', '.')}.{property.Name}")
            where text is null || !text.Contains("default", StringComparison.OrdinalIgnoreCase)
            select $"{type.FullName}.{property.Name}: {(text is null ? "no <value>" : $"<value>{text}</value>")}";

        RepositoryTree.AssertNone(missing, "Say the default, with its unit: /// <value>Default 64 MiB.</value>");
    }
}
