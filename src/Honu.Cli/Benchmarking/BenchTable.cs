using System.Globalization;
using Spectre.Console;

namespace Honu.Cli.Benchmarking;

/// <summary>The results for people.</summary>
internal static class BenchTable
{
    // A pipe has no width, and a wrapped row helps nobody.
    private const int WidthWithoutTerminal = 180;

    public static void Print(BenchReport report)
    {
        var table = new Table().Border(TableBorder.Simple);
        foreach (var left in (string[])["workload", "value", "engine"])
            table.AddColumn(left);
        foreach (var right in (string[])["ops/s", "CPU µs/op", "B allocated/op", "wall ×", "CPU ×", "process CPU ×"])
            table.AddColumn(new TableColumn(right).RightAligned().NoWrap());
        var hasNotes = report.Engines().Any(static engine => engine.DoesNot is not null);
        if (hasNotes)
            table.AddColumn("does not do");
        var pairs = report.Pairs().ToDictionary(static pair => (pair.Workload, pair.ValueSize, pair.Engine, pair.Retention));
        foreach (var engine in report.Engines())
        {
            var pair = pairs.GetValueOrDefault((engine.Workload, engine.ValueSize, engine.Engine, engine.Retention));
            List<string> row =
            [
                engine.Workload,
                Number(engine.ValueSize, "N0"),
                engine.Retention is null ? engine.Engine : $"{engine.Engine} {engine.Retention}",
                Number(engine.OpsPerSec, "N0"),
                Number(engine.CpuMicrosPerOp, "N2"),
                Number(engine.AllocatedBytesPerOp, "N1"),
                Number(pair?.RatioWall, "N2"),
                Number(pair?.RatioCpu, "N2"),
                Number(pair?.RatioProcessCpu, "N2"),
            ];
            if (hasNotes)
                row.Add(engine.DoesNot ?? "");
            table.AddRow([.. row]);
        }

        var console = AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(Console.Out) });
        if (Console.IsOutputRedirected)
            console.Profile.Width = WidthWithoutTerminal;
        console.Write(table);
    }

    private static string Number(double? value, string format) => value?.ToString(format, CultureInfo.InvariantCulture) ?? "";
}
