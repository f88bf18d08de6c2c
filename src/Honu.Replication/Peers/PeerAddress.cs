using System.Globalization;

namespace Honu.Replication;

/// <summary>Where a peer is reached: <c>HOST:PORT</c>, or <c>PID@HOST:PORT</c> to insist on who answers.</summary>
/// <param name="Host">A name, an IPv4 address, or an IPv6 address in brackets.</param>
/// <param name="Port">1 to 65535.</param>
/// <param name="Pid">Who must answer, or <see langword="null"/> for anybody.</param>
public sealed record PeerAddress(string Host, int Port, uint? Pid = null)
{
    /// <summary>A name, an IPv4 address, or an IPv6 address in brackets.</summary>
    public string Host
    {
        get;
        init => (field, Endpoint) = (value, Join(value, Port));
    } = Host;

    /// <summary>1 to 65535.</summary>
    public int Port
    {
        get;
        init => (field, Endpoint) = (value, Join(Host, value));
    } = Port;

    /// <summary><c>HOST:PORT</c>.</summary>
    public string Endpoint { get; private set; } = Join(Host, Port);

    /// <summary>Reads an address; <see langword="false"/> when it is none.</summary>
    public static bool TryParse(string? text, [System.Diagnostics.CodeAnalysis.NotNullWhen(true)] out PeerAddress? address)
    {
        address = null;
        if (string.IsNullOrEmpty(text))
            return false;
        var at = text.IndexOf('@', StringComparison.Ordinal);
        uint pid = 0;
        if (at >= 0 && !uint.TryParse(text.AsSpan(0, at), NumberStyles.None, CultureInfo.InvariantCulture, out pid))
            return false;
        var endpoint = text[(at + 1)..];
        var colon = endpoint.LastIndexOf(':');
        if (colon <= 0
            || !int.TryParse(endpoint.AsSpan(colon + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var port)
            || port is < 1 or > 65535)
            return false;
        var host = endpoint[..colon];
        var isBracketed = host.StartsWith('[') && host.EndsWith(']');
        if (Uri.CheckHostName(isBracketed ? host[1..^1] : host) == UriHostNameType.Unknown || (!isBracketed && host.Contains(':', StringComparison.Ordinal)))
            return false;
        address = new PeerAddress(host, port, at >= 0 ? pid : null);
        return true;
    }

    /// <summary>Reads an address.</summary>
    /// <exception cref="FormatException">It is none.</exception>
    public static PeerAddress Parse(string text) =>
        TryParse(text, out var address) ? address : throw new FormatException($"\"{text}\" is no peer address; write HOST:PORT or PID@HOST:PORT.");

    private static string Join(string host, int port) => string.Create(CultureInfo.InvariantCulture, $"{host}:{port}");

    /// <inheritdoc/>
    public override string ToString() => Pid is { } pid ? string.Create(CultureInfo.InvariantCulture, $"{pid}@{Endpoint}") : Endpoint;
}
