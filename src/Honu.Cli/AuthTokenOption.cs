using System.CommandLine;

namespace Honu.Cli;

/// <summary>The bearer token to show to a server: from a file or from the environment, never from the command line, which every user of the machine can read.</summary>
internal sealed class AuthTokenOption
{
    private const string Variable = "HONU_AUTH_TOKEN";
    private const int MaxBytes = 4096;

    public Option<string?> File { get; } = new("--auth-token-file")
    {
        Description = $"A file with the token to show to the server. Default: the environment variable {Variable}, if it is set.",
        HelpName = "FILE",
    };

    /// <summary>The token, or <see langword="null"/>.</summary>
    public string? Read(ParseResult parsed)
    {
        var (token, origin) = parsed.GetValue(File) is { } file ? (ReadFile(file), $"The file {file}") : (Environment.GetEnvironmentVariable(Variable), $"The variable {Variable}");
        if (string.IsNullOrEmpty(token) && parsed.GetValue(File) is null)
            return null;
        var trimmed = token!.Trim();

        // What it holds instead is not told: it may be a secret all the same.
        return trimmed.Length is > 0 and <= MaxBytes && trimmed.All(static c => c is > ' ' and < '\x7f')
            ? trimmed
            : throw CliException.Usage($"{origin} must hold one token: up to {MaxBytes} printable ASCII characters without spaces.");
    }

    private static string ReadFile(string file)
    {
        try
        {
            return System.IO.File.ReadAllText(file);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException)
        {
            // Whatever is wrong with the file, the message names it.
            throw CliException.Usage($"--auth-token-file: {e.Message}");
        }
    }
}
