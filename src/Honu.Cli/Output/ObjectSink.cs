using Honu.Hosting.Services;

namespace Honu.Cli.Output;

/// <summary>Prints what a scan finds.</summary>
internal sealed class ObjectSink(ResultWriter output, bool json, bool base64, bool keysOnly = false, bool withNamespace = false) : IScanSink
{
    /// <summary>Versions printed so far.</summary>
    public long Count { get; private set; }

    public bool Accept(string ns, ReadOnlySpan<byte> key, ReadOnlySpan<byte> value, in ObjectVersion version, bool lostConflict)
    {
        Count++;
        if (json)
        {
            var line = new ObjectLine
            {
                Namespace = ns,
                Key = key,
                Value = value,
                Version = version,
                LostConflict = lostConflict,
                WithoutValue = keysOnly,
                Base64 = base64,
            };
            output.Json(line, ObjectLine.Write);
            return true;
        }

        var text = PlainText.Format(key, base64);
        if (withNamespace)
            text = $"{PlainText.Escape(System.Text.Encoding.UTF8.GetBytes(ns))}\t{text}";
        if (version.IsDeleted)
            text += "\t(deleted)";
        else if (!keysOnly)
            text += $"\t{PlainText.Format(value, base64)}";
        output.Line(text);
        return true;
    }
}
