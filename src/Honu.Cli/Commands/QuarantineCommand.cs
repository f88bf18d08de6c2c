using System.CommandLine;
using System.Globalization;
using System.Text;
using System.Text.Json;
using Honu.Cli.Access;
using Honu.Cli.Output;

namespace Honu.Cli.Commands;

/// <summary><c>honu quarantine</c>: lists, retries and discards received records that a store cannot hold.</summary>
internal static class QuarantineCommand
{
    public static Command Create() => new VerbCommand(
        "quarantine",
        "Look after records that peers have sent, that pass their checksums, and that this store cannot hold as objects: because a value is longer than its limit, for instance. They are kept beside the objects and passed on to peers.",
        """
          honu quarantine list --db ./data
          honu quarantine list --remote 127.0.0.1:7000
          honu quarantine retry --db ./data --max-value 64MiB
          honu quarantine discard KEY --db ./data --yes
        """) { CreateList(), CreateRetry(), CreateDiscard() };

    private static VerbCommand CreateList()
    {
        var common = new CommonOptions();
        var ns = AnyNamespace();
        var command = new VerbCommand("list", "Print what is in quarantine: namespace, key, version, bytes of its value, since, why.", """
              honu quarantine list --db ./data
              honu quarantine list --db ./data --namespace orders --json
            """) { ns, common.Base64 };
        common.AddStore(command);
        command.SetAction(async (parsed, cancellation) =>
        {
            var (json, base64) = (parsed.GetValue(common.Json), parsed.GetValue(common.Base64));
            await using var store = common.Open(parsed, create: false, readOnly: true);
            using var output = new ResultWriter();
            await foreach (var held in List(store, Name(parsed.GetValue(ns)), cancellation))
            {
                if (json)
                    output.Json((held, base64), WriteJson);
                else
                    output.Line(string.Create(CultureInfo.InvariantCulture, $"{PlainText.Escape(Encoding.UTF8.GetBytes(held.Namespace))}\t{PlainText.Format(held.Key.Span, base64)}\t{held.Version.Id}\t{held.Bytes}\t{Time(held)}\t{held.Reason}"));
            }

            return ExitCodes.Ok;
        });
        return command;
    }

    private static VerbCommand CreateRetry()
    {
        var common = new CommonOptions();
        var ns = AnyNamespace();
        var max = new Option<string?>("--max-value") { Description = "Longest value to hold, for example 64MiB, with --db. Default 16MiB. The store must be opened with that limit from then on.", HelpName = "SIZE" };
        var command = new VerbCommand("retry", "Make objects of the records that can be held by now.", """
              honu quarantine retry --db ./data --max-value 64MiB
            """) { ns, max };
        common.AddStore(command);
        command.SetAction(async (parsed, cancellation) =>
        {
            var options = new HonuStoreOptions { CreateIfMissing = false };
            if (parsed.GetValue(max) is { } text)
                options = options with { MaxValueBytes = Size(text) };
            var (taken, left) = parsed.GetValue(common.Remote) is null
                ? RetryHere(parsed.GetValue(common.Db), options, Name(parsed.GetValue(ns)))
                : await RetryThere(common, parsed, max, Name(parsed.GetValue(ns)), cancellation);
            using var output = new ResultWriter();
            if (parsed.GetValue(common.Json))
                output.Json((taken, left), WriteCounts);
            else
                output.Line(string.Create(CultureInfo.InvariantCulture, $"{taken} left the quarantine, {left} stay."));
            return ExitCodes.Ok;
        });
        return command;
    }

