using System.Globalization;

namespace Honu.Grpc.InteropHost;

/// <summary>The command line.</summary>
internal sealed record Arguments(string Host, int Port, string? Case, string? TlsDirectory)
{
    public static string Usage { get; } = $"""
        --listen HOST:PORT [--tls DIR]               serve grpc.testing.TestService until SIGTERM or SIGINT; port 0 takes a free one
        --connect HOST:PORT --case NAME [--tls DIR]  run one case as a client; exit status 0 = passed, 1 = failed

        DIR has ca.pem, server.pem, server.key, client.pem and client.key: TLS, and the server demands the client's certificate.
        Cases: {string.Join(", ", InteropClient.CaseNames)}
        """;

    /// <summary>Null, with the reason, when the arguments make no sense.</summary>
    public static Arguments? Parse(string[] args, out string problem)
    {
        var values = new Dictionary<string, string>(StringComparer.Ordinal);
        problem = "";
        for (var i = 0; i < args.Length; i += 2)
        {
            if (args[i] is not ("--listen" or "--connect" or "--case" or "--tls"))
                problem = $"Unknown argument: {args[i]}";
            else if (i + 1 == args.Length)
                problem = $"{args[i]} needs a value.";
            else if (!values.TryAdd(args[i], args[i + 1]))
                problem = $"{args[i]} is given twice.";
            if (problem.Length > 0)
                return null;
        }

        var serves = values.TryGetValue("--listen", out var address);
        if (serves == values.ContainsKey("--connect"))
            problem = "Give either --listen or --connect.";
        else if (serves == values.ContainsKey("--case"))
            problem = "--connect needs --case, and --listen has none.";
        else if (values.GetValueOrDefault("--case") is { } name && !InteropClient.CaseNames.Contains(name))
            problem = $"Unknown case: {name}";
        else if (!TrySplit(address ?? values["--connect"], out var host, out var port) || (!serves && port == 0))
            problem = $"\"{address ?? values["--connect"]}\" is not HOST:PORT.";
        else
            return new Arguments(host, port, values.GetValueOrDefault("--case"), values.GetValueOrDefault("--tls"));
        return null;
    }

    private static bool TrySplit(string address, out string host, out int port)
    {
        var colon = address.LastIndexOf(':');
        host = colon > 0 ? address[..colon] : "";
        return int.TryParse(address.AsSpan(colon + 1), NumberStyles.None, CultureInfo.InvariantCulture, out port) && port <= 65_535 && host.Length > 0;
    }
}
