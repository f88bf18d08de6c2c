using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using Honu.Cli.Output;
using Honu.Cli.Parsing;
using Honu.Cli.Simulating;
using Honu.Replication;
using Honu.Simulation;

namespace Honu.Cli.Commands;

/// <summary><c>honu sim</c>: how fast writes spread, and what that costs, in a simulation of many replicas.</summary>
internal sealed class SimCommand
{
    private const int MaxReplicas = 5000;
    private const int MaxPerRegion = 1000;
    private const int MaxSeeds = 10_000;
    private const int MaxJobs = 1024;
    private const int UsualSeeds = 3;
    private const double MaxLoss = 0.9;

    private static readonly TimeSpan ShortestDuration = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan LongestDuration = TimeSpan.FromDays(1);
    private static readonly TimeSpan LongestPause = TimeSpan.FromHours(1);
    private static readonly TimeSpan LongestSkew = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan UsualDuration = TimeSpan.FromSeconds(300);

    private readonly Option<string> _scenario = new("--scenario")
    {
        Description = $"What happens: {string.Join(", ", Scenarios.Names)}.",
        HelpName = "NAME",
        DefaultValueFactory = static _ => Scenarios.Light,
    };

    private readonly Option<string?> _latency = new("--latency")
    {
        Description = "Regions and the time that a message takes between them: CSV with the columns src, dst and oneway_sim_ms. Default: 15 regions of AWS as the paper's authors measured them.",
        HelpName = "FILE",
    };

    private readonly Option<string?> _designs = new("--designs")
    {
        Description = $"What is compared, separated by commas: {DisseminationNames.RegionRelay}, or selectors of sessions as NAME[:PARAMETER][@REWARD]. Default: uniform and {DisseminationNames.RegionRelay}; "
            + "in the paper's scenario its five strategies.",
        HelpName = "NAMES",
    };

    private readonly Option<string?> _results = new("--results")
    {
        Description = "Keep each result in this file; runs that it has with the same settings are not made again, so that a run that was stopped goes on.",
        HelpName = "FILE",
    };

    private readonly Option<string?> _report = new("--report") { Description = "Write a page with plots, one HTML file that needs nothing else.", HelpName = "FILE" };

    private readonly Option<int?> _seeds = Number("--seeds", "Seeds 1 to N, each with every design.", MaxSeeds, UsualSeeds);
    private readonly Option<int?> _jobs = Number("--jobs", "How many runs go on at the same time.", MaxJobs, Environment.ProcessorCount);
    private readonly Option<int?> _perRegion = Number("--replicas-per-region", "Replicas in each region. Default 3, in the scenario scale 40.", MaxPerRegion, usual: null);
    private readonly Option<int?> _writers = Number("--writers-per-region", "Replicas of each region that write.", MaxPerRegion, usual: 1);
    private readonly Option<TimeSpan?> _warmUp = CommonOptions.Duration("--warm-up", "How long everything runs before it is measured. Default 60s, in the paper's scenario 4m under load.");
    private readonly Option<TimeSpan?> _duration = CommonOptions.Duration("--duration", "How long is measured, after the warm-up. Default 300s, in the paper's scenario 8m.");
    private readonly Option<TimeSpan?> _sessionPause = CommonOptions.Duration("--session-pause", "From the end of a session to the begin of the next one, for designs of sessions. Default 125ms, as the paper has it.");
    private readonly Option<TimeSpan?> _writeInterval = CommonOptions.Duration("--write-interval", "From one write of a writer to its next one. Default 4s, in the scenario load 100ms.");
    private readonly Option<bool> _randomWrites = new("--random-writes") { Description = "Writes come at random times, as those of many users do; --write-interval is their mean distance." };
    private readonly Option<double?> _loss = new("--loss")
    {
        Description = "Share of packets that get lost, for example 0.05. Default: as the scenario has it.",
        HelpName = "SHARE",
        CustomParser = ParseLoss,
    };

    private readonly Option<string?> _connections = new("--connections")
    {
        Description = "Whether sessions use a connection that is kept, or dial each time: kept, per-session. Default kept, in the paper's scenario per-session.",
        HelpName = "KIND",
    };

    private readonly Option<string?> _clock = new("--clock")
    {
        Description = "How versions are counted: hybrid, by the time of day, or lamport, by a counter. Default hybrid.",
        HelpName = "KIND",
    };

    private readonly Option<TimeSpan?> _clockSkew = CommonOptions.Duration("--clock-skew", "The machines' clocks are ahead or behind by up to this. Default 0, in the scenario chaos 1s.");
    private readonly Option<TimeSpan?> _clockStep = CommonOptions.Duration("--clock-step", "The machines' clocks show multiples of this. Default: as fine as time itself.");
    private readonly Option<bool> _unnamed = new("--unnamed-regions") { Description = "Replicas are not told which region they stand in: they find out by themselves who is near." };
    private readonly Option<bool> _json = new("--json") { Description = "Print JSON: a line for each run, then a line for each design." };

