using System.Buffers;
using System.Runtime.InteropServices;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace Honu.Applying.Resolvers;

/// <summary>The fields of a JSON object, each with the version that wrote it. Immutable.</summary>
/// <remarks>A merge takes the later of each field, so it is commutative, associative and idempotent; it is written with all versions, in one form.</remarks>
internal sealed class VersionedFields
{
    public static VersionedFields Empty { get; } = new([]);

    private const string Stamps = "$versions";

    private readonly SortedDictionary<string, Field> _fields;

    private VersionedFields(SortedDictionary<string, Field> fields) => _fields = fields;

    /// <summary>Whether the object that was read had versions of its own.</summary>
    public bool HasStamps { get; private init; }

    /// <summary>Reads an object of a version: what it names no version for is of that one.</summary>
    /// <exception cref="FormatException">It is no JSON object.</exception>
    public static VersionedFields Parse(ReadOnlySpan<byte> json, VersionId version)
    {
        try
        {
            using var document = JsonDocument.Parse(json.ToArray());
            if (document.RootElement.ValueKind != JsonValueKind.Object)
                throw Malformed(inner: null);
            var fields = new SortedDictionary<string, Field>(StringComparer.Ordinal);
            foreach (var member in document.RootElement.EnumerateObject())
                fields[member.Name] = new Field(version, JsonMarshal.GetRawUtf8Value(member.Value).ToArray());
            var hasStamps = fields.Remove(Stamps);
            if (hasStamps)
                TakeStamps(fields, document.RootElement.GetProperty(Stamps));
            return new VersionedFields(fields) { HasStamps = hasStamps };
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException)
        {
            // InvalidOperationException: a name that is no text once its escapes are resolved.
            throw Malformed(error);
        }
    }

    /// <summary>Both, of each field the later.</summary>
    public VersionedFields Merge(VersionedFields other)
    {
        var merged = new SortedDictionary<string, Field>(_fields, StringComparer.Ordinal);
        foreach (var (name, field) in other._fields)
        {
            if (!merged.TryGetValue(name, out var known) || field.CompareTo(known) > 0)
                merged[name] = field;
        }

        return new VersionedFields(merged);
    }

    /// <summary>These, with some replaced by those of a version that is being written.</summary>
    public VersionedFields With(VersionedFields changed)
    {
        var fields = new SortedDictionary<string, Field>(_fields, StringComparer.Ordinal);
        foreach (var (name, field) in changed._fields)
            fields[name] = field;
        return new VersionedFields(fields);
    }

    public bool IsSameAs(VersionedFields other) =>
        _fields.Count == other._fields.Count && _fields.Zip(other._fields).All(static pair => pair.First.Key == pair.Second.Key && pair.First.Value.CompareTo(pair.Second.Value) == 0);

    /// <summary>Writes the object; fields without a version are of the version that it will get.</summary>
    public void Write(IBufferWriter<byte> destination)
    {
        using var json = new Utf8JsonWriter(destination, new JsonWriterOptions { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping });
        json.WriteStartObject();
        foreach (var (name, field) in _fields)
        {
            json.WritePropertyName(name);
            json.WriteRawValue(field.Raw, skipInputValidation: true);
        }

        if (_fields.Values.Any(static field => !field.Version.IsNone))
        {
            json.WriteStartObject(Stamps);
            foreach (var (name, field) in _fields.Where(static pair => !pair.Value.Version.IsNone))
                json.WriteString(name, field.Version.ToString());
            json.WriteEndObject();
        }

        json.WriteEndObject();
    }

    private static void TakeStamps(SortedDictionary<string, Field> fields, JsonElement stamps)
    {
        if (stamps.ValueKind != JsonValueKind.Object)
            throw Malformed(inner: null);
        foreach (var stamp in stamps.EnumerateObject())
        {
            if (stamp.Value.ValueKind != JsonValueKind.String || !VersionId.TryParse(stamp.Value.GetString(), out var version))
                throw Malformed(inner: null);
            if (fields.TryGetValue(stamp.Name, out var field))
                fields[stamp.Name] = field with { Version = version };
        }
    }

    private static FormatException Malformed(Exception? inner) =>
        new("A value is no JSON object that fields can be merged of. Write JSON objects to a namespace with the JsonFieldMerge resolver.", inner);

    private readonly record struct Field(VersionId Version, byte[] Raw) : IComparable<Field>
    {
        // One version may stand beside two values where somebody has edited one by hand: all replicas must choose alike.
        public int CompareTo(Field other)
        {
            var byVersion = VersionOrder.Compare(Version, other.Version);
            return byVersion != 0 ? byVersion : Raw.AsSpan().SequenceCompareTo(other.Raw);
        }
    }
}
