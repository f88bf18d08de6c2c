using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using Honu.Cli.Output;
using Honu.Hosting;

namespace Honu.Cli.Commands;

/// <summary><c>honu scan</c>: prints objects in key order.</summary>
internal static class ScanCommand
{
    public static Command Create()
    {
        var common = new CommonOptions();
        var consistency = new ConsistencyOptions();
        var prefix = new Option<string?>("--prefix") { Description = "Only keys that begin with this.", HelpName = "KEY" };
        var from = new Option<string?>("--from") { Description = "The first key, inclusive.", HelpName = "KEY" };
        var to = new Option<string?>("--to") { Description = "The last key, exclusive.", HelpName = "KEY" };
        var reverse = new Option<bool>("--reverse") { Description = "In descending order." };
        var limit = new Option<long?>("--limit") { Description = "Objects at most.", HelpName = "N", CustomParser = ParseLimit };
        var tombstones = new Option<bool>("--tombstones") { Description = "Also deleted objects." };
        var keysOnly = new Option<bool>("--keys-only") { Description = "Leave values out." };
        var all = new Option<bool>("--all-namespaces") { Description = "Every namespace, one after the other; its name stands first in each line." };
        var command = new VerbCommand(
            "scan",
            "Print objects in key order: key, tab, value. Tabs, line ends and bytes that are no text are escaped (\\t \\n \\xNN); use --json or --base64 for exact bytes.",
            """
              honu scan --db ./data --prefix order/
              honu scan --db ./data --from a --to b --reverse --limit 10
              honu scan --remote 127.0.0.1:7000 --all-namespaces --tombstones --json
            """) { prefix, from, to, reverse, limit, tombstones, keysOnly, all };
        common.AddStore(command);
        common.AddObjects(command);
        consistency.AddToReader(command);
        command.SetAction(async (parsed, cancellation) =>
        {
            var everything = parsed.GetValue(all);
            if (everything && parsed.GetResult(common.Namespace) is { Implicit: false })
                throw CliException.Usage("Either --namespace or --all-namespaces.");
            var scan = new StoreScan
            {
                Namespace = everything ? null : common.NamespaceName(parsed),
                Prefix = Bound(prefix),
                From = Bound(from),
                To = Bound(to),
                Reverse = parsed.GetValue(reverse),
                Limit = parsed.GetValue(limit),
                IncludeTombstones = parsed.GetValue(tombstones),
                KeysOnly = parsed.GetValue(keysOnly),
            };

            string[]? namespaces = scan.Namespace is { } only ? [only] : null;
            var options = await consistency.ReadAsync(parsed, common, cancellation);
            await using var store = common.Open(parsed, create: false, readOnly: true);
            if (consistency.IsGiven(parsed))
                await store.WaitForAsync(namespaces, options, cancellation);
            using var output = new ResultWriter();
            var sink = new ObjectSink(output, parsed.GetValue(common.Json), parsed.GetValue(common.Base64), scan.KeysOnly, withNamespace: everything);
            await store.ScanAsync(scan, sink, cancellation);
            await consistency.FinishAsync(parsed, common, store, namespaces, output, cancellation);
            return ExitCodes.Ok;

            ReadOnlyMemory<byte> Bound(Option<string?> option) => parsed.GetValue(option) is { } text ? common.Bytes(parsed, text, option.Name) : default;
        });
        return command;
    }

    private static long? ParseLimit(ArgumentResult result)
    {
        if (long.TryParse(result.Tokens[0].Value, NumberStyles.None, CultureInfo.InvariantCulture, out var limit) && limit >= 1)
            return limit;
        result.AddError($"\"{result.Tokens[0].Value}\" is not a limit. Write a whole number from 1.");
        return null;
    }
}
