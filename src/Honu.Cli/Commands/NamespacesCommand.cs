using System.CommandLine;
using System.Globalization;
using System.Text;
using System.Text.Json;
using Honu.Cli.Access;
using Honu.Cli.Output;
using Honu.Cli.Parsing;
using Honu.Hosting;

namespace Honu.Cli.Commands;

/// <summary><c>honu namespaces</c>: lists, drops and configures namespaces.</summary>
internal static class NamespacesCommand
{
    public static Command Create()
    {
        var common = new CommonOptions();
        var command = new VerbCommand(
            "namespaces",
            "List the namespaces with their objects, tombstones and bytes of values. Reads every key of the store. Its verbs drop a namespace and change how much of the past it keeps.",
            """
              honu namespaces --db ./data
              honu namespaces --remote 127.0.0.1:7000 --json
              honu namespaces drop cache --yes --db ./data
              honu namespaces retention orders 30d --db ./data
            """) { CreateDrop(), CreateRetention() };
        common.AddStore(command);
        command.SetAction(async (parsed, cancellation) =>
        {
            await using var store = common.Open(parsed, create: false, readOnly: true);
            var info = await store.GetInfoAsync(includeFigures: true, cancellation);
            using var output = new ResultWriter();
            foreach (var ns in info.Figures!.Namespaces)
            {
                if (parsed.GetValue(common.Json))
                    output.Json(ns, Write);
                else
                    output.Line(string.Create(CultureInfo.InvariantCulture, $"{PlainText.Escape(Encoding.UTF8.GetBytes(ns.Name))}\t{ns.Objects}\t{ns.Tombstones}\t{ns.ValueBytes}"));
            }

            return ExitCodes.Ok;
        });
        return command;
    }

    /// <summary>Name and counts of a namespace, into an object that the caller has begun.</summary>
    public static void WriteFigures(Utf8JsonWriter json, NamespaceFigures ns)
    {
        json.WriteString("name"u8, ns.Name);
        json.WriteNumber("objects"u8, ns.Objects);
        json.WriteNumber("tombstones"u8, ns.Tombstones);
        json.WriteNumber("valueBytes"u8, ns.ValueBytes);
        json.WriteNumber("historyEntries"u8, ns.HistoryEntries);
        json.WriteNumber("historyBytes"u8, ns.HistoryBytes);
    }

    private static VerbCommand CreateDrop()
    {
        var db = new CommonOptions().Db;
        var name = new Argument<string>("NAME") { Description = "The namespace." };
        var yes = new Option<bool>("--yes") { Description = "Really: nothing of it is kept in this store." };
        var command = new VerbCommand(
            "drop",
            "Remove a namespace from this store, with its history. Other replicas keep theirs, and send it again if they replicate with this one. Exits with 3 when there is none of that name.",
            """
              honu namespaces drop cache --yes --db ./data
            """) { name, yes, db };
        command.SetAction(async (parsed, _) =>
        {
            var ns = Name(parsed.GetRequiredValue(name));
            if (!parsed.GetValue(yes))
                throw CliException.Usage($"Dropping \"{ns}\" removes its objects and their history from this store. Add --yes if that is meant.");
            await using var store = Open(parsed.GetValue(db));
            return store.Store.DropNamespace(ns) ? ExitCodes.Ok : throw Missing(ns);
        });
        return command;
    }

    private static VerbCommand CreateRetention()
    {
        var db = new CommonOptions().Db;
        var name = new Argument<string>("NAME") { Description = "The namespace." };
        var keep = new Argument<string?>("KEEP")
        {
            Description = "parents (no old values), a number of versions, all, or a duration such as 30d. Without it, prints what is kept now.",
            Arity = ArgumentArity.ZeroOrOne,
        };
        var command = new VerbCommand("retention", "Print or change how much of its objects' past a namespace keeps.", """
              honu namespaces retention orders --db ./data
              honu namespaces retention orders 30d --db ./data
              honu namespaces retention cache parents --db ./data
            """) { name, keep, db };
        command.SetAction(async (parsed, _) =>
        {
            var ns = Name(parsed.GetRequiredValue(name));
            var wanted = parsed.GetValue(keep) is { } text ? ParseRetention(text) : (Retention?)null;
            await using var store = Open(parsed.GetValue(db));
            if (!store.Store.Namespaces.Contains(ns, StringComparer.Ordinal))
                throw Missing(ns);
            var space = store.Store.Namespace(ns);
            if (wanted is { } retention)
                Set(space, retention);
            using var output = new ResultWriter();
            output.Line(Format(space.Retention));
            return ExitCodes.Ok;
        });
        return command;
    }

    private static void Set(HonuNamespace space, Retention retention)
    {
        try
        {
            space.SetRetention(retention);
        }
        catch (ArgumentException e)
        {
            // A store that counts its versions cannot keep them by time.
            throw CliException.Usage(e.Message);
        }
    }

    private static Retention ParseRetention(string text)
    {
        try
        {
            return text switch
            {
                "parents" => Retention.ParentsOnly,
                "all" => Retention.All,
                _ when int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var count) => Retention.Versions(count),
                _ when Durations.TryParse(text, out var duration) => Retention.For(duration),
                _ => throw CliException.Usage($"\"{text}\" is no retention. Write parents, all, a number of versions, or a duration such as 30d."),
            };
        }
        catch (ArgumentOutOfRangeException e)
        {
            throw CliException.Usage($"\"{text}\" is no retention: {e.Message.ReplaceLineEndings(" ")}");
        }
    }

    private static string Format(Retention retention) => retention.Kind == RetentionKind.Time ? Durations.Format(retention.Duration) : retention.ToString();

    private static LocalStore Open(string? db) => string.IsNullOrEmpty(db)
        ? throw CliException.Usage("Say which store: --db DIR. A server's namespaces are changed where its directory is, while it does not run.")
        : LocalStore.Open(db, create: false, readOnly: false);

    private static string Name(string name) => Encoding.UTF8.GetByteCount(name) is >= 1 and <= StoreLimits.MaxNamespaceBytes
        ? name
        : throw CliException.Usage($"A namespace has 1 to {StoreLimits.MaxNamespaceBytes} bytes of UTF-8.");

    private static CliException Missing(string ns) => new(ExitCodes.NotFound, $"There is no namespace \"{ns}\" in this store.");

    private static void Write(Utf8JsonWriter json, NamespaceFigures ns)
    {
        json.WriteStartObject();
        WriteFigures(json, ns);
        json.WriteEndObject();
    }
}
