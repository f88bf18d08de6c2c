using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using Honu.Cli.Access;
using Honu.Cli.Output;
using Honu.Cli.Parsing;

namespace Honu.Cli;

/// <summary>The options of verbs that may wait for other replicas: tokens, bounds of staleness, acknowledgements.</summary>
internal sealed class ConsistencyOptions
{
    private static readonly TimeSpan DefaultTimeout = TimeSpan.FromSeconds(10);

    private readonly Option<string?> _token = new("--token")
    {
        Description = "A token of an earlier command: show, or follow on, what it has seen or written, on whatever replica. \"none\" for the first of a series; - reads it from stdin. The new token is printed with --json.",
        HelpName = "TOKEN",
    };

    private readonly Option<string?> _tokenFile = new("--token-file")
    {
        Description = "A file that keeps the token from one command to the next: read if it exists, and written afterwards.",
        HelpName = "FILE",
    };

    private readonly Option<TimeSpan?> _timeout = CommonOptions.Duration("--wait-timeout", "How long to wait for what a token, --max-staleness or --wait-replicas asks for. Default 10s.");

    private readonly Option<TimeSpan?> _maxStaleness = CommonOptions.Duration("--max-staleness", "Show everything that any replica wrote at least so long ago. Needs --remote.");

    private readonly Option<int?> _replicas = new("--wait-replicas")
    {
        Description = "Wait until so many other replicas hold the write durably; if they do not in time, the command exits with 6 and the write stays. Needs --remote.",
        HelpName = "N",
        CustomParser = ParseReplicas,
    };

    private CausalToken _given = CausalToken.Empty;

    /// <summary>Adds what a reading verb takes.</summary>
    public void AddToReader(Command command)
    {
        AddTokens(command);
        command.Add(_maxStaleness);
    }

    /// <summary>Adds what a writing verb takes.</summary>
    public void AddToWriter(Command command)
    {
        AddTokens(command);
        command.Add(_replicas);
    }

    /// <summary>Whether the answer needs a token.</summary>
    public bool WantsToken(ParseResult parsed) => parsed.GetValue(_token) is not null || parsed.GetValue(_tokenFile) is not null;

    /// <summary>Whether any of it was asked for.</summary>
    public bool IsGiven(ParseResult parsed) => WantsToken(parsed) || parsed.GetValue(_replicas) is not null || parsed.GetValue(_maxStaleness) is not null;

    /// <summary>How recent a read must be.</summary>
    public async Task<ReadOptions> ReadAsync(ParseResult parsed, CommonOptions common, CancellationToken cancellation)
    {
        if (parsed.GetValue(_maxStaleness) is not null && parsed.GetValue(common.Remote) is null)
            throw CliException.Usage("--max-staleness needs a server that replicates (--remote): nothing brings a directory up to date.");
        return new ReadOptions
        {
            AtLeast = await TokenAsync(parsed, common, cancellation),
            MaxStaleness = parsed.GetValue(_maxStaleness),
            Timeout = parsed.GetValue(_timeout) ?? DefaultTimeout,
        };
    }

    /// <summary>The options of a write, with what it waits for.</summary>
    public async Task<WriteOptions> WriteAsync(ParseResult parsed, CommonOptions common, WriteOptions options, CancellationToken cancellation)
    {
        if (!IsGiven(parsed))
            return options;
        if (parsed.GetValue(_replicas) is not null && parsed.GetValue(common.Remote) is null)
            throw CliException.Usage("--wait-replicas needs a server that replicates (--remote): nothing ships what is in a directory.");
        var timeout = parsed.GetValue(_timeout) ?? DefaultTimeout;
        return (options with { AtLeast = await TokenAsync(parsed, common, cancellation) }).WaitForReplicas(parsed.GetValue(_replicas) ?? 0, timeout);
    }

    /// <summary>The token to go on with: what was given and what came with the answer. Kept in the file, if there is one.</summary>
    public async Task<CausalToken> KeepAsync(ParseResult parsed, CausalToken answered, CancellationToken cancellation)
    {
        var token = _given.Merge(answered);
        if (parsed.GetValue(_tokenFile) is not { } file)
            return token;

        // Replaced as a whole: a command that is killed leaves the old token or the new one.
        var temporary = file + ".new";
        await File.WriteAllTextAsync(temporary, token + "\n", cancellation);
        File.Move(temporary, file, overwrite: true);
        return token;
    }

