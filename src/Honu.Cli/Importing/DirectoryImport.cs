using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using Honu.Cli.Access;
using Honu.Cli.Output;
using Honu.Hosting;
using Honu.LevelDb;

namespace Honu.Cli.Importing;

/// <summary>What an import of a directory was asked to do.</summary>
/// <param name="Form">Who wrote the database.</param>
/// <param name="Directory">Its directory.</param>
/// <param name="Namespace">Where records go that name no namespace; null when the user gave none.</param>
/// <param name="Tombstones">Whether tombstones delete.</param>
/// <param name="SkipInvalid">Whether records that cannot be stored are left out.</param>
/// <param name="Options">When a write counts as done.</param>
/// <param name="Json">How the report is printed.</param>
internal sealed record DirectoryImport(
    DirectoryForm Form, string Directory, string? Namespace, bool Tombstones, bool SkipInvalid, WriteOptions Options, bool Json)
{
    /// <summary>
    /// Copies the database, then writes its records into the store, in the order of their database keys: each key has one record, so no order
    /// tells more, and Go's versions count each object on its own.
    /// </summary>
    /// <param name="open">Opens the store: after a look at the source, so that a mistyped directory creates no store, and before the long copy.</param>
    /// <param name="cancellation">Ends the import; what is stored stays.</param>
    public async Task<int> RunAsync(Func<IStoreAccess> open, CancellationToken cancellation)
    {
        var clock = Stopwatch.StartNew();
        var bytes = DirectoryCopy.Measure(Directory);
        await using var store = open();
        var limit = (await store.GetInfoAsync(includeFigures: false, cancellation)).MaxValueBytes;
        using var copy = await CopyAsync(bytes, cancellation);
        var skipped = new SkippedLines();
        var records = Form == DirectoryForm.GoHonu
            ? DirectoryRecords.OfGoHonu(copy.Database, Namespace, limit)
            : DirectoryRecords.OfLevelDb(copy.Database, Namespace ?? HonuStore.DefaultNamespace, limit);
        var source = new DirectorySource(copy.Database, Directory, records, Tombstones, SkipInvalid ? skipped.Add : null);
        var (counts, failure) = await WriteAsync(store, copy.Database, source, cancellation);
        skipped.Show();
        return Report(counts, source, clock.ElapsedMilliseconds, failure);
    }

    private async Task<DirectoryCopy> CopyAsync(long bytes, CancellationToken cancellation)
    {
        DirectoryCopy? copy = null;
        await ProgressDisplay.RunAsync("copy", bytes, report =>
        {
            copy = DirectoryCopy.Open(Directory, report, cancellation);
            return Task.CompletedTask;
        }, "files");
        return copy!;
    }

    private async Task<(ImportCounts Counts, Exception? Failure)> WriteAsync(
        IStoreAccess store, LevelDatabase database, DirectorySource source, CancellationToken cancellation)
    {
        var counts = new ImportCounts();
        try
        {
            await ProgressDisplay.RunAsync("import", (long)database.GetApproximateSize([], []), report => store.ImportAsync(
                source.ReadAsync(cancellation),
                Options,
                skipUnchanged: true,
                now =>
                {
                    Volatile.Write(ref counts, now);
                    report(source.Position, now.Acknowledged);
                },
                cancellation));
            return (counts, null);
        }
        catch (LevelDbException e)
        {
            return (counts, DirectoryCopy.Damaged(e, Directory));
        }
        catch (Exception e)
        {
            // What went wrong is reported with the number of objects that are stored all the same.
            return (counts, e);
        }
    }

    private int Report(ImportCounts counts, DirectorySource source, long milliseconds, Exception? failure)
    {
        var (exitCode, error) = failure switch
        {
            null => (ExitCodes.Ok, null),
            BadRecordException => (ExitCodes.Usage, failure.Message),
            _ => Failures.Describe(failure),
        };
        using var output = new ResultWriter();
        if (Json)
            output.Json((this, counts, source, milliseconds, error, (failure as BadRecordException)?.DatabaseKey), Write);
        else if (failure is null)
            output.Line(Text(counts, source));
        if (failure is not null)
        {
            var next = failure is BadRecordException ? "Add --skip-invalid to leave out and list what cannot be stored." : "Import again to go on: what is stored is not written twice.";
            Console.Error.WriteLine(string.Create(CultureInfo.InvariantCulture, $"honu: {error!.ReplaceLineEndings(" ")} {counts.Put} objects were imported before it. {next}"));
        }

        return exitCode;
    }

    private string Text(ImportCounts counts, DirectorySource source)
    {
        var text = string.Create(CultureInfo.InvariantCulture, $"imported {counts.Put} objects, {counts.Unchanged} unchanged");
        if (Tombstones)
            text += string.Create(CultureInfo.InvariantCulture, $", {counts.Deleted} deleted, {counts.NothingToDelete} tombstones with nothing to delete");
        else if (Form == DirectoryForm.GoHonu)
            text += string.Create(CultureInfo.InvariantCulture, $", {source.Tombstones} tombstones left out");
        return SkipInvalid ? string.Create(CultureInfo.InvariantCulture, $"{text}, {source.Skipped} skipped") : text;
    }

    private static void Write(
        Utf8JsonWriter writer, (DirectoryImport Import, ImportCounts Counts, DirectorySource Source, long Milliseconds, string? Error, string? DatabaseKey) result)
    {
        writer.WriteStartObject();
        writer.WriteString("from"u8, result.Import.Form == DirectoryForm.GoHonu ? "go-honu" : "leveldb");
        writer.WriteNumber("imported"u8, result.Counts.Put);
        writer.WriteNumber("unchanged"u8, result.Counts.Unchanged);
        writer.WriteNumber("deleted"u8, result.Counts.Deleted);
        writer.WriteNumber("nothingToDelete"u8, result.Counts.NothingToDelete);
        writer.WriteNumber("tombstones"u8, result.Source.Tombstones);
        writer.WriteNumber("skipped"u8, result.Source.Skipped);
        writer.WriteNumber("milliseconds"u8, result.Milliseconds);
        if (result.DatabaseKey is not null)
            writer.WriteString("databaseKey"u8, result.DatabaseKey);
        if (result.Error is not null)
            writer.WriteString("error"u8, result.Error);
        writer.WriteEndObject();
    }

    /// <summary>What was left out, on stderr: at once into a file or pipe, after the progress bar on a terminal, which would tear it.</summary>
    private sealed class SkippedLines
    {
        private readonly List<string> _waiting = [];

        public void Add(string line)
        {
            if (Console.IsErrorRedirected)
                Print(line);
            else
                _waiting.Add(line);
        }

        public void Show() => _waiting.ForEach(Print);

        private static void Print(string line) => Console.Error.WriteLine($"honu: skipped: {line.ReplaceLineEndings(" ")}");
    }
}
