using System.CommandLine;
using System.Globalization;
using Honu.Cli.Output;
using Honu.Hosting;

namespace Honu.Cli.Commands;

/// <summary><c>honu delete</c>: deletes one object and prints the tombstone's version.</summary>
internal static class DeleteCommand
{
    public static Command Create()
    {
        var common = new CommonOptions();
        var consistency = new ConsistencyOptions();
        var key = new Argument<string?>("KEY") { Description = "The key; not with --prefix, --from or --to.", Arity = ArgumentArity.ZeroOrOne };
        var range = new RangeOptions();
        var sync = new Option<bool>("--sync") { Description = "Wait until the deletion survives power loss; without it, it survives a killed process." };
        var command = new VerbCommand("delete", "Delete an object; its history stays. Prints the tombstone's version; exits with 3 when nothing was there. With --prefix, --from or --to, deletes every object of the range, in commits of up to 512, and prints how many.", """
              honu delete order/17 --db ./data
              honu delete --prefix order/2019- --db ./data
              honu delete order/17 --remote 127.0.0.1:7000 --namespace archive
            """) { key, sync };
        range.Add(command);
        common.AddStore(command);
        common.AddObjects(command);
        consistency.AddToWriter(command);
        command.SetAction(async (parsed, cancellation) =>
        {
            var ns = common.NamespaceName(parsed);
            var options = parsed.GetValue(sync) ? WriteOptions.Synced : default;
            if (range.IsGiven(parsed))
            {
                if (consistency.IsGiven(parsed))
                    throw CliException.Usage("Tokens and --wait-replicas go with a KEY, not with a range.");
                if (parsed.GetValue(key) is not null)
                    throw CliException.Usage("Either a KEY, or a range by --prefix, --from and --to.");
                if (!range.IsNarrow(parsed))
                    throw CliException.Usage("The range is every object. Name a prefix or a bound that is not empty; \"honu namespaces drop\" removes a whole namespace from this store.");
                return await DeleteRange(common, parsed, range.Scan(parsed, common), options, cancellation);
            }

            var keyBytes = common.Key(parsed, parsed.GetValue(key) ?? throw CliException.Usage("Say what to delete: a KEY, or a range by --prefix, --from and --to."));

            options = await consistency.WriteAsync(parsed, common, options, cancellation);
            await using var store = common.Open(parsed, create: false);
            var result = await store.DeleteAsync(ns, keyBytes, options, consistency.WantsToken(parsed), cancellation);
            if (!result.Applied)
                throw new CliException(ExitCodes.NotFound, $"There is no object \"{PlainText.Format(keyBytes, parsed.GetValue(common.Base64))}\" in namespace \"{ns}\".");
            await consistency.ReportAsync(parsed, common, result.Version.Id, result.AcknowledgedBy, result.Token, cancellation);
            return ExitCodes.Ok;
        });
        return command;
    }

    private static async Task<int> DeleteRange(CommonOptions common, ParseResult parsed, StoreScan range, WriteOptions options, CancellationToken cancellation)
    {
        await using var store = common.Open(parsed, create: false);
        var deleted = await store.DeleteRangeAsync(range, options, cancellation);
        using var output = new ResultWriter();
        if (parsed.GetValue(common.Json))
        {
            output.Json(deleted, static (json, count) =>
            {
                json.WriteStartObject();
                json.WriteNumber("deleted"u8, count);
                json.WriteEndObject();
            });
        }
        else
        {
            output.Line(string.Create(CultureInfo.InvariantCulture, $"deleted {deleted} objects"));
        }

        return ExitCodes.Ok;
    }
}