    public static Command Create() => new SimCommand().CreateCommand();

    private VerbCommand CreateCommand()
    {
        var command = new VerbCommand(
            "sim",
            "Simulate many replicas in many regions, with the replication code that runs in production, and compare designs: how long writes take until everyone has them, "
            + "and what that costs. Times are simulated: this machine's speed changes nothing but the wait.",
            """
              honu sim --scenario paper --seeds 10
              honu sim --designs uniform,two-level,region-relay --report light.html
              honu sim --scenario load --write-interval 10ms --seeds 10 --results load.jsonl --json
              honu sim --latency my-regions.csv --replicas-per-region 5
            """);
        foreach (var option in (Option[])[_scenario, _latency, _perRegion, _writers, _designs, _seeds, _warmUp, _duration, _writeInterval, _randomWrites, _sessionPause, _loss, _connections, _clock, _clockSkew, _clockStep, _unnamed, _jobs, _results, _report, _json])
            command.Add(option);
        _connections.AcceptOnlyFromAmong("kept", "per-session");
        _clock.AcceptOnlyFromAmong("hybrid", "lamport");
        command.SetAction(RunAsync);
        return command;
    }

    private async Task<int> RunAsync(ParseResult parsed, CancellationToken cancellation)
    {
        var request = Request(parsed);
        var reportPath = parsed.GetValue(_report);
        CheckPlace("--report", reportPath);
        if (reportPath is not null && parsed.GetValue(_results) is { Length: > 0 } resultPath && Path.GetFullPath(resultPath) == Path.GetFullPath(reportPath))
            throw CliException.Usage($"--report: {reportPath} is the file of --results, and would take its place.");
        using var file = OpenResults(parsed.GetValue(_results), request.Options);
        using var output = new ResultWriter();
        var json = parsed.GetValue(_json);
        var results = await Simulate(request, file, json ? output : null, parsed.GetValue(_results), cancellation);
        var summaries = DesignSummary.Of(results);
        if (json)
        {
            foreach (var summary in summaries)
                output.Json(summary, ResultLines.Write);
        }
        else
        {
            SimTable.Print(summaries);
        }

        if (reportPath is not null)
            SimReport.Write(reportPath, request, results);
        return ExitCodes.Ok;
    }

    private static async Task<IReadOnlyList<ExperimentResult>> Simulate(
        SimRequest request, ResultFile? file, ResultWriter? output, string? resultPath, CancellationToken cancellation)
    {
        var runner = new SimRunner(request, file, result =>
        {
            output?.Json(result, ResultLines.Write);
            output?.Flush();
        });
        IReadOnlyList<ExperimentResult> results = [];
        try
        {
            // A thread of its own: this one stays free to hear Ctrl-C.
            await ProgressDisplay.RunAsync(
                "sim",
                runner.Steps,
                progress => Task.Factory.StartNew(
                    () => results = runner.Run(progress, cancellation), cancellation, TaskCreationOptions.LongRunning, TaskScheduler.Default),
                string.Create(CultureInfo.InvariantCulture, $"of {request.Runs.Count:N0} runs"));
        }
        catch (OperationCanceledException) when (resultPath is not null)
        {
            // The user stopped it: say what is kept.
            throw new CliException(ExitCodes.Interrupted, $"Interrupted: {resultPath} has {runner.Finished} of {request.Runs.Count} runs. The same command goes on from there.");
        }

        return results;
    }

    private SimRequest Request(ParseResult parsed)
    {
        var scenario = parsed.GetValue(_scenario)!;
        if (!Scenarios.Names.Contains(scenario, StringComparer.Ordinal))
            throw CliException.Usage($"--scenario: there is no \"{scenario}\"; there are: {string.Join(", ", Scenarios.Names)}.");
        var isPaper = scenario == Scenarios.Paper;
        var usual = new ExperimentOptions();
        var options = usual with
        {
            Scenario = scenario,
            Latency = parsed.GetValue(_latency) is { } path ? Latency(path) : usual.Latency,
            ReplicasPerRegion = parsed.GetValue(_perRegion),
            WritersPerRegion = parsed.GetValue(_writers) ?? 1,
            WarmUp = parsed.GetValue(_warmUp),
            Duration = parsed.GetValue(_duration) ?? (isPaper ? PaperExperiment.UsualDuration : UsualDuration),
            WriteInterval = parsed.GetValue(_writeInterval),
            SessionPause = parsed.GetValue(_sessionPause) ?? usual.SessionPause,
            Loss = parsed.GetValue(_loss),
            KeepsConnections = parsed.GetValue(_connections) switch { "kept" => true, "per-session" => false, _ => null },
            WritesAtRandom = parsed.GetValue(_randomWrites),
            NamesRegions = !parsed.GetValue(_unnamed),
            Clock = parsed.GetValue(_clock) == "lamport" ? VersionClock.Lamport : VersionClock.Hybrid,
            MaxSkew = parsed.GetValue(_clockSkew),
            ClockStep = parsed.GetValue(_clockStep) ?? TimeSpan.Zero,
        };
        Check(options);
        var designs = parsed.GetValue(_designs) is { } names ? SimDesigns.Parse(names, scenario) : SimDesigns.UsualOf(scenario);
        return new SimRequest(options, designs, parsed.GetValue(_seeds) ?? UsualSeeds, parsed.GetValue(_jobs) ?? Environment.ProcessorCount);
    }

