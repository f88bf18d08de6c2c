using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using Honu.Cli.Benchmarking;
using Honu.Cli.Output;
using Honu.Cli.Parsing;

namespace Honu.Cli.Commands;

/// <summary><c>honu bench</c>: what Honu costs on this machine, beside bare LevelDB.</summary>
internal static class BenchCommand
{
    private const int MaxKeys = 100_000_000;
    private const int MaxRounds = 1000;
    private const int MaxHeadCacheEntries = 16 << 20;

    private static readonly BenchSettings Defaults = new();

    public static Command Create()
    {
        var command = new VerbCommand(
            "bench",
            "Measure Honu beside bare LevelDB with the same engine options, interleaved in this process. Prints medians over the rounds; "
            + "ratios are times per operation, Honu's divided by LevelDB's of the same round.",
            """
              honu bench
              honu bench --keys 100000 --value-sizes 100,4KiB,64KiB --retention parents,10 --rounds 7
              honu bench --workloads readrandom,scan --integrity records --json
            """);
        Configure(command, Contestant.LevelDbAndHonu);
        return command;
    }

    /// <summary>Gives a command the options of <c>honu bench</c>, and makes it measure these databases.</summary>
    public static void Configure(Command command, Func<BenchSettings, IReadOnlyList<Contestant>> contestants)
    {
        var keys = new Option<int>("--keys")
        {
            Description = $"Keys of each database, from 1 to {MaxKeys}.",
            HelpName = "N",
            DefaultValueFactory = static _ => Defaults.Keys,
            CustomParser = static result => Number(result, MaxKeys),
        };
        var sizes = List("--value-sizes", "Sizes of values, separated by commas.", "SIZES", "100,4096", ParseSize);
        var durability = new Option<string>("--durability")
        {
            Description = "flushed: a write survives a killed process. synced: it survives power loss.",
            HelpName = "KIND",
            DefaultValueFactory = static _ => "flushed",
        };
        durability.AcceptOnlyFromAmong("flushed", "synced");
        var retention = List("--retention", $"What Honu keeps of the past: {EngineOptions.RetentionForms}. Several, separated by commas, are compared.", "KINDS", "parents", ParseRetention);
        var headCache = new Option<int>("--head-cache")
        {
            Description = $"Entries of Honu's head cache, up to {MaxHeadCacheEntries}; 0 for none. The default holds every key of the default run, so that each overwrite is a hit.",
            HelpName = "N",
            DefaultValueFactory = static _ => Defaults.HeadCacheEntries,
            CustomParser = static result => Number(result, MaxHeadCacheEntries, least: 0),
        };
        var integrity = new Option<string>("--integrity")
        {
            Description = "What reads check, on both engines. full: also the checksums of LevelDB's blocks. records: only Honu's own; LevelDB then checks nothing.",
            HelpName = "KIND",
            DefaultValueFactory = static _ => "full",
        };
        integrity.AcceptOnlyFromAmong("full", "records");
        var rounds = new Option<int>("--rounds")
        {
            Description = $"How often everything is measured, from 1 to {MaxRounds}; medians are printed.",
            HelpName = "N",
            DefaultValueFactory = static _ => Defaults.Rounds,
            CustomParser = static result => Number(result, MaxRounds),
        };
        var workloads = List(
            "--workloads",
            "Workloads to report. What they need runs before them in any case.",
            "NAMES",
            string.Join(',', Workload.All.Select(static workload => workload.Name)),
            ParseWorkload);
        var json = new Option<bool>("--json") { Description = "Print JSON, one object per line." };
        var db = new Option<string?>("--db")
        {
            Description = "Where the temporary databases are made; removed afterwards. Default: the system's directory for temporary files.",
            HelpName = "DIR",
        };
        foreach (var option in (Option[])[keys, sizes, durability, retention, headCache, integrity, rounds, workloads, db, json])
            command.Add(option);
        command.SetAction(async (parsed, cancellation) =>
        {
            var settings = new BenchSettings
            {
                Keys = parsed.GetValue(keys),
                ValueSizes = parsed.GetRequiredValue(sizes),
                Durability = parsed.GetValue(durability) == "synced" ? Durability.Synced : Durability.Flushed,
                Retentions = parsed.GetRequiredValue(retention),
                HeadCacheEntries = parsed.GetValue(headCache),
                Integrity = parsed.GetValue(integrity) == "records" ? Integrity.Records : Integrity.Full,
                Rounds = parsed.GetValue(rounds),
                Workloads = parsed.GetRequiredValue(workloads),
                Directory = parsed.GetValue(db) ?? Defaults.Directory,
            };
            var report = await Measure(settings, contestants(settings), cancellation);
            Print(report, parsed.GetValue(json));
            return ExitCodes.Ok;
        });
    }

