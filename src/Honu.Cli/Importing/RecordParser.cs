using System.Text;
using Honu.Hosting;

namespace Honu.Cli.Importing;

/// <summary>The forms that an import reads.</summary>
internal enum RecordFormat
{
    /// <summary>JSON objects, one per line.</summary>
    JsonLines,

    /// <summary>Key, tab, value.</summary>
    Tsv,
}

/// <summary>Makes an operation of a line, or says why it is none.</summary>
internal abstract class RecordParser(string defaultNamespace, long maxValueBytes)
{
    protected string DefaultNamespace { get; } = defaultNamespace;

    /// <summary>Reads one line; key and value may be slices of it.</summary>
    /// <returns>Null when it is a record, else what is wrong with it.</returns>
    public string? Parse(ReadOnlyMemory<byte> line, out StoreOperation operation)
    {
        return Read(line, out operation) ?? CheckSizes(operation, maxValueBytes);
    }

    /// <summary>What is wrong with the length of key or value; null when a store can hold them.</summary>
    public static string? CheckSizes(in StoreOperation operation, long maxValueBytes)
    {
        if (operation.Key.Length is < 1 or > StoreLimits.MaxKeyBytes)
            return $"a key has 1 to {StoreLimits.MaxKeyBytes} bytes, this one has {operation.Key.Length}";
        if (operation.Value.Length > maxValueBytes)
            return $"a value has at most {maxValueBytes} bytes, this one has {operation.Value.Length}";
        return null;
    }

    /// <summary>The parser for a format.</summary>
    public static RecordParser For(RecordFormat format, string defaultNamespace, bool base64, long maxValueBytes) => format == RecordFormat.JsonLines
        ? new JsonRecordParser(defaultNamespace, maxValueBytes)
        : new TsvRecordParser(defaultNamespace, base64, maxValueBytes);

    /// <summary>A line that begins with a brace is JSON; everything else is key, tab, value.</summary>
    public static RecordFormat Detect(ReadOnlySpan<byte> line) => line.TrimStart(" \t"u8).StartsWith("{"u8) ? RecordFormat.JsonLines : RecordFormat.Tsv;

    /// <summary>
    /// Whether a line holds nothing. In JSON lines that includes white space; between tabs, blanks are a key or a value. While the format
    /// is not known yet, white space is nothing unless it could be a record, with a tab behind a key.
    /// </summary>
    public static bool IsBlank(ReadOnlySpan<byte> line, RecordFormat? format) =>
        line.IsEmpty || (format != RecordFormat.Tsv && line.IndexOfAnyExcept(" \t\r"u8) < 0 && (format is not null || line.IndexOf((byte)'\t') <= 0));

    protected static string? CheckNamespace(string ns)
    {
        var bytes = Encoding.UTF8.GetByteCount(ns);
        return bytes is >= 1 and <= StoreLimits.MaxNamespaceBytes
            ? null
            : $"a namespace has 1 to {StoreLimits.MaxNamespaceBytes} bytes of UTF-8, this one has {bytes}";
    }

    protected abstract string? Read(ReadOnlyMemory<byte> line, out StoreOperation operation);
}
