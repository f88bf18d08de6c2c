using System.Globalization;
using System.Text;

namespace Honu.Grpc;

/// <summary>The encoding of <c>grpc-message</c>: UTF-8, where all bytes but printable ASCII, and <c>%</c> itself, are written as <c>%XX</c>.</summary>
internal static class PercentEncoding
{
    // A status text is for people. Much longer ones would exceed the header limits of the other side and turn into a failure without any text.
    private const int MaxCharacters = 2048;

    public static string Encode(string text)
    {
        var encoded = new StringBuilder(text.Length);
        foreach (var value in Encoding.UTF8.GetBytes(text.Length <= MaxCharacters ? text : text[..MaxCharacters]))
        {
            if (value is >= (byte)' ' and <= (byte)'~' and not (byte)'%')
                encoded.Append((char)value);
            else
                encoded.Append(CultureInfo.InvariantCulture, $"%{value:X2}");
        }

        return encoded.ToString();
    }

    /// <summary>Decodes; what is not a valid escape stays as it is, because a damaged text is better than none.</summary>
    public static string Decode(string text) => Uri.UnescapeDataString(text);
}
