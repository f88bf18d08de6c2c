using System.CommandLine;
using Honu.Cli.Output;
using Honu.Hosting;

namespace Honu.Cli.Commands;

/// <summary><c>honu undelete</c>: brings a deleted object back from its history.</summary>
internal static class UndeleteCommand
{
    public static Command Create()
    {
        var common = new CommonOptions();
        var key = new Argument<string>("KEY") { Description = "The key." };
        var sync = new Option<bool>("--sync") { Description = "Wait until the write survives power loss; without it, it survives a killed process." };
        var command = new VerbCommand(
            "undelete",
            "Bring a deleted object back: the latest value in its history becomes a new version, which is printed. Exits with 3 when the object is not deleted or no value of it is kept.",
            """
              honu undelete order/17 --db ./data
              honu undelete order/17 --remote 127.0.0.1:7000 --namespace archive
            """) { key, sync };
        common.AddStore(command);
        common.AddObjects(command);
        command.SetAction(async (parsed, cancellation) =>
        {
            var ns = common.NamespaceName(parsed);
            var keyBytes = common.Key(parsed, parsed.GetRequiredValue(key));
            var name = PlainText.Format(keyBytes, parsed.GetValue(common.Base64));
            var options = parsed.GetValue(sync) ? WriteOptions.Synced : default;

            await using var store = common.Open(parsed, create: false);
            StoreObject? current = null, latest = null;
            await foreach (var item in store.HistoryAsync(ns, keyBytes, cancellation))
            {
                current ??= item;
                latest ??= item.Version.IsDeleted ? null : item;
            }

            if (current is not { Version.IsDeleted: true })
                throw new CliException(ExitCodes.NotFound, $"There is no deleted object \"{name}\" in namespace \"{ns}\".");
            if (latest is null)
                throw new CliException(ExitCodes.NotFound, $"No value of the deleted object \"{name}\" in namespace \"{ns}\" is kept.");
            var result = await store.TryPutAsync(ns, keyBytes, latest.Value.ToArray(), current.Version.Id, options, wantsToken: false, cancellation);
            if (!result.Applied)
                throw new CliException(ExitCodes.NotFound, $"Not written: the object was changed meanwhile, its current version is {result.Version.Id}. Read it again and decide.");
            using var output = new ResultWriter();
            output.Version(result.Version.Id, parsed.GetValue(common.Json));
            return ExitCodes.Ok;
        });
        return command;
    }
}