    private static VerbCommand CreateDiscard()
    {
        var common = new CommonOptions();
        var key = new Argument<string>("KEY") { Description = "The object's key." };
        var yes = new Option<bool>("--yes") { Description = "Really: if no other replica has the record, it is gone." };
        var command = new VerbCommand("discard", "Give a record up. The object stays as it is, and other replicas keep theirs. Exits with 3 when none is in quarantine under that key.", """
              honu quarantine discard orders/17 --db ./data --yes
            """) { key, common.Namespace, common.Base64, yes };
        common.AddStore(command);
        command.SetAction(async (parsed, cancellation) =>
        {
            var (ns, name) = (common.NamespaceName(parsed), parsed.GetRequiredValue(key));
            var bytes = common.Key(parsed, name);
            if (!parsed.GetValue(yes))
                throw CliException.Usage($"Discarding \"{name}\" gives up a record that another replica has written. Add --yes if that is meant.");
            await using var store = common.Open(parsed, create: false);
            var held = store is RemoteStore remote
                ? await remote.Client.DiscardQuarantinedAsync(ns, bytes, cancellation)
                : DiscardHere(((LocalStore)store).Store, ns, bytes) ?? throw new CliException(ExitCodes.NotFound, $"Nothing is in quarantine under \"{name}\" in namespace \"{ns}\".");
            using var output = new ResultWriter();
            if (parsed.GetValue(common.Json))
                output.Json((held, parsed.GetValue(common.Base64)), WriteJson);
            return ExitCodes.Ok;
        });
        return command;
    }

    private static Option<string?> AnyNamespace() => new("--namespace") { Description = "Only this namespace. Default all.", HelpName = "NAME" };

    private static string? Name(string? ns) => ns is null ? null : CommonOptions.CheckNamespace(ns);

    private static IEnumerable<string> Names(HonuStore store, string? ns) => ns is null ? store.Namespaces : [ns];

    private static IAsyncEnumerable<QuarantinedObject> List(IStoreAccess store, string? ns, CancellationToken cancellation) => store is RemoteStore remote
        ? remote.Client.QuarantinedAsync(ns, cancellation)
        : Names(((LocalStore)store).Store, ns).SelectMany(name => ((LocalStore)store).Store.Replication.Quarantined(name)).ToAsyncEnumerable();

    private static (long Taken, long Left) RetryHere(string? db, HonuStoreOptions options, string? ns)
    {
        CommonOptions.RequireNames(db ?? throw CliException.Usage("Say which store: --db DIR for a directory, or --remote HOST:PORT for a server."));
        using var store = HonuStore.Open(db, options);
        var (taken, left) = (0L, 0L);
        foreach (var name in Names(store, ns))
        {
            taken += store.Replication.RetryQuarantined(name);
            left += store.Replication.State(name).Quarantined;
        }

        return (taken, left);
    }

    private static async Task<(long Taken, long Left)> RetryThere(CommonOptions common, ParseResult parsed, Option<string?> max, string? ns, CancellationToken cancellation)
    {
        if (parsed.GetValue(common.Db) is not null)
            throw CliException.Usage("Name one store: either --db DIR or --remote HOST:PORT.");
        if (parsed.GetValue(max) is not null)
            throw CliException.Usage("A server holds values up to the limit that it was started with: --max-value goes with --db.");
        await using var remote = common.Connect(parsed);
        return await remote.Client.RetryQuarantinedAsync(ns, cancellation);
    }

    private static QuarantinedObject? DiscardHere(HonuStore store, string ns, byte[] key)
    {
        var held = store.Replication.Quarantined(ns).FirstOrDefault(held => held.Key.Span.SequenceEqual(key));
        return held is not null && store.Replication.DiscardQuarantined(ns, key, held.Version.Id) ? held : null;
    }

    private static int Size(string text) => Parsing.Sizes.TryParse(text, out var bytes) && bytes is > 0 and <= int.MaxValue
        ? (int)bytes
        : throw CliException.Usage($"\"{text}\" is no size of a value. Write a number of bytes, or for example 64MiB.");

    private static void WriteJson(Utf8JsonWriter json, (QuarantinedObject Held, bool Base64) line)
    {
        json.WriteStartObject();
        ObjectLine.WriteFields(json, new ObjectLine
        {
            Namespace = line.Held.Namespace,
            Key = line.Held.Key.Span,
            Value = default,
            WithoutValue = true,
            Version = line.Held.Version,
            Base64 = line.Base64,
        });
        json.WriteNumber("bytes"u8, line.Held.Bytes);
        json.WriteString("since"u8, Time(line.Held));
        json.WriteString("reason"u8, line.Held.Reason);
        json.WriteEndObject();
    }

    private static void WriteCounts(Utf8JsonWriter json, (long Taken, long Left) counts)
    {
        json.WriteStartObject();
        json.WriteNumber("retried"u8, counts.Taken);
        json.WriteNumber("left"u8, counts.Left);
        json.WriteEndObject();
    }

    private static string Time(QuarantinedObject held) => held.Since.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture);
}
