using System.Globalization;
using System.Text;
using Honu.Grpc;

namespace Honu.Hosting;

/// <summary>How a <see cref="StoreClient"/> talks to its server.</summary>
public sealed record StoreClientOptions
{
    /// <summary>How long a call that answers once may take, connecting included. Scans and imports have no deadline of their own.</summary>
    /// <value>Default 10 s.</value>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Allows plaintext to an address that is not this machine's loopback: anyone on the way can read and change what is sent.</summary>
    /// <value>Default <see langword="false"/>.</value>
    public bool AllowInsecure { get; init; }

    /// <summary>TLS for the connection to the server.</summary>
    /// <value>Default <see langword="null"/>: plaintext.</value>
    public RpcClientTlsOptions? Tls { get; init; }

    /// <summary>A bearer token to show with every call, for servers that know callers by tokens. Kept out of <c>ToString</c>.</summary>
    /// <value>Default <see langword="null"/>: none.</value>
    public string? AuthToken { get; init; }

    /// <summary>Largest message accepted from the server. A store with larger values than the default needs more.</summary>
    /// <value>Default 17 MiB: the default limit of a value, a key, and room for the rest.</value>
    public int MaxMessageBytes { get; init; } = StoreLimits.DefaultMaxValueBytes + (1024 * 1024);

    // Options end up in logs; the token must not.
    private bool PrintMembers(StringBuilder builder)
    {
        builder.Append(CultureInfo.InvariantCulture, $"Timeout = {Timeout}, AllowInsecure = {AllowInsecure}, Tls = {Tls}, MaxMessageBytes = {MaxMessageBytes}, AuthToken = {(AuthToken is null ? "none" : "given")}");
        return true;
    }
}
