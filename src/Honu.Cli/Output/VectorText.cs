using System.Globalization;
using System.Text.Json;

namespace Honu.Cli.Output;

/// <summary>Version vectors, for people and as JSON.</summary>
internal static class VectorText
{
    public static string Format(IReadOnlyDictionary<ReplicaId, ulong> vector) => vector.Count == 0
        ? "-"
        : string.Join(' ', vector.OrderBy(static item => item.Key).Select(static item => $"{item.Key}:{item.Value.ToString(CultureInfo.InvariantCulture)}"));

    /// <summary>Writes the property <c>"vector":[{"scalar":"…","pid":1,"epoch":0},…]</c>, sorted by replica.</summary>
    public static void Write(Utf8JsonWriter json, IReadOnlyDictionary<ReplicaId, ulong> vector) => Write(json, vector, "vector"u8);

    /// <summary>As above, under another name.</summary>
    public static void Write(Utf8JsonWriter json, IReadOnlyDictionary<ReplicaId, ulong> vector, ReadOnlySpan<byte> name)
    {
        json.WriteStartArray(name);
        foreach (var (replica, scalar) in vector.OrderBy(static item => item.Key))
            ObjectLine.WriteVersion(json, new VersionId(scalar, replica));
        json.WriteEndArray();
    }
}
