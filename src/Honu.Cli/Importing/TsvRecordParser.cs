using System.Buffers;
using System.Buffers.Text;
using Honu.Hosting;

namespace Honu.Cli.Importing;

/// <summary>Key, tab, value: the key ends at the first tab, the value at the end of the line. Bytes are taken as they are.</summary>
internal sealed class TsvRecordParser(string defaultNamespace, bool base64, long maxValueBytes) : RecordParser(defaultNamespace, maxValueBytes)
{
    protected override string? Read(ReadOnlyMemory<byte> line, out StoreOperation operation)
    {
        operation = default;
        var tab = line.Span.IndexOf((byte)'\t');
        if (tab < 0)
            return "there is no tab between key and value";
        var key = line[..tab];
        var value = line[(tab + 1)..];
        if (base64 && (!TryDecode(ref key) || !TryDecode(ref value)))
            return "key or value is not base64 (leave --base64 out for text)";
        operation = new StoreOperation(DefaultNamespace, key, value);
        return null;
    }

    private static bool TryDecode(ref ReadOnlyMemory<byte> text)
    {
        var bytes = new byte[Base64.GetMaxDecodedFromUtf8Length(text.Length)];
        if (Base64.DecodeFromUtf8(text.Span, bytes, out _, out var written) != OperationStatus.Done)
            return false;
        text = bytes.AsMemory(0, written);
        return true;
    }
}
