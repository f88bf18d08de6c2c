using System.CommandLine;
using Honu.Cli.Output;

namespace Honu.Cli.Commands;

/// <summary><c>honu delete</c>: deletes one object and prints the tombstone's version.</summary>
internal static class DeleteCommand
{
    public static Command Create()
    {
        var common = new CommonOptions();
        var key = new Argument<string>("KEY") { Description = "The key." };
        var sync = new Option<bool>("--sync") { Description = "Wait until the deletion survives power loss; without it, it survives a killed process." };
        var command = new VerbCommand("delete", "Delete an object; its history stays. Prints the tombstone's version; exits with 3 when nothing was there.", """
              honu delete order/17 --db ./data
              honu delete order/17 --remote 127.0.0.1:7000 --namespace archive
            """) { key, sync };
        common.AddStore(command);
        common.AddObjects(command);
        command.SetAction(async (parsed, cancellation) =>
        {
            var ns = common.NamespaceName(parsed);
            var keyBytes = common.Key(parsed, parsed.GetRequiredValue(key));
            var options = parsed.GetValue(sync) ? WriteOptions.Synced : default;

            await using var store = common.Open(parsed, create: false);
            var tombstone = await store.DeleteAsync(ns, keyBytes, options, cancellation);
            if (tombstone.IsNone)
                throw new CliException(ExitCodes.NotFound, $"There is no object \"{PlainText.Format(keyBytes, parsed.GetValue(common.Base64))}\" in namespace \"{ns}\".");
            using var output = new ResultWriter();
            output.Version(tombstone.Id, parsed.GetValue(common.Json));
            return ExitCodes.Ok;
        });
        return command;
    }
}
