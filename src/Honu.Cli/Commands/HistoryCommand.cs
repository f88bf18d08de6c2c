using System.CommandLine;
using Honu.Cli.Output;

namespace Honu.Cli.Commands;

/// <summary><c>honu history</c>: prints the versions of one object, newest first.</summary>
internal static class HistoryCommand
{
    public static Command Create()
    {
        var common = new CommonOptions();
        var consistency = new ConsistencyOptions();
        var key = new Argument<string>("KEY") { Description = "The key." };
        var command = new VerbCommand(
            "history",
            "Print the versions of an object that are still kept, newest first: version, state (current, earlier, deleted, lost), value. Exits with 3 when the key was never written.",
            """
              honu history order/17 --db ./data
              honu history order/17 --remote 127.0.0.1:7000 --json
            """) { key };
        common.AddStore(command);
        common.AddObjects(command);
        consistency.AddToReader(command);
        command.SetAction(async (parsed, cancellation) =>
        {
            var ns = common.NamespaceName(parsed);
            var keyBytes = common.Key(parsed, parsed.GetRequiredValue(key));
            var (json, base64) = (parsed.GetValue(common.Json), parsed.GetValue(common.Base64));

            string[]? namespaces = [ns];
            var options = await consistency.ReadAsync(parsed, common, cancellation);
            await using var store = common.Open(parsed, create: false, readOnly: true);
            if (consistency.IsGiven(parsed))
                await store.WaitForAsync(namespaces, options, cancellation);
            using var output = new ResultWriter();
            var count = 0;
            await foreach (var item in store.HistoryAsync(ns, keyBytes, cancellation))
            {
                if (json)
                {
                    var line = new ObjectLine
                    {
                        Namespace = ns,
                        Key = keyBytes,
                        Value = item.Value.Span,
                        Version = item.Version,
                        LostConflict = item.LostConflict,
                        Base64 = base64,
                    };
                    output.Json(line, ObjectLine.Write);
                }
                else
                {
                    var state = item.Version.IsDeleted ? "deleted" : item.LostConflict ? "lost" : count == 0 ? "current" : "earlier";
                    output.Line($"{item.Version.Id}\t{state}\t{PlainText.Format(item.Value.Span, base64)}");
                }

                count++;
            }

            await consistency.FinishAsync(parsed, common, store, namespaces, output, cancellation);
            return count > 0
                ? ExitCodes.Ok
                : throw new CliException(ExitCodes.NotFound, $"The key \"{PlainText.Format(keyBytes, base64)}\" was never written in namespace \"{ns}\".");
        });
        return command;
    }
}