    private static void Check(ExperimentOptions options)
    {
        var perRegion = options.ReplicasPerRegion ?? (options.Scenario == Scenarios.Scale ? 40 : 3);
        if (options.Latency.Regions.Count * perRegion is var replicas && (replicas < 2 || replicas > MaxReplicas))
            throw CliException.Usage($"{options.Latency.Regions.Count} regions of {perRegion} replicas are {replicas} replicas; 2 to {MaxReplicas} can be simulated.");
        if (options.WritersPerRegion > perRegion)
            throw CliException.Usage($"--writers-per-region {options.WritersPerRegion}: a region has {perRegion} replicas.");
        if (options.Duration > LongestDuration || options.WarmUp > LongestDuration)
            throw CliException.Usage($"{(options.Duration > LongestDuration ? "--duration" : "--warm-up")}: at most {Durations.Format(LongestDuration)} can be simulated.");
        if (options.Duration < ShortestDuration)
            throw CliException.Usage($"--duration: at least {Durations.Format(ShortestDuration)} is measured.");
        if (options.WriteInterval > LongestDuration)
            throw CliException.Usage($"--write-interval: at most {Durations.Format(LongestDuration)}.");
        if (options.MaxSkew > LongestSkew || options.ClockStep > LongestSkew)
            throw CliException.Usage($"{(options.MaxSkew > LongestSkew ? "--clock-skew" : "--clock-step")}: at most {Durations.Format(LongestSkew)}.");
        if (options.SessionPause > LongestPause)
            throw CliException.Usage($"--session-pause: at most {Durations.Format(LongestPause)}.");
        if (options.Scenario == Scenarios.Paper && options.Loss is not null)
            throw CliException.Usage("The paper's scenario loses nothing: leave --loss out.");
        if (options.Scenario == Scenarios.Paper && (options.Clock != VersionClock.Hybrid || options.MaxSkew is not null || options.ClockStep > TimeSpan.Zero))
            throw CliException.Usage("The paper's scenario counts versions as the paper does: leave --clock, --clock-skew and --clock-step out.");
        if (options.Scenario == Scenarios.Paper && options.WritesAtRandom)
            throw CliException.Usage("The paper's scenario writes at even distances, as the paper does: leave --random-writes out.");
        if (options.Scenario == Scenarios.Paper && !options.NamesRegions)
            throw CliException.Usage("The paper's scenario measures no round trips to find regions by: leave --unnamed-regions out.");
    }

    private static LatencyMatrix Latency(string path)
    {
        try
        {
            return LatencyMatrix.Load(path);
        }
        catch (Exception error) when (error is FormatException or IOException or UnauthorizedAccessException or ArgumentException)
        {
            // A file that the user named: missing, not readable, or not such a file. The message says which.
            throw CliException.Usage($"--latency: {error.Message}");
        }
    }

    private static ResultFile? OpenResults(string? path, ExperimentOptions options)
    {
        CheckPlace("--results", path);
        if (path is null)
            return null;
        try
        {
            return ResultFile.Open(path, RunSettings.Of(options));
        }
        catch (Exception error) when (error is FormatException or IOException or UnauthorizedAccessException)
        {
            // As above.
            throw CliException.Usage($"--results: {error.Message}");
        }
    }

    // Before hours of work, not after them.
    private static void CheckPlace(string option, string? path)
    {
        if (path is null)
            return;
        CommonOptions.RequireNames(path);
        if (Directory.Exists(path))
            throw CliException.Usage($"{option}: {path} is a directory.");
        if (Path.GetDirectoryName(Path.GetFullPath(path)) is { } directory && !Directory.Exists(directory))
            throw CliException.Usage($"{option}: there is no directory {directory}.");
    }

    private static Option<int?> Number(string name, string description, int most, int? usual) => new(name)
    {
        Description = description,
        HelpName = "N",
        DefaultValueFactory = usual is null ? null : _ => usual,
        CustomParser = result =>
        {
            if (int.TryParse(result.Tokens[0].Value, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number >= 1 && number <= most)
                return number;
            result.AddError($"{name}: \"{result.Tokens[0].Value}\" is not a number from 1 to {most}.");
            return null;
        },
    };

    private static double? ParseLoss(ArgumentResult result)
    {
        if (double.TryParse(result.Tokens[0].Value, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var share) && share is >= 0 and <= MaxLoss)
            return share;
        result.AddError($"--loss: \"{result.Tokens[0].Value}\" is not a share from 0 to {MaxLoss.ToString(CultureInfo.InvariantCulture)}.");
        return null;
    }
}
