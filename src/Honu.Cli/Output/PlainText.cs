using System.Globalization;
using System.Text;

namespace Honu.Cli.Output;

/// <summary>Keys and values as a person reads them, one object per line.</summary>
internal static class PlainText
{
    /// <summary>
    /// Text as it is, with backslash, tab, line ends and control characters escaped (<c>\\ \t \n \r \xNN</c>) and bytes that are no UTF-8
    /// as <c>\xNN</c>: a line stays a line. For exact bytes there are --base64 and --json.
    /// </summary>
    public static string Escape(ReadOnlySpan<byte> bytes)
    {
        var text = new StringBuilder(bytes.Length);
        while (!bytes.IsEmpty)
        {
            var status = Rune.DecodeFromUtf8(bytes, out var rune, out var used);
            if (status != System.Buffers.OperationStatus.Done)
            {
                foreach (var b in bytes[..used])
                    text.Append(CultureInfo.InvariantCulture, $"\\x{b:x2}");
            }
            else
            {
                Append(text, rune);
            }

            bytes = bytes[used..];
        }

        return text.ToString();
    }

    /// <summary>Base64 or escaped text, as the user asked for.</summary>
    public static string Format(ReadOnlySpan<byte> bytes, bool base64) => base64 ? Convert.ToBase64String(bytes) : Escape(bytes);

    private static void Append(StringBuilder text, Rune rune)
    {
        switch (rune.Value)
        {
            case '\\':
                text.Append(@"\\");
                break;
            case '\t':
                text.Append(@"\t");
                break;
            case '\n':
                text.Append(@"\n");
                break;
            case '\r':
                text.Append(@"\r");
                break;
            case < 0x20 or 0x7F:
                text.Append(CultureInfo.InvariantCulture, $"\\x{rune.Value:x2}");
                break;
            default:
                text.Append(rune.ToString());
                break;
        }
    }
}