    private static async Task<BenchReport> Measure(BenchSettings settings, IReadOnlyList<Contestant> contestants, CancellationToken cancellation)
    {
        // Who invoked this learns at once that it runs: a signal before that ends the process without tidying up.
        await Task.Yield();
        var runner = new BenchRunner(settings, contestants);
        BenchReport? report = null;
        // A thread of its own: one thread runs every workload, and this one stays free to hear Ctrl-C.
        await ProgressDisplay.RunStepsAsync("bench", runner.Steps, progress => Task.Factory.StartNew(
            () => report = runner.Run(progress, cancellation), cancellation, TaskCreationOptions.LongRunning, TaskScheduler.Default));
        return report!;
    }

    private static void Print(BenchReport report, bool json)
    {
        if (!json)
        {
            BenchTable.Print(report);
            return;
        }

        using var output = new ResultWriter();
        foreach (var engine in report.Engines())
            output.Json(engine, BenchReport.Write);
        foreach (var pair in report.Pairs())
            output.Json(pair, BenchReport.Write);
    }

    private static int Number(ArgumentResult result, int most, int least = 1)
    {
        if (int.TryParse(result.Tokens[0].Value, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number >= least && number <= most)
            return number;
        result.AddError($"\"{result.Tokens[0].Value}\" is not a number from {least} to {most}.");
        return 0;
    }

    // Words separated by commas, each read by the parser; a word that is given twice counts once.
    private static Option<IReadOnlyList<T>> List<T>(string name, string description, string helpName, string usual, Func<string, (bool IsValid, T Value, string Allowed)> parse) =>
        new(name)
        {
            Description = $"{description} Default {usual}.",
            HelpName = helpName,
            DefaultValueFactory = _ => [.. usual.Split(',').Select(word => parse(word).Value)],
            CustomParser = result =>
            {
                var values = new List<T>();
                foreach (var word in result.Tokens[0].Value.Split(',', StringSplitOptions.TrimEntries))
                {
                    var (isValid, value, allowed) = parse(word);
                    if (!isValid)
                    {
                        result.AddError($"{name}: \"{word}\" is not {allowed}.");
                        return [];
                    }

                    if (!values.Contains(value))
                        values.Add(value);
                }

                return values;
            },
        };

    private static (bool IsValid, int Value, string Allowed) ParseSize(string text) =>
        (Sizes.TryParse(text, out var bytes) && bytes is >= 1 and <= BenchData.MaxValueBytes, (int)bytes, $"a size from 1 to {Sizes.Format(BenchData.MaxValueBytes)}");

    private static (bool IsValid, (string Name, Retention Retention) Value, string Allowed) ParseRetention(string text) =>
        (EngineOptions.TryParseRetention(text, out var retention), (text, retention), EngineOptions.RetentionForms);

    private static (bool IsValid, Workload Value, string Allowed) ParseWorkload(string text)
    {
        var workload = Workload.All.FirstOrDefault(item => item.Name == text);
        return (workload is not null, workload!, $"one of {string.Join(", ", Workload.All.Select(static item => item.Name))}");
    }
}