    /// <summary>Prints what a write made, with its token and acknowledgements; fails if there are fewer than asked for.</summary>
    public async Task ReportAsync(ParseResult parsed, CommonOptions common, VersionId version, int acknowledgedBy, CausalToken answered, CancellationToken cancellation)
    {
        var token = await KeepAsync(parsed, answered, cancellation);
        using (var output = new ResultWriter())
        {
            if (parsed.GetValue(common.Json) && IsGiven(parsed))
            {
                output.Json((version, acknowledgedBy, token), (json, told) =>
                {
                    json.WriteStartObject();
                    ObjectLine.WriteVersionFields(json, told.version);
                    if (parsed.GetValue(_replicas) is not null)
                        json.WriteNumber("acknowledgedBy"u8, told.acknowledgedBy);
                    if (WantsToken(parsed))
                        json.WriteString("token"u8, told.token.ToString());
                    json.WriteEndObject();
                });
            }
            else
            {
                output.Version(version, parsed.GetValue(common.Json));
            }
        }

        if (parsed.GetValue(_replicas) is { } wanted && acknowledgedBy < wanted)
        {
            throw new CliException(
                ExitCodes.Unreachable,
                $"The write {version} stays, but {acknowledgedBy} of the {wanted} replicas asked for have acknowledged it within {Durations.Format(parsed.GetValue(_timeout) ?? DefaultTimeout)}. It goes on being replicated: do not write it again.");
        }
    }

    /// <summary>Prints the token behind the lines of a scan or a history, where lines are JSON.</summary>
    public async Task FinishAsync(ParseResult parsed, CommonOptions common, IStoreAccess store, string[]? namespaces, ResultWriter output, CancellationToken cancellation)
    {
        if (!WantsToken(parsed))
            return;
        var token = await KeepAsync(parsed, await store.WaitForAsync(namespaces, default, cancellation), cancellation);
        if (parsed.GetValue(common.Json))
            output.Json(token, WriteToken);
    }

    /// <summary>Writes <c>{"token":"…"}</c>.</summary>
    private static void WriteToken(System.Text.Json.Utf8JsonWriter json, CausalToken token)
    {
        json.WriteStartObject();
        json.WriteString("token"u8, token.ToString());
        json.WriteEndObject();
    }

    private void AddTokens(Command command)
    {
        command.Add(_token);
        command.Add(_tokenFile);
        command.Add(_timeout);
    }

    private async Task<CausalToken?> TokenAsync(ParseResult parsed, CommonOptions common, CancellationToken cancellation)
    {
        var (text, file) = (parsed.GetValue(_token), parsed.GetValue(_tokenFile));
        if (text is not null && file is not null)
            throw CliException.Usage("Either --token or --token-file.");
        if (text is not null && !parsed.GetValue(common.Json))
            throw CliException.Usage("--token prints the next token with --json only. Add it, or keep the token by --token-file.");
        if (text == "-")
            text = (await Console.In.ReadToEndAsync(cancellation)).Trim();
        else if (file is not null)
            text = File.Exists(file) ? (await File.ReadAllTextAsync(file, cancellation)).Trim() : "none";
        if (text is null)
            return null;
        if (text == "none")
            return _given = CausalToken.Empty;
        return _given = CausalToken.TryParse(text, out var token)
            ? token
            : throw CliException.Usage(file is null ? "The token is none, or it was cut off or changed. Pass it as it was printed, or \"none\"." : $"The file {file} holds no token, or a damaged one. Remove it to begin anew.");
    }

    private static int? ParseReplicas(ArgumentResult result)
    {
        if (int.TryParse(result.Tokens[0].Value, NumberStyles.None, CultureInfo.InvariantCulture, out var replicas) && replicas is >= 1 and < VersionVector.MaxOrigins)
            return replicas;
        result.AddError($"\"{result.Tokens[0].Value}\" is no number of replicas. Write a whole number from 1 to {VersionVector.MaxOrigins - 1}.");
        return null;
    }
}
