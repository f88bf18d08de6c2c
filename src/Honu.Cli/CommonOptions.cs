using System.CommandLine;
using System.CommandLine.Parsing;
using System.Text;
using Honu.Cli.Access;
using Honu.Cli.Parsing;

namespace Honu.Cli;

/// <summary>Options that several verbs share; each verb has its own instance and adds the ones it takes.</summary>
internal sealed class CommonOptions
{
    public Option<string?> Db { get; } = new("--db") { Description = "The store's directory.", HelpName = "DIR" };

    public Option<string?> Remote { get; } = new("--remote") { Description = "A server (honu serve) instead of a directory.", HelpName = "HOST:PORT" };

    public Option<bool> Json { get; } = new("--json") { Description = "Print JSON, one object per line." };

    public Option<bool> Base64 { get; } = new("--base64") { Description = "Keys and values on the command line and in the output are base64." };

    public TlsOptions Tls { get; } = new();

    public AuthTokenOption AuthToken { get; } = new();

    public Option<bool> AllowInsecure { get; } = new("--allow-insecure") { Description = "Allow plaintext to an address that is not this machine's loopback." };

    public Option<string> Namespace { get; } = new("--namespace")
    {
        Description = "The namespace.",
        HelpName = "NAME",
        DefaultValueFactory = static _ => HonuStore.DefaultNamespace,
    };

    public Option<TimeSpan?> Timeout { get; } = Duration("--timeout", "How long the server may take to answer, for example 200ms, 5s, 1h. Default 10s.");

    /// <summary>An option that takes a duration.</summary>
    public static Option<TimeSpan?> Duration(string name, string description) =>
        new(name) { Description = description, HelpName = "DURATION", CustomParser = ParseDuration };

    /// <summary>The directory of a verb that works on directories only.</summary>
    public static Option<string> Directory() => new("--db") { Description = "The store's directory. No server may have it open.", HelpName = "DIR", Required = true };

    /// <summary>The choice of JSON, for a verb that takes no other shared options.</summary>
    public static Option<bool> JsonOutput() => new("--json") { Description = "Print one JSON object." };

    /// <summary>Refuses names of directories that are empty.</summary>
    public static void RequireNames(params ReadOnlySpan<string> names)
    {
        foreach (var name in names)
        {
            if (name.Length == 0)
                throw CliException.Usage("A directory needs a name; this one is empty.");
        }
    }

    /// <summary>Adds what a verb takes that works on a store here or on a server.</summary>
    public void AddStore(Command command)
    {
        command.Add(Db);
        command.Add(Remote);
        command.Add(Timeout);
        Tls.AddTo(command);
        command.Add(AuthToken.File);
        command.Add(AllowInsecure);
        command.Add(Json);
    }

    /// <summary>Adds what a verb takes that works on servers only.</summary>
    public void AddServer(Command command)
    {
        Remote.Required = true;
        Remote.Description = "The server.";
        command.Add(Remote);
        command.Add(Timeout);
        Tls.AddTo(command);
        command.Add(AllowInsecure);
        command.Add(Json);
    }

    /// <summary>Adds the namespace and the form of keys and values.</summary>
    public void AddObjects(Command command)
    {
        command.Add(Namespace);
        command.Add(Base64);
    }

    /// <summary>Opens the store that the user named.</summary>
    /// <param name="parsed">The command line.</param>
    /// <param name="create">Whether a directory that does not exist becomes a store.</param>
    /// <param name="readOnly">Whether the verb only reads: a directory is then left as it is.</param>
    public IStoreAccess Open(ParseResult parsed, bool create, bool readOnly = false)
    {
        var db = parsed.GetValue(Db);
        var remote = parsed.GetValue(Remote);
        return (db, remote) switch
        {
            (not null, not null) => throw CliException.Usage("Name one store: either --db DIR or --remote HOST:PORT."),
            (null, null) => throw CliException.Usage("Say which store: --db DIR for a directory, or --remote HOST:PORT for a server."),
            ("", null) => throw CliException.Usage("--db needs the name of a directory."),
            (not null, null) => LocalStore.Open(db, create, readOnly),
            _ => Connect(parsed),
        };
    }

    /// <summary>How a directory's store talks to a peer that the user names.</summary>
    public Hosting.HonuReplicaOptions ReplicaOptions(ParseResult parsed) => new() { AllowInsecure = parsed.GetValue(AllowInsecure), Tls = Tls.ForClient(parsed) };

    /// <summary>A client of the server that the user named.</summary>
    public RemoteStore Connect(ParseResult parsed) => RemoteStore.Connect(
        parsed.GetValue(Remote)!, parsed.GetValue(Timeout) ?? TimeSpan.FromSeconds(10), parsed.GetValue(AllowInsecure), Tls.ForClient(parsed), AuthToken.Read(parsed));

    /// <summary>The bytes of a key or value argument.</summary>
    public byte[] Bytes(ParseResult parsed, string text, string what)
    {
        if (!parsed.GetValue(Base64))
            return Encoding.UTF8.GetBytes(text);
        try
        {
            return Convert.FromBase64String(text);
        }
        catch (FormatException)
        {
            throw CliException.Usage($"The {what} is not base64. Leave --base64 out for text.");
        }
    }

    /// <summary>The bytes of a key argument, checked.</summary>
    public byte[] Key(ParseResult parsed, string text)
    {
        var key = Bytes(parsed, text, "key");
        return key.Length is >= 1 and <= StoreLimits.MaxKeyBytes
            ? key
            : throw CliException.Usage($"A key has 1 to {StoreLimits.MaxKeyBytes} bytes; this one has {key.Length}.");
    }

    /// <summary>The namespace, checked.</summary>
    public string NamespaceName(ParseResult parsed) => CheckNamespace(parsed.GetValue(Namespace) ?? HonuStore.DefaultNamespace);

    /// <summary>A namespace from the command line, checked.</summary>
    public static string CheckNamespace(string name)
    {
        var bytes = Encoding.UTF8.GetByteCount(name);
        return bytes is >= 1 and <= StoreLimits.MaxNamespaceBytes
            ? name
            : throw CliException.Usage($"A namespace has 1 to {StoreLimits.MaxNamespaceBytes} bytes of UTF-8; this one has {bytes}.");
    }

    private static TimeSpan? ParseDuration(ArgumentResult result)
    {
        if (Durations.TryParse(result.Tokens[0].Value, out var duration))
            return duration;
        result.AddError($"\"{result.Tokens[0].Value}\" is not a duration. Write a number and a unit: 200ms, 5s, 10m, 1h, 30d.");
        return null;
    }
}
