using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using Honu.Cli.Access;
using Honu.Cli.Importing;
using Honu.Cli.Output;

namespace Honu.Cli.Commands;

/// <summary><c>honu import</c>: writes the records of a file and counts those that are stored, also when it ends early.</summary>
internal static class ImportCommand
{
    public static Command Create()
    {
        var common = new CommonOptions();
        var file = new Argument<string>("FILE") { Description = "The file; - for stdin." };
        var format = new Option<string?>("--format") { Description = "jsonl or tsv. Default: JSON if the first line begins with a brace.", HelpName = "FORMAT" };
        format.AcceptOnlyFromAmong("jsonl", "tsv");
        var sync = new Option<bool>("--sync") { Description = "Count records only when they survive power loss; without it, when they survive a killed process." };
        var command = new VerbCommand(
            "import",
            "Write records: JSON lines {\"key\",\"value\",\"namespace\"?} (keyBase64, valueBase64 for bytes) or lines of key, tab, value. "
            + "Stops at the first bad line and names it; the lines before it are stored and counted.",
            """
              honu import records.jsonl --db ./data
              cut -f1,3 table.tsv | honu import - --format tsv --remote 127.0.0.1:7000 --namespace parts
              honu export --db ./old --history --tombstones | honu import - --db ./new
            """) { file, format, sync };
        common.AddStore(command);
        common.AddObjects(command);
        common.Namespace.Description = "The namespace of records that name none.";
        common.Base64.Description = "Keys and values of tab-separated lines are base64.";
        command.SetAction(async (parsed, cancellation) =>
        {
            var ns = common.NamespaceName(parsed);
            await using var input = Open(parsed.GetRequiredValue(file));
            await using var store = common.Open(parsed, create: true);
            var info = await store.GetInfoAsync(includeFigures: false, cancellation);
            var given = parsed.GetValue(format) switch
            {
                "jsonl" => RecordFormat.JsonLines,
                "tsv" => RecordFormat.Tsv,
                _ => (RecordFormat?)null,
            };
            var source = new RecordSource(input, given, ns, parsed.GetValue(common.Base64), info.MaxValueBytes);
            var options = parsed.GetValue(sync) ? WriteOptions.Synced : default;
            return await Run(store, source, input.CanSeek ? input.Length : null, options, parsed.GetValue(common.Json), cancellation);
        });
        return command;
    }

    private static async Task<int> Run(
        IStoreAccess store, RecordSource source, long? length, WriteOptions options, bool json, CancellationToken cancellation)
    {
        var imported = 0L;
        var clock = Stopwatch.StartNew();
        Exception? failure = null;
        try
        {
            await ProgressDisplay.RunAsync("import", length, report => store.ImportAsync(
                source.ReadAsync(cancellation),
                options,
                count =>
                {
                    Volatile.Write(ref imported, count);
                    report(source.BytesRead, count);
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
            output.Json((imported, source, clock.ElapsedMilliseconds, error, (failure as BadLineException)?.Line), Write);
        else if (failure is null)
            output.Line(string.Create(CultureInfo.InvariantCulture, $"imported {imported} records"));
        if (failure is not null)
        {
            var next = failure is BadLineException ? "Correct it and import the file again: records that are stored already only get another version." : "";
            Console.Error.WriteLine($"honu: {error!.ReplaceLineEndings(" ")} {imported} records before it are stored (acknowledged). {next}".TrimEnd());
        }

        return exitCode;
    }

    private static void Write(Utf8JsonWriter writer, (long Imported, RecordSource Source, long Milliseconds, string? Error, long? Line) result)
    {
        writer.WriteStartObject();
        writer.WriteNumber("imported"u8, result.Imported);
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
