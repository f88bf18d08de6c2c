using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using System.Text.Json;
using Honu.Cli.Output;
using Honu.Hosting;

namespace Honu.Cli.Commands;

/// <summary><c>honu watch</c>: prints changes as they are committed.</summary>
internal static class WatchCommand
{
    public static Command Create()
    {
        var common = new CommonOptions();
        var ns = new Option<string[]>("--namespace") { Description = "Only this namespace; may be repeated. Default: all.", HelpName = "NAME" };
        var prefix = new Option<string?>("--prefix") { Description = "Only keys that begin with this.", HelpName = "KEY" };
        var token = new Option<string?>("--token") { Description = "Go on where another watch of this store stood.", HelpName = "TOKEN" };
        var fromStart = new Option<bool>("--from-start") { Description = "Begin with what the store holds, deletions included." };
        var once = new Option<bool>("--once") { Description = "End when everything up to now has been printed. Always so with --db: while this command has the directory open, nobody else writes." };
        var limit = new Option<long?>("--limit") { Description = "End after so many changes.", HelpName = "N", CustomParser = ParseLimit };
        var keysOnly = new Option<bool>("--keys-only") { Description = "Leave values out." };
        var command = new VerbCommand(
            "watch",
            "Print changes after they were committed, local and replicated: namespace, key, value (or \"(deleted)\"). With --json each line that ends a message has a token; the last token is also printed on stderr at the end. A slow reader gets the latest version of each key.",
            """
              honu watch --remote 127.0.0.1:7000 --prefix order/
              honu watch --remote 127.0.0.1:7000 --namespace carts --token TOKEN --json
              honu watch --db ./data --from-start --json
            """) { ns, prefix, token, fromStart, once, limit, keysOnly };
        common.AddStore(command);
        command.Add(common.Base64);
        command.SetAction(async (parsed, cancellation) =>
        {
            if (parsed.GetValue(token) is not null && parsed.GetValue(fromStart))
                throw CliException.Usage("Either --token or --from-start.");
            var names = parsed.GetValue(ns) ?? [];
            foreach (var name in names)
                CommonOptions.CheckNamespace(name);
            var watch = new StoreWatch
            {
                Namespaces = names.Length == 0 ? null : names,
                Prefix = parsed.GetValue(prefix) is { } text ? common.Bytes(parsed, text, prefix.Name) : default,
                Token = parsed.GetValue(token),
                FromStart = parsed.GetValue(fromStart),
                KeysOnly = parsed.GetValue(keysOnly),
                EndWhenCaughtUp = parsed.GetValue(once),
                Limit = parsed.GetValue(limit),
            };

            await using var store = common.Open(parsed, create: false);
            using var output = new ResultWriter();
            await Print(store.WatchAsync(watch, Started, cancellation), output, parsed.GetValue(common.Json), parsed.GetValue(common.Base64), watch.KeysOnly);
            return ExitCodes.Ok;
        });
        return command;
    }

    private static void Started(string token) => Console.Error.WriteLine(token.Length == 0 ? "honu: watching from the start" : $"honu: watching from --token {token}");

    private static async Task Print(IAsyncEnumerable<StoreChange> changes, ResultWriter output, bool json, bool base64, bool keysOnly)
    {
        string? last = null;
        try
        {
            await foreach (var change in changes)
            {
                if (json)
                    output.Json((change, base64, keysOnly), WriteJson);
                else
                    output.Line(Text(change.Object, base64, keysOnly));
                last = change.Token ?? last;

                // The end of a message: whoever reads the lines sees them now.
                if (change.Token is not null)
                    output.Flush();
            }
        }
        finally
        {
            if (last is not null)
                Console.Error.WriteLine($"honu: go on with --token {last}");
        }
    }

    private static string Text(StoreObject item, bool base64, bool keysOnly)
    {
        var text = $"{PlainText.Escape(System.Text.Encoding.UTF8.GetBytes(item.Namespace))}\t{PlainText.Format(item.Key.Span, base64)}";
        if (item.Version.IsDeleted)
            return text + "\t(deleted)";
        return keysOnly ? text : $"{text}\t{PlainText.Format(item.Value.Span, base64)}";
    }

    private static void WriteJson(Utf8JsonWriter json, (StoreChange Change, bool Base64, bool KeysOnly) line)
    {
        var item = line.Change.Object;
        json.WriteStartObject();
        ObjectLine.WriteFields(json, new ObjectLine
        {
            Namespace = item.Namespace,
            Key = item.Key.Span,
            Value = item.Value.Span,
            Version = item.Version,
            WithoutValue = line.KeysOnly,
            Base64 = line.Base64,
        });
        json.WriteBoolean("local"u8, line.Change.IsLocal);
        if (line.Change.IsCatchUp)
            json.WriteBoolean("catchUp"u8, value: true);
        if (line.Change.StartsOver)
            json.WriteBoolean("startsOver"u8, value: true);
        if (line.Change.Token is { } token)
            json.WriteString("token"u8, token);
        json.WriteEndObject();
    }

    private static long? ParseLimit(ArgumentResult result)
    {
        if (long.TryParse(result.Tokens[0].Value, NumberStyles.None, CultureInfo.InvariantCulture, out var limit) && limit >= 1)
            return limit;
        result.AddError($"\"{result.Tokens[0].Value}\" is not a limit. Write a whole number from 1.");
        return null;
    }
}
