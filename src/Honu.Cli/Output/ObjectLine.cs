using System.Text.Json;
using System.Text.Unicode;

namespace Honu.Cli.Output;

/// <summary>The JSON form of one version of one object: the same bytes on every replica that holds it.</summary>
internal readonly ref struct ObjectLine
{
    public required string Namespace { get; init; }

    public required ReadOnlySpan<byte> Key { get; init; }

    public required ReadOnlySpan<byte> Value { get; init; }

    public required ObjectVersion Version { get; init; }

    public bool LostConflict { get; init; }

    /// <summary>Leaves the value out, as a scan of keys does.</summary>
    public bool WithoutValue { get; init; }

    /// <summary>Writes key and value as base64 even where they are text.</summary>
    public bool Base64 { get; init; }

    /// <summary>What to show to the next replica; null where it was not asked for.</summary>
    public string? Token { get; init; }

    public static void Write(Utf8JsonWriter json, ObjectLine line)
    {
        json.WriteStartObject();
        WriteFields(json, line);
        json.WriteEndObject();
    }

    /// <summary>Writes what stands between the braces: for lines that say more of an object.</summary>
    public static void WriteFields(Utf8JsonWriter json, ObjectLine line)
    {
        json.WriteString("namespace"u8, line.Namespace);
        WriteBytes(json, "key"u8, "keyBase64"u8, line.Key, line.Base64);
        if (!line.Version.IsDeleted && !line.WithoutValue)
            WriteBytes(json, "value"u8, "valueBase64"u8, line.Value, line.Base64);
        WriteVersion(json, "version"u8, line.Version.Id);
        if (!line.Version.Parent.IsNone)
            WriteVersion(json, "parent"u8, line.Version.Parent);
        if (line.Version.IsDeleted)
            json.WriteBoolean("deleted"u8, value: true);
        if (line.Version.Expires is { } expires)
            json.WriteString("expires"u8, expires.UtcDateTime.ToString("yyyy-MM-ddTHH:mm:ss.fffZ", System.Globalization.CultureInfo.InvariantCulture));
        if (line.LostConflict)
            json.WriteBoolean("lostConflict"u8, value: true);
        if (line.Token is not null)
            json.WriteString("token"u8, line.Token);
    }

    /// <summary>Writes <c>{"scalar":"…","pid":1,"epoch":0}</c>; the scalar is a string because it exceeds 2^53.</summary>
    public static void WriteVersion(Utf8JsonWriter json, VersionId version)
    {
        json.WriteStartObject();
        WriteVersionFields(json, version);
        json.WriteEndObject();
    }

    /// <summary>Writes what stands between the braces of a version.</summary>
    public static void WriteVersionFields(Utf8JsonWriter json, VersionId version)
    {
        Span<char> digits = stackalloc char[20];
        version.Scalar.TryFormat(digits, out var length, provider: System.Globalization.CultureInfo.InvariantCulture);
        json.WriteString("scalar"u8, digits[..length]);
        json.WriteNumber("pid"u8, version.Replica.Pid);
        json.WriteNumber("epoch"u8, version.Replica.Epoch);
    }

    private static void WriteVersion(Utf8JsonWriter json, ReadOnlySpan<byte> name, VersionId version)
    {
        json.WritePropertyName(name);
        WriteVersion(json, version);
    }

    private static void WriteBytes(Utf8JsonWriter json, ReadOnlySpan<byte> textName, ReadOnlySpan<byte> base64Name, ReadOnlySpan<byte> bytes, bool base64)
    {
        if (!base64 && Utf8.IsValid(bytes))
            json.WriteString(textName, bytes);
        else
            json.WriteBase64String(base64Name, bytes);
    }
}
