using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using Honu.Cli.Output;
using Honu.Cli.Parsing;
using Honu.Hosting;

namespace Honu.Cli.Commands;

/// <summary><c>honu stats</c>: counts and sizes of a store.</summary>
internal static class StatsCommand
{
    public static Command Create()
    {
        var common = new CommonOptions();
        var command = new VerbCommand("stats", "Count objects and bytes, per namespace. Reads every key of the store.", """
              honu stats --db ./data
              honu stats --remote 127.0.0.1:7000 --json
            """);
        common.AddStore(command);
        command.SetAction(async (parsed, cancellation) =>
        {
            await using var store = common.Open(parsed, create: false, readOnly: true);
            var info = await store.GetInfoAsync(includeFigures: true, cancellation);
            using var output = new ResultWriter();
            if (parsed.GetValue(common.Json))
                output.Json(info.Figures!, WriteJson);
            else
                WriteText(output, info.Figures!);
            return ExitCodes.Ok;
        });
        return command;
    }

    private static void WriteText(ResultWriter output, StoreFigures figures)
    {
        output.Line(string.Create(CultureInfo.InvariantCulture, $"disk           {Sizes.Format(figures.DiskBytes)}"));
        output.Line(string.Create(CultureInfo.InvariantCulture, $"engine memory  {Sizes.Format(figures.EngineMemoryBytes)}"));
        foreach (var (kind, count) in figures.Updates.OrderBy(static item => item.Key, StringComparer.Ordinal))
            output.Line(string.Create(CultureInfo.InvariantCulture, $"applied {kind,-12}  {count}"));
        foreach (var ns in figures.Namespaces)
        {
            output.Line($"namespace {ns.Name}");
            output.Line(string.Create(CultureInfo.InvariantCulture, $"  objects      {ns.Objects} ({Sizes.Format(ns.ValueBytes)} of values)"));
            output.Line(string.Create(CultureInfo.InvariantCulture, $"  tombstones   {ns.Tombstones}"));
            output.Line(string.Create(CultureInfo.InvariantCulture, $"  history      {ns.HistoryEntries} versions ({Sizes.Format(ns.HistoryBytes)})"));
            output.Line($"  vector       {VectorText.Format(ns.Vector)}");
        }
    }

    private static void WriteJson(Utf8JsonWriter json, StoreFigures figures)
    {
        json.WriteStartObject();
        json.WriteNumber("objects"u8, figures.Namespaces.Sum(static ns => ns.Objects));
        json.WriteNumber("tombstones"u8, figures.Namespaces.Sum(static ns => ns.Tombstones));
        json.WriteNumber("valueBytes"u8, figures.Namespaces.Sum(static ns => ns.ValueBytes));
        json.WriteNumber("historyEntries"u8, figures.Namespaces.Sum(static ns => ns.HistoryEntries));
        json.WriteNumber("historyBytes"u8, figures.Namespaces.Sum(static ns => ns.HistoryBytes));
        json.WriteNumber("diskBytes"u8, figures.DiskBytes);
        json.WriteNumber("engineMemoryBytes"u8, figures.EngineMemoryBytes);
        json.WriteStartObject("updates"u8);
        foreach (var (kind, count) in figures.Updates.OrderBy(static item => item.Key, StringComparer.Ordinal))
            json.WriteNumber(kind, count);
        json.WriteEndObject();
        json.WriteStartArray("namespaces"u8);
        foreach (var ns in figures.Namespaces)
        {
            json.WriteStartObject();
            NamespacesCommand.WriteFigures(json, ns);
            VectorText.Write(json, ns.Vector);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteEndObject();
    }
}
