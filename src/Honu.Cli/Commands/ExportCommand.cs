using System.CommandLine;
using Honu.Cli.Output;
using Honu.Hosting;

namespace Honu.Cli.Commands;

/// <summary><c>honu export</c>: every object as JSON lines, the same bytes on replicas that have converged.</summary>
internal static class ExportCommand
{
    public static Command Create()
    {
        var common = new CommonOptions();
        var latest = new Option<bool>("--latest") { Description = "The latest version of each object (the default)." };
        var history = new Option<bool>("--history") { Description = "Every version still kept, oldest first. Differs between replicas that have pruned differently." };
        var tombstones = new Option<bool>("--tombstones") { Description = "Also deletions." };
        var command = new VerbCommand(
            "export",
            "Print every object as JSON lines, sorted by namespace and key (of --namespace only, when given). Converged replicas print the same bytes.",
            """
              honu export --db ./data > backup.jsonl
              honu export --remote 127.0.0.1:7000 --namespace orders --tombstones
              diff <(honu export --remote 127.0.0.1:7000) <(honu export --remote 127.0.0.1:7001)
            """) { latest, history, tombstones };
        common.AddStore(command);
        common.AddObjects(command);
        common.Namespace.Description = "Only this namespace. Default: all of them.";
        common.Namespace.DefaultValueFactory = static _ => "";
        common.Base64.Description = "Print keys and values as base64 even where they are text.";
        command.SetAction(async (parsed, cancellation) =>
        {
            if (parsed.GetValue(latest) && parsed.GetValue(history))
                throw CliException.Usage("Either --latest or --history.");
            var scan = new StoreScan
            {
                Namespace = parsed.GetResult(common.Namespace) is { Implicit: false } ? common.NamespaceName(parsed) : null,
                IncludeHistory = parsed.GetValue(history),
                IncludeTombstones = parsed.GetValue(tombstones),
            };

            await using var store = common.Open(parsed, create: false, readOnly: true);
            using var output = new ResultWriter();
            var sink = new ObjectSink(output, json: true, parsed.GetValue(common.Base64));
            await store.ScanAsync(scan, sink, cancellation);
            return ExitCodes.Ok;
        });
        return command;
    }
}
