using System.Diagnostics.CodeAnalysis;
using System.Text;
using System.Text.Unicode;

namespace Honu.Compatibility;

/// <summary>The data source name with which Go Honu opens a database: <c>leveldb:///relative/path</c> or <c>leveldb:////absolute/path</c>.</summary>
/// <remarks>
/// It is a URL, so the path is percent-decoded, and query and fragment are dropped. With two slashes the first segment is a host and is
/// dropped too: <c>leveldb://data/db</c> names <c>db</c>, an old trap. The host is not checked, where Go refuses some (a port that is no number).
/// </remarks>
/// <param name="Scheme">The engine in lower case: <c>leveldb</c>, <c>badger</c>, <c>sqlite3</c>, …; it need not be one that exists.</param>
/// <param name="Path">The path without the slash that ended the host; may be empty.</param>
public sealed record GoDsn(string Scheme, string Path)
{
    private const string Unusable = "could not parse dsn, specify scheme:///relative/path/to/db";

    /// <summary>Reads a data source name.</summary>
    /// <param name="uri">The text, e.g. <c>leveldb:///data/db</c>.</param>
    /// <returns>Scheme and path.</returns>
    /// <exception cref="FormatException">It has no scheme or no path, or is no URL; the message is Go's.</exception>
    public static GoDsn Parse(string uri) => TryParse(uri, out var dsn, out var error) ? dsn : throw new FormatException(error);

    /// <summary>Reads a data source name without throwing.</summary>
    /// <param name="uri">The text, e.g. <c>leveldb:///data/db</c>.</param>
    /// <param name="dsn">Scheme and path.</param>
    /// <param name="error">Go's message, when <see langword="false"/> is returned.</param>
    /// <returns>Whether it has a scheme and a path.</returns>
    public static bool TryParse(string uri, [NotNullWhen(true)] out GoDsn? dsn, [NotNullWhen(false)] out string? error)
    {
        ArgumentNullException.ThrowIfNull(uri);
        dsn = null;
        if (uri.AsSpan().ContainsAnyInRange('\0', '\x1F') || uri.Contains('\x7F', StringComparison.Ordinal))
            return Fail(uri, "net/url: invalid control character in URL", out error);
        var rest = uri.Split('#', 2)[0];
        if (rest.StartsWith(':'))
            return Fail(uri, "missing protocol scheme", out error);
        var scheme = SchemeOf(rest);
        if (scheme.Length > 0)
            rest = rest[(scheme.Length + 1)..];
        rest = rest.Split('?', 2)[0];
        if (!rest.StartsWith('/'))
        {
            // After a scheme this is an "opaque" URL without a path; without one, Go refuses a colon in the first segment because it may be a broken scheme.
            if (scheme.Length == 0 && rest.Split('/', 2)[0].Contains(':', StringComparison.Ordinal))
                return Fail(uri, "first path segment in URL cannot contain colon", out error);
            error = Unusable;
            return false;
        }

        if (rest.StartsWith("//", StringComparison.Ordinal))
        {
            var pathStart = rest.IndexOf('/', 2);
            rest = pathStart < 0 ? "" : rest[pathStart..];
        }

        if (!TryDecode(rest, out var path, out var reason))
            return Fail(uri, reason, out error);
        error = scheme.Length == 0 || path.Length == 0 ? Unusable : null;
        if (error is not null)
            return false;
        dsn = new GoDsn(scheme.ToLowerInvariant(), path[1..]);
        return true;
    }

    private static string SchemeOf(string uri)
    {
        for (var i = 0; i < uri.Length; i++)
        {
            if (uri[i] == ':')
                return uri[..i];
            if (!char.IsAsciiLetter(uri[i]) && (i == 0 || (!char.IsAsciiDigit(uri[i]) && uri[i] is not ('+' or '-' or '.'))))
                return "";
        }

        return "";
    }

    private static bool TryDecode(string path, out string decoded, [NotNullWhen(false)] out string? reason)
    {
        decoded = path;
        reason = null;
        if (!path.Contains('%', StringComparison.Ordinal))
            return true;
        var bytes = Encoding.UTF8.GetBytes(path);
        var count = 0;
        for (var i = 0; i < bytes.Length; i++, count++)
        {
            if (bytes[i] != '%')
            {
                bytes[count] = bytes[i];
                continue;
            }

            if (i + 2 >= bytes.Length || !char.IsAsciiHexDigit((char)bytes[i + 1]) || !char.IsAsciiHexDigit((char)bytes[i + 2]))
            {
                reason = $"invalid URL escape \"{Encoding.UTF8.GetString(bytes.AsSpan(i, Math.Min(3, bytes.Length - i)))}\"";
                return false;
            }

            bytes[count] = Convert.FromHexString([(char)bytes[i + 1], (char)bytes[i + 2]])[0];
            i += 2;
        }

        // Go paths are bytes; a path that is not text cannot be opened from .NET.
        if (!Utf8.IsValid(bytes.AsSpan(0, count)))
        {
            reason = "path is not valid UTF-8";
            return false;
        }

        decoded = Encoding.UTF8.GetString(bytes, 0, count);
        return true;
    }

    private static bool Fail(string uri, string reason, out string error)
    {
        var quoted = uri.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal);
        error = $"could not parse dsn: parse \"{quoted}\": {reason}";
        return false;
    }
}
