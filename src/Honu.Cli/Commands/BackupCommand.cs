using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using Honu.Cli.Output;
using Honu.Cli.Parsing;

namespace Honu.Cli.Commands;

/// <summary><c>honu backup</c>: a copy of a store that nobody has open, checked on the way.</summary>
internal static class BackupCommand
{
    public static Command Create()
    {
        var db = CommonOptions.Directory();
        var json = CommonOptions.JsonOutput();
        var target = new Argument<string>("DEST") { Description = "Where to: a directory that does not exist or is empty." };
        var command = new VerbCommand(
            "backup",
            "Copy a store into a new directory and check every record on the way. For a store that no server has open; an application backs up its open store with BackupTo.",
            """
              honu backup --db ./data ./backup-monday
              honu backup --db ./data /mnt/backup/data --json
            """) { target, db, json };
        command.SetAction(async (parsed, cancellation) =>
        {
            var (from, to) = (parsed.GetRequiredValue(db), parsed.GetRequiredValue(target));
            CommonOptions.RequireNames(from, to);

            // A copy does not change what it is made from: not even its epoch.
            using var store = HonuStore.Open(from, new HonuStoreOptions { ReadOnly = true });
            var report = await Copy("Backing up", progress => store.BackupTo(to, progress, cancellation));
            Print(parsed.GetValue(json), report, $"Backed up {from} to {to}");
            return ExitCodes.Ok;
        });
        return command;
    }

    /// <summary>Copies with a progress bar.</summary>
    public static async Task<BackupReport> Copy(string title, Func<IProgress<long>, BackupReport> copy)
    {
        var report = default(BackupReport);
        await ProgressDisplay.RunAsync(title, total: null, show =>
        {
            report = copy(new CountProgress(show));
            return Task.CompletedTask;
        });
        return report;
    }

    /// <summary>Prints what was copied.</summary>
    public static void Print(bool json, BackupReport report, string text, string? note = null)
    {
        using var output = new ResultWriter();
        if (json)
        {
            output.Json(report, WriteJson);
            return;
        }

        output.Line(string.Create(CultureInfo.InvariantCulture, $"{text}: {report.Entries} entries, {Sizes.Format(report.Bytes)}"));
        if (note is not null)
            output.Line(note);
    }

    private static void WriteJson(Utf8JsonWriter json, BackupReport report)
    {
        json.WriteStartObject();
        json.WriteNumber("entries"u8, report.Entries);
        json.WriteNumber("bytes"u8, report.Bytes);
        json.WriteEndObject();
    }
}
