using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using Honu.Cli.Access;
using Honu.Cli.Importing;
using Honu.Cli.Output;
using Honu.Hosting;

namespace Honu.Cli.Commands;

/// <summary><c>honu import</c>: writes the records of a file, or of another program's database, and counts those that are stored, also when it ends early.</summary>
internal static class ImportCommand
{
    public static Command Create()
    {
        var common = new CommonOptions();
        var file = new Argument<string>("FILE") { Description = "The file; - for stdin. With --from, the directory of the database." };
        var format = new Option<string?>("--format") { Description = "jsonl or tsv. Default: JSON if the first line begins with a brace.", HelpName = "FORMAT" };
        format.AcceptOnlyFromAmong("jsonl", "tsv");
        var from = new Option<string?>("--from") { Description = "Read a database instead of a file: go-honu (written by Go Honu v0.2.8) or leveldb (any LevelDB). It is not changed.", HelpName = "KIND" };
        from.AcceptOnlyFromAmong("go-honu", "leveldb");
        var tombstones = new Option<bool>("--tombstones") { Description = "With --from go-honu: delete what is deleted there. Without it, deleted objects are left out." };
        var skipInvalid = new Option<bool>("--skip-invalid") { Description = "With --from: leave out what a store cannot hold, and list it on stderr. Without it, the import stops there." };
        var sync = new Option<bool>("--sync") { Description = "Count records only when they survive power loss; without it, when they survive a killed process." };
        var command = new VerbCommand(
            "import",
            "Write records: JSON lines {\"key\",\"value\",\"namespace\"?} (keyBase64, valueBase64 for bytes) or lines of key, tab, value. "
            + "Stops at the first bad line and names it; the lines before it are stored and counted. With --from, the objects of another program's database.",
            """
              honu import records.jsonl --db ./data
              cut -f1,3 table.tsv | honu import - --format tsv --remote 127.0.0.1:7000 --namespace parts
              honu export --db ./old --history --tombstones | honu import - --db ./new
              honu import --from go-honu ./honudb --db ./data
              honu import --from leveldb ./cache --db ./data --namespace cache --skip-invalid
            """) { file, format, from, tombstones, skipInvalid, sync };
        common.AddStore(command);
        common.AddObjects(command);
        common.Namespace.Description = "The namespace of records that name none.";
        common.Base64.Description = "Keys and values of tab-separated lines are base64.";
        command.SetAction(async (parsed, cancellation) =>
        {
            var ns = common.NamespaceName(parsed);
            var options = parsed.GetValue(sync) ? WriteOptions.Synced : default;
            var json = parsed.GetValue(common.Json);
            if (parsed.GetValue(from) is { } kind)
            {
                if (parsed.GetValue(format) is not null || parsed.GetValue(common.Base64))
                    throw CliException.Usage("--format and --base64 are for files; a database given by --from has its own form.");
                var form = kind == "go-honu" ? DirectoryForm.GoHonu : DirectoryForm.LevelDb;
                if (form != DirectoryForm.GoHonu && parsed.GetValue(tombstones))
                    throw CliException.Usage("--tombstones is for --from go-honu: a plain LevelDB does not remember what was deleted.");
                var given = parsed.GetResult(common.Namespace) is { Implicit: false } ? ns : null;
                return await new DirectoryImport(
                    form, parsed.GetRequiredValue(file), given, parsed.GetValue(tombstones), parsed.GetValue(skipInvalid), options, json)
                    .RunAsync(() => common.Open(parsed, create: true), cancellation);
            }

            if (parsed.GetValue(tombstones) || parsed.GetValue(skipInvalid))
                throw CliException.Usage("--tombstones and --skip-invalid are for a database given by --from.");
            await using var input = Open(parsed.GetRequiredValue(file));
            await using var store = common.Open(parsed, create: true);
            var info = await store.GetInfoAsync(includeFigures: false, cancellation);
            var recordFormat = parsed.GetValue(format) switch
            {
                "jsonl" => RecordFormat.JsonLines,
                "tsv" => RecordFormat.Tsv,
                _ => (RecordFormat?)null,
            };
            var source = new RecordSource(input, recordFormat, ns, parsed.GetValue(common.Base64), info.MaxValueBytes);
            return await Run(store, source, input.CanSeek ? input.Length : null, options, json, cancellation);
        });
        return command;
    }

    private static async Task<int> Run(
        IStoreAccess store, RecordSource source, long? length, WriteOptions options, bool json, CancellationToken cancellation)
    {
        var counts = new ImportCounts();
        var clock = Stopwatch.StartNew();
        Exception? failure = null;
        try
        {
            await ProgressDisplay.RunAsync("import", length, report => store.ImportAsync(
                source.ReadAsync(cancellation),
                options,
                skipUnchanged: false,
                now =>
                {
                    Volatile.Write(ref counts, now);
                    report(source.BytesRead, now.Acknowledged);
                },
                cancellation));
        }
        catch (Exception e)
        {
            // What went wrong is reported below, with the number of records that are stored all the same.
            failure = e;
        }

        var (exitCode, error) = failure switch
        {
            null => (ExitCodes.Ok, null),
            BadLineException bad => (ExitCodes.Usage, bad.Message),
            _ => Failures.Describe(failure),
        };
        using var output = new ResultWriter();
        if (json)
            output.Json((counts, source, clock.ElapsedMilliseconds, error, (failure as BadLineException)?.Line), Write);
        else if (failure is null)
            output.Line(Text(counts));
        if (failure is not null)
        {
            var next = failure is BadLineException ? "Correct it and import the file again: records that are stored already only get another version." : "";
            Console.Error.WriteLine($"honu: {error!.ReplaceLineEndings(" ")} {counts.Acknowledged} records before it are stored (acknowledged). {next}".TrimEnd());
        }

        return exitCode;
    }

    private static string Text(ImportCounts counts)
    {
        var text = string.Create(CultureInfo.InvariantCulture, $"imported {counts.Acknowledged} records");
        return counts.NothingToDelete == 0
            ? text
            : string.Create(CultureInfo.InvariantCulture, $"{text}, of which {counts.NothingToDelete} deletions had nothing to delete");
    }

    private static void Write(Utf8JsonWriter writer, (ImportCounts Counts, RecordSource Source, long Milliseconds, string? Error, long? Line) result)
    {
        writer.WriteStartObject();
        writer.WriteNumber("imported"u8, result.Counts.Acknowledged);
        writer.WriteNumber("nothingToDelete"u8, result.Counts.NothingToDelete);
        writer.WriteNumber("bytes"u8, result.Source.BytesRead);
        writer.WriteNumber("milliseconds"u8, result.Milliseconds);
        if (result.Source.Format is { } format)
            writer.WriteString("format"u8, format == RecordFormat.JsonLines ? "jsonl" : "tsv");
        if (result.Line is { } line)
            writer.WriteNumber("line"u8, line);
        if (result.Error is not null)
            writer.WriteString("error"u8, result.Error);
        writer.WriteEndObject();
    }

    private static Stream Open(string file)
    {
        if (file == "-")
            return Console.OpenStandardInput();
        try
        {
            return new FileStream(file, new FileStreamOptions { Options = FileOptions.SequentialScan, BufferSize = 0 });
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException)
        {
            throw CliException.Usage($"Cannot read \"{file}\": {e.Message} Name a file, or - for stdin.");
        }
    }
}
