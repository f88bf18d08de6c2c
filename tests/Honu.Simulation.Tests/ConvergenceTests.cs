namespace Honu.Simulation.Tests;

/// <summary>Five real replicas under loss, overtaking links, cuts, kills and power losses, through the real codec: they converge to the right content, and the checkers catch planted bugs.</summary>
public class ConvergenceTests
{
    private static readonly TimeSpan Duration = TimeSpan.FromSeconds(20);

    private static int Runs => int.TryParse(Environment.GetEnvironmentVariable("HONU_RUNS"), out var runs) ? runs : 200;

    private static int FirstSeed => int.TryParse(Environment.GetEnvironmentVariable("HONU_SEED"), out var seed) ? seed : 1;

    [Fact]
    public void Run_HarshNetworkAndCrashes_ConvergesForEverySeed()
    {
        var failures = new List<string>();
        Parallel.For(FirstSeed, FirstSeed + Runs, seed =>
        {
            var violations = ConvergenceScenario.Run(ConvergenceScenario.HarshOptions(seed), Duration);
            if (violations.Count > 0)
                lock (failures)
                    failures.Add($"HONU_SEED={seed}: {string.Join("; ", violations.Take(3))}");
        });

        Assert.True(failures.Count == 0, $"{failures.Count} of {Runs} seeds failed:\n{string.Join("\n", failures.Take(10))}");
    }

    [Theory]
    [InlineData(nameof(PlantedFaults.TargetJoinedEarly), "covers")]
    [InlineData(nameof(PlantedFaults.StaleIndexEntryBelieved), "had said it covers")]
    [InlineData(nameof(PlantedFaults.ClockNotAdvanced), "clock")]
    [InlineData(nameof(PlantedFaults.TieReversed), "wins")]
    [InlineData(nameof(PlantedFaults.TombstoneTreatedAsMissing), "holds")]
    public void Run_WithPlantedBug_IsCaughtForItsReason(string fault, string reason)
    {
        var options = ConvergenceScenario.HarshOptions(seed: 1) with { Faults = Enum.Parse<PlantedFaults>(fault) };

        var caught = Enumerable.Range(1, 40).Any(seed => ConvergenceScenario.Run(options with { Seed = seed }, Duration).Any(violation => violation.Contains(reason, StringComparison.Ordinal)));

        Assert.True(caught, $"{fault} was not caught by any of 40 seeds.");
    }
}
