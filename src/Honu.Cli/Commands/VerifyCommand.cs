using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using Honu.Cli.Output;
using Honu.Cli.Parsing;

namespace Honu.Cli.Commands;

/// <summary><c>honu verify</c>: whether every record of a closed store is intact, or whether two replicas hold the same.</summary>
internal static class VerifyCommand
{
    public static Command Create()
    {
        var common = new CommonOptions();
        var peer = new Option<string?>("--peer") { Description = "Compare with this replica instead, and repair both sides where they differ: PID of a known peer, or HOST:PORT, or PID@HOST:PORT.", HelpName = "PEER" };
        var command = new VerbCommand(
            "verify",
            "Read every record of a store and check it by itself and against index and vectors. Exits with 0 when all is well and with 5 when something is damaged. With --peer: compare the contents of two replicas by digests and repair what differs; exits with 6 when something could not be compared.",
            """
              honu verify --db ./data
              honu verify --db ./data --json
              honu verify --peer 2 --remote 127.0.0.1:7000
              honu verify --peer 127.0.0.1:7001 --db ./data
            """) { peer };
        common.AddStore(command);
        common.Db.Description = "The store's directory. No server may have it open.";
        common.Remote.Description = "With --peer: the server that compares.";
        common.Timeout.Description = "With --peer: how long it may take. Default 10m.";
        command.SetAction(async (parsed, cancellation) =>
        {
            if (parsed.GetValue(peer) is { } other)
                return await PeerVerification.RunAsync(common, parsed, other, cancellation);
            if (parsed.GetValue(common.Remote) is not null)
                throw CliException.Usage("A server's store is verified against a peer: add --peer. A whole check of the records needs --db DIR, while no server has it open.");
            var path = parsed.GetValue(common.Db) ?? throw CliException.Usage("Say which store: --db DIR.");
            CommonOptions.RequireNames(path);
            VerificationReport? report = null;
            await ProgressDisplay.RunAsync("Verifying", total: null, show =>
            {
                report = HonuStore.Verify(path, new VerifyOptions { Progress = new CountProgress(show) }, cancellation);
                return Task.CompletedTask;
            });
            using var output = new ResultWriter();
            if (parsed.GetValue(common.Json))
                output.Json(report!, WriteJson);
            else
                WriteText(output, report!);
            output.Flush();
            if (report!.IsHealthy)
                return ExitCodes.Ok;
            await Console.Error.WriteLineAsync($"honu: The store at {path} is damaged. Copy its directory, then restore a backup, begin an empty replica, or repair it (honu repair --help).");
            return ExitCodes.Corrupt;
        });
        return command;
    }

    /// <summary>Prints problems, one a line.</summary>
    public static void WriteProblems(ResultWriter output, IEnumerable<StoreProblem> problems)
    {
        foreach (var problem in problems)
        {
            var where = (problem.Namespace is null ? "" : $" namespace {PlainText.Escape(System.Text.Encoding.UTF8.GetBytes(problem.Namespace))}") + (problem.Key.Length == 0 ? "" : $" key {problem.Key} (hex)");
            output.Line($"problem {where.TrimStart()}{(where.Length == 0 ? "" : ": ")}{problem.What.ReplaceLineEndings(" ")}");
        }
    }

    /// <summary>Writes problems as an array.</summary>
    public static void WriteProblems(Utf8JsonWriter json, IEnumerable<StoreProblem> problems)
    {
        json.WriteStartArray("problems"u8);
        foreach (var problem in problems)
        {
            json.WriteStartObject();
            if (problem.Namespace is not null)
                json.WriteString("namespace"u8, problem.Namespace);
            if (problem.Key.Length > 0)
                json.WriteString("keyHex"u8, problem.Key);
            json.WriteString("what"u8, problem.What);
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    private static void WriteText(ResultWriter output, VerificationReport report)
    {
        output.Line(report.IsHealthy ? "healthy" : string.Create(CultureInfo.InvariantCulture, $"damaged: {report.ProblemCount} problems"));
        output.Line(string.Create(CultureInfo.InvariantCulture, $"namespaces     {report.Namespaces}"));
        output.Line(string.Create(CultureInfo.InvariantCulture, $"current        {report.CurrentRecords}"));
        output.Line(string.Create(CultureInfo.InvariantCulture, $"history        {report.HistoryRecords}"));
        output.Line(string.Create(CultureInfo.InvariantCulture, $"index          {report.IndexEntries} ({report.StaleIndexEntries} stale)"));
        output.Line(string.Create(CultureInfo.InvariantCulture, $"store records  {report.StoreRecords}"));
        if (report.UnknownEntries > 0)
            output.Line(string.Create(CultureInfo.InvariantCulture, $"unknown        {report.UnknownEntries}"));
        output.Line($"read           {Sizes.Format(report.Bytes)}");
        WriteProblems(output, report.Problems);
    }

    private static void WriteJson(Utf8JsonWriter json, VerificationReport report)
    {
        json.WriteStartObject();
        json.WriteBoolean("healthy"u8, report.IsHealthy);
        json.WriteNumber("namespaces"u8, report.Namespaces);
        json.WriteNumber("currentRecords"u8, report.CurrentRecords);
        json.WriteNumber("historyRecords"u8, report.HistoryRecords);
        json.WriteNumber("indexEntries"u8, report.IndexEntries);
        json.WriteNumber("staleIndexEntries"u8, report.StaleIndexEntries);
        json.WriteNumber("storeRecords"u8, report.StoreRecords);
        json.WriteNumber("unknownEntries"u8, report.UnknownEntries);
        json.WriteNumber("bytes"u8, report.Bytes);
        json.WriteNumber("problemCount"u8, report.ProblemCount);
        WriteProblems(json, report.Problems);
        json.WriteEndObject();
    }
}
