using System.Globalization;
using System.Net;

namespace Honu.Hosting.Services;

/// <summary>An address as users write it: <c>HOST:PORT</c>, an IPv6 host in brackets.</summary>
internal readonly record struct HostPort(string Host, int Port)
{
    /// <summary>Whether the host is this machine's loopback by its very name; names are not resolved.</summary>
    public bool IsLoopback =>
        string.Equals(Host, "localhost", StringComparison.OrdinalIgnoreCase)
        || (IPAddress.TryParse(Host, out var address) && IPAddress.IsLoopback(address));

    public static bool TryParse(string text, out HostPort address)
    {
        address = default;
        var colon = text.LastIndexOf(':');
        if (colon < 1
            || !ushort.TryParse(text.AsSpan(colon + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var port))
            return false;

        var host = text[..colon];
        var bracketed = host.Length > 2 && host[0] == '[' && host[^1] == ']';
        if (bracketed)
            host = host[1..^1];
        var kind = Uri.CheckHostName(host);
        if (kind == UriHostNameType.Unknown || bracketed != (kind == UriHostNameType.IPv6))
            return false;
        address = new HostPort(host, port);
        return true;
    }

    /// <summary>As written in a URI and on the command line.</summary>
    public override string ToString() =>
        string.Create(CultureInfo.InvariantCulture, $"{(Host.Contains(':', StringComparison.Ordinal) ? $"[{Host}]" : Host)}:{Port}");
}
