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
        if (text.Length <= MaxCharacters && !text.AsSpan().ContainsAnyExceptInRange(' ', '~') && !text.Contains('%', StringComparison.Ordinal))
            return text;

        var bytes = Encoding.UTF8.GetBytes(text.Length <= MaxCharacters ? text : text[..MaxCharacters]);
        var encoded = new StringBuilder(bytes.Length * 2);
        foreach (var value in bytes)
        {
            if (value is >= (byte)' ' and <= (byte)'~' and not (byte)'%')
                encoded.Append((char)value);
            else
                encoded.Append('%').Append(value.ToString("X2", CultureInfo.InvariantCulture));
        }

        return encoded.ToString();
    }

    /// <summary>Decodes; what is not a valid escape stays as it is, because a damaged text is better than none.</summary>
    public static string Decode(string text)
    {
        if (!text.Contains('%', StringComparison.Ordinal))
            return text;

        var bytes = new List<byte>(text.Length);
        for (var i = 0; i < text.Length; i++)
        {
            if (text[i] == '%' && i + 2 < text.Length &&
                byte.TryParse(text.AsSpan(i + 1, 2), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var value))
            {
                bytes.Add(value);
                i += 2;
            }
            else
            {
                bytes.AddRange(Encoding.UTF8.GetBytes(text[i].ToString()));
            }
        }

        return Encoding.UTF8.GetString([.. bytes]);
    }
}
