using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using Honu.Cli.Output;

namespace Honu.Cli.Commands;

/// <summary><c>honu repair</c>: makes a damaged store open again, with what is intact.</summary>
internal static class RepairCommand
{
    public static Command Create()
    {
        var db = CommonOptions.Directory();
        var json = CommonOptions.JsonOutput();
        var yes = new Option<bool>("--yes") { Description = "Do it. What cannot be read is gone afterwards: copy the directory first." };
        var newIdentity = new Option<bool>("--new-identity") { Description = "Make a new store of it when nothing says any more who it was." };
        var command = new VerbCommand(
            "repair",
            "Make a damaged store open again: keep the records that are intact, drop the others, rebuild the index. The store takes a new epoch, and its peers send it again what it lacks.",
            """
              cp -r ./data ./data-damaged && honu repair --db ./data --yes
              honu repair --db ./data --yes --json
            """) { db, yes, newIdentity, json };
        command.SetAction(async (parsed, cancellation) =>
        {
            var path = parsed.GetRequiredValue(db);
            CommonOptions.RequireNames(path);
            if (!parsed.GetValue(yes))
                throw CliException.Usage("A repair drops what it cannot read. Copy the directory first, then say --yes.");
            cancellation.ThrowIfCancellationRequested();
            RepairReport? report = null;
            await ProgressDisplay.RunAsync("Repairing", total: null, show =>
            {
                report = HonuStore.Repair(path, new RepairOptions { NewIdentity = parsed.GetValue(newIdentity), Progress = new CountProgress(show) });
                return Task.CompletedTask;
            });
            using var output = new ResultWriter();
            if (parsed.GetValue(json))
                output.Json(report!, WriteJson);
            else
                WriteText(output, report!);
            return ExitCodes.Ok;
        });
        return command;
    }

    private static void WriteText(ResultWriter output, RepairReport report)
    {
        output.Line($"{(report.IsNewIdentity ? "new store" : "store")} {report.Identity.StoreId}, replica {report.Identity.Replica}");
        output.Line(string.Create(CultureInfo.InvariantCulture, $"current    {report.CurrentRecords} ({report.RestoredFromHistory} from history)"));
        output.Line(string.Create(CultureInfo.InvariantCulture, $"history    {report.HistoryRecords}"));
        output.Line(string.Create(CultureInfo.InvariantCulture, $"dropped    {report.Dropped}"));
        foreach (var name in report.RenamedNamespaces)
            output.Line($"renamed    a namespace without a name is {name} now");
        VerifyCommand.WriteProblems(output, report.Problems);
    }

    private static void WriteJson(Utf8JsonWriter json, RepairReport report)
    {
        json.WriteStartObject();
        json.WriteString("storeId"u8, report.Identity.StoreId);
        json.WriteNumber("pid"u8, report.Identity.Replica.Pid);
        json.WriteNumber("epoch"u8, report.Identity.Replica.Epoch);
        json.WriteBoolean("newIdentity"u8, report.IsNewIdentity);
        json.WriteNumber("currentRecords"u8, report.CurrentRecords);
        json.WriteNumber("historyRecords"u8, report.HistoryRecords);
        json.WriteNumber("restoredFromHistory"u8, report.RestoredFromHistory);
        json.WriteNumber("dropped"u8, report.Dropped);
        json.WriteStartArray("renamedNamespaces"u8);
        foreach (var name in report.RenamedNamespaces)
            json.WriteStringValue(name);
        json.WriteEndArray();
        VerifyCommand.WriteProblems(json, report.Problems);
        json.WriteEndObject();
    }
}
