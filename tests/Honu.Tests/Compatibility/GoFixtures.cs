using System.Globalization;
using System.Text.Json;
using Honu.Compatibility;

namespace Honu.Tests.Compatibility;

/// <summary>The golden cases that the Go library itself produced; copied beside the test assembly.</summary>
internal static class GoFixtures
{
    public static JsonElement Load(string name)
    {
        using var document = JsonDocument.Parse(File.ReadAllBytes(PathOf(name)));
        return document.RootElement.Clone();
    }

    public static string PathOf(string name) => Path.Combine(AppContext.BaseDirectory, "Fixtures", "go-honu", name);

    public static GoVersion? Version(JsonElement json) => json.ValueKind == JsonValueKind.Null
        ? null
        : new GoVersion
        {
            Pid = Number(json, "pid"),
            Version = Number(json, "version"),
            Region = json.GetProperty("region").GetString()!,
            Parent = Version(json.GetProperty("parent")),
            Tombstone = json.GetProperty("tombstone").GetBoolean(),
        };

    public static GoObject Object(JsonElement json) => new()
    {
        Key = json.GetProperty("key").GetBytesFromBase64(),
        Namespace = json.GetProperty("namespace").GetString()!,
        Version = Version(json.GetProperty("version")),
        Region = json.GetProperty("region").GetString()!,
        Owner = json.GetProperty("owner").GetString()!,
        Data = json.GetProperty("data").GetBytesFromBase64(),
    };

    public static byte[] Hex(JsonElement json, string property) => Convert.FromHexString(json.GetProperty(property).GetString()!);

    public static string? Text(JsonElement json, string property) => json.GetProperty(property).GetString();

    public static void AssertSame(JsonElement expected, GoObject actual, string name)
    {
        Assert.True(expected.GetProperty("key").GetBytesFromBase64().AsSpan().SequenceEqual(actual.Key.Span), name);
        Assert.True(expected.GetProperty("data").GetBytesFromBase64().AsSpan().SequenceEqual(actual.Data.Span), name);
        Assert.Equal((name, Text(expected, "namespace"), Text(expected, "region"), Text(expected, "owner")), (name, actual.Namespace, actual.Region, actual.Owner));
        AssertSame(Version(expected.GetProperty("version")), actual.Version, name);
    }

    private static void AssertSame(GoVersion? expected, GoVersion? actual, string name)
    {
        Assert.Equal((name, expected is null), (name, actual is null));
        if (expected is null || actual is null)
            return;
        Assert.Equal((name, expected.Pid, expected.Version, expected.Region, expected.Tombstone), (name, actual.Pid, actual.Version, actual.Region, actual.Tombstone));
        AssertSame(expected.Parent, actual.Parent, name);
    }

    private static ulong Number(JsonElement json, string property) =>
        ulong.Parse(json.GetProperty(property).GetString()!, CultureInfo.InvariantCulture);
}
