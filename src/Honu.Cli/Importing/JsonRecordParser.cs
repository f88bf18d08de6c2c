using System.Text.Json;
using System.Text.Unicode;
using Honu.Hosting;

namespace Honu.Cli.Importing;

/// <summary>
/// <c>{"key":"…","value":"…","namespace":"…"}</c>, with <c>keyBase64</c> and <c>valueBase64</c> for bytes. What export prints besides
/// (version, parent) is skipped; <c>"deleted":true</c> deletes; <c>"expires"</c> is a time in ISO 8601. Other fields are an error: a misspelt one would lose data silently.
/// </summary>
internal sealed class JsonRecordParser(string defaultNamespace, long maxValueBytes) : RecordParser(defaultNamespace, maxValueBytes)
{
    private string? _lastNamespace;

    protected override string? Read(ReadOnlyMemory<byte> line, out StoreOperation operation)
    {
        operation = default;
        try
        {
            return ReadObject(line, out operation);
        }
        catch (JsonException e)
        {
            // The reader counts lines and bytes of this one line; its position is of use, its line number is not.
            return $"not JSON at byte {e.BytePositionInLine + 1}: {FirstSentence(e.Message)}";
        }
        catch (InvalidOperationException)
        {
            return "a string is not well-formed Unicode (use keyBase64 or valueBase64 for bytes)";
        }
    }

    private string? ReadObject(ReadOnlyMemory<byte> line, out StoreOperation operation)
    {
        operation = default;
        var reader = new Utf8JsonReader(line.Span);
        if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject)
            return "not a JSON object";

        ReadOnlyMemory<byte>? key = null, value = null;
        string? ns = null;
        var deleted = false;
        DateTimeOffset? expires = null;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var name = reader.GetString()!;
            reader.Read();
            string? problem;
            switch (name)
            {
                case "key":
                    problem = Text(ref reader, line, name, ref key);
                    break;
                case "keyBase64":
                    problem = Bytes(ref reader, name, ref key);
                    break;
                case "value":
                    problem = Text(ref reader, line, name, ref value);
                    break;
                case "valueBase64":
                    problem = Bytes(ref reader, name, ref value);
                    break;
                case "namespace":
                    problem = Namespace(ref reader, ref ns);
                    break;
                case "deleted":
                    problem = reader.TokenType is JsonTokenType.True or JsonTokenType.False ? null : "\"deleted\" is neither true nor false";
                    deleted = reader.TokenType == JsonTokenType.True;
                    break;
                case "expires":
                    problem = Time(ref reader, name, out expires);
                    break;
                case "version" or "parent" or "lostConflict":
                    problem = null;
                    reader.Skip();
                    break;
                default:
                    problem = $"unknown field \"{Shorten(name)}\" (known: namespace, key, keyBase64, value, valueBase64, expires, deleted)";
                    break;
            }

            if (problem is not null)
                return problem;
        }

        // Reads to the end: anything after the object is an error.
        reader.Read();
        if (key is null)
            return "there is no \"key\" or \"keyBase64\"";
        if (deleted ? value is not null : value is null)
            return deleted ? "a deleted object has no value" : "there is no \"value\" or \"valueBase64\"";
        operation = new StoreOperation(ns ?? DefaultNamespace, key.Value, value ?? default, deleted) { Expires = deleted ? null : expires };
        return null;
    }

    private string? Namespace(ref Utf8JsonReader reader, ref string? ns)
    {
        if (ns is not null)
            return "\"namespace\" comes twice";
        if (reader.TokenType != JsonTokenType.String)
            return "\"namespace\" is not a string";
        // Most lines of a file have the same one.
        ns = _lastNamespace is not null && reader.ValueTextEquals(_lastNamespace) ? _lastNamespace : reader.GetString()!;
        _lastNamespace = ns;
        return CheckNamespace(ns);
    }

    private static string? Time(ref Utf8JsonReader reader, string name, out DateTimeOffset? target)
    {
        target = null;
        if (reader.TokenType != JsonTokenType.String || !reader.TryGetDateTimeOffset(out var time))
            return $"\"{name}\" is not a time such as \"2026-01-31T12:00:00.000Z\"";
        target = time;
        return null;
    }

    private static string? Text(ref Utf8JsonReader reader, ReadOnlyMemory<byte> line, string name, ref ReadOnlyMemory<byte>? target)
    {
        if (target is not null)
            return $"\"{name}\" comes twice, or as text and as base64";
        if (reader.TokenType != JsonTokenType.String)
            return $"\"{name}\" is not a string";
        if (!Utf8.IsValid(reader.ValueSpan))
            return $"\"{name}\" is not UTF-8 (use {name}Base64 for bytes)";
        if (!reader.ValueIsEscaped)
        {
            target = line.Slice((int)reader.TokenStartIndex + 1, reader.ValueSpan.Length);
            return null;
        }

        var bytes = new byte[reader.ValueSpan.Length];
        target = bytes.AsMemory(0, reader.CopyString(bytes));
        return null;
    }

    private static string? Bytes(ref Utf8JsonReader reader, string name, ref ReadOnlyMemory<byte>? target)
    {
        if (target is not null)
            return $"\"{name}\" comes twice, or as text and as base64";
        if (reader.TokenType != JsonTokenType.String || !reader.TryGetBytesFromBase64(out var bytes))
            return $"\"{name}\" is not a base64 string";
        target = bytes;
        return null;
    }

    private static string FirstSentence(string message)
    {
        var end = message.IndexOf(". ", StringComparison.Ordinal);
        return (end < 0 ? message.TrimEnd('.') : message[..end]).ReplaceLineEndings(" ");
    }

    private static string Shorten(string name) => name.Length <= 40 ? name : string.Concat(name.AsSpan(0, 40), "…");
}
