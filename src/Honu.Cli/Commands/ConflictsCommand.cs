using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using Honu.Cli.Output;

namespace Honu.Cli.Commands;

/// <summary><c>honu conflicts</c>: prints the conflicts that nothing has settled.</summary>
internal static class ConflictsCommand
{
    public static Command Create()
    {
        var common = new CommonOptions();
        var ns = new Option<string?>("--namespace") { Description = "Only this namespace. Default all.", HelpName = "NAME" };
        var command = new VerbCommand(
            "conflicts",
            "Print the conflicts that this replica knows and that nothing has settled: namespace, key, winner, loser, since, the loser's value (empty when it is a deletion). Write the object again (honu put, honu delete) to settle one.",
            """
              honu conflicts --db ./data
              honu conflicts --remote 127.0.0.1:7000 --namespace orders --json
            """);
        common.AddStore(command);
        command.Add(ns);
        command.Add(common.Base64);
        command.SetAction(async (parsed, cancellation) =>
        {
            var (json, base64) = (parsed.GetValue(common.Json), parsed.GetValue(common.Base64));
            await using var store = common.Open(parsed, create: false, readOnly: true);
            using var output = new ResultWriter();
            await foreach (var conflict in store.ConflictsAsync(parsed.GetValue(ns), cancellation))
            {
                if (json)
                    output.Json((conflict, base64), WriteJson);
                else
                    WriteText(output, conflict, base64);
            }

            return ExitCodes.Ok;
        });
        return command;
    }

    private static void WriteText(ResultWriter output, Conflict conflict, bool base64)
    {
        var (key, value) = (PlainText.Format(conflict.Key.Span, base64), PlainText.Format(conflict.LoserValue.Span, base64));
        output.Line($"{conflict.Namespace}\t{key}\t{conflict.Winner.Id}\t{conflict.Loser.Id}\t{Time(conflict)}\t{value}");
    }

    private static void WriteJson(Utf8JsonWriter json, (Conflict Conflict, bool Base64) line)
    {
        var conflict = line.Conflict;
        json.WriteStartObject();
        json.WriteString("since"u8, Time(conflict));
        json.WritePropertyName("winner"u8);
        ObjectLine.WriteVersion(json, conflict.Winner.Id);
        if (conflict.Winner.IsDeleted)
            json.WriteBoolean("winnerDeleted"u8, value: true);
        json.WritePropertyName("loser"u8);
        ObjectLine.Write(json, new ObjectLine
        {
            Namespace = conflict.Namespace,
            Key = conflict.Key.Span,
            Value = conflict.LoserValue.Span,
            Version = conflict.Loser,
            LostConflict = true,
            Base64 = line.Base64,
        });
        json.WriteEndObject();
    }

    private static string Time(Conflict conflict) => conflict.Since.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture);
}
