using System.CommandLine;

namespace Honu.Cli.Commands;

/// <summary><c>honu restore</c>: a backup becomes a store in a new directory.</summary>
internal static class RestoreCommand
{
    public static Command Create()
    {
        var db = CommonOptions.Directory();
        var json = CommonOptions.JsonOutput();
        var backup = new Argument<string>("BACKUP") { Description = "The backup, or the directory of any closed store." };
        var command = new VerbCommand(
            "restore",
            "Copy a backup into a new directory and check every record on the way. The backup stays as it is.",
            """
              honu restore ./backup-monday --db ./data
            """) { backup, db, json };
        command.SetAction(async (parsed, cancellation) =>
        {
            var (from, to) = (parsed.GetRequiredValue(backup), parsed.GetRequiredValue(db));
            CommonOptions.RequireNames(from, to);
            var report = await BackupCommand.Copy("Restoring", progress => HonuStore.Restore(from, to, options: null, progress, cancellation));
            BackupCommand.Print(
                parsed.GetValue(json),
                report,
                $"Restored {from} to {to}",
                "The store keeps its id and pid and takes a new epoch when it is first opened. Do not run it beside the one that it was made from.");
            return ExitCodes.Ok;
        });
        return command;
    }
}
