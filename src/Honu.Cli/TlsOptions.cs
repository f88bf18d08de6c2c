using System.CommandLine;
using Honu.Grpc;
using Microsoft.Extensions.Logging;

namespace Honu.Cli;

/// <summary>The three files of TLS, in PEM. Each verb has its own instance.</summary>
internal sealed class TlsOptions
{
    public Option<string?> Authority { get; } = new("--tls-ca")
    {
        Description = "Speak TLS with the server, and trust the authorities in this PEM file only.",
        HelpName = "FILE",
    };

    public Option<string?> Certificate { get; } = new("--tls-cert") { Description = "With --tls-ca: the certificate to show to the server, in PEM.", HelpName = "FILE" };

    public Option<string?> Key { get; } = new("--tls-key") { Description = "The private key of --tls-cert, in PEM, not encrypted.", HelpName = "FILE" };

    public void AddTo(Command command)
    {
        command.Add(Authority);
        command.Add(Certificate);
        command.Add(Key);
    }

    /// <summary>TLS towards a server: on when authorities are named.</summary>
    public RpcClientTlsOptions? ForClient(ParseResult parsed)
    {
        if (parsed.GetValue(Authority) is not null)
            return new RpcClientTlsOptions { Certificates = Read(parsed, logger: null) };
        return parsed.GetValue(Certificate) is null && parsed.GetValue(Key) is null
            ? null
            : throw CliException.Usage("--tls-cert and --tls-key need --tls-ca, the authorities that the server is trusted by.");
    }

    /// <summary>TLS of a server: on when it has a certificate; mutual when authorities are named.</summary>
    public RpcCertificates? ForServer(ParseResult parsed, ILogger logger)
    {
        if (parsed.GetValue(Certificate) is not null || parsed.GetValue(Key) is not null)
            return Read(parsed, logger);
        return parsed.GetValue(Authority) is null
            ? null
            : throw CliException.Usage("A server needs a certificate for TLS: add --tls-cert and --tls-key to --tls-ca.");
    }

    private RpcCertificates Read(ParseResult parsed, ILogger? logger)
    {
        var (certificate, key, authority) = (parsed.GetValue(Certificate), parsed.GetValue(Key), parsed.GetValue(Authority));
        if ((certificate is null) != (key is null))
            throw CliException.Usage("--tls-cert and --tls-key belong together: give both or neither.");
        try
        {
            return RpcCertificates.FromPemFiles(certificate, key, authority, logger);
        }
        catch (Exception e) when (e is InvalidDataException or IOException or UnauthorizedAccessException or ArgumentException)
        {
            // Whatever is wrong with the files, the message names them; an empty name is an argument of its own kind.
            throw CliException.Usage($"TLS: {e.Message}");
        }
    }
}
