using Honu.Simulation;

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
    [InlineData(nameof(PlantedFaults.TargetJoinedEarly))]
    [InlineData(nameof(PlantedFaults.StaleIndexEntryBelieved))]
    [InlineData(nameof(PlantedFaults.ClockNotAdvanced))]
    [InlineData(nameof(PlantedFaults.TieReversed))]
    [InlineData(nameof(PlantedFaults.TombstoneTreatedAsMissing))]
    public void Run_WithPlantedBug_IsCaught(string fault)
    {
        var options = ConvergenceScenario.HarshOptions(seed: 1) with { Faults = Enum.Parse<PlantedFaults>(fault) };

        var caught = Enumerable.Range(1, 40).Any(seed => ConvergenceScenario.Run(options with { Seed = seed }, Duration).Count > 0);

        Assert.True(caught, $"{fault} was not caught by any of 40 seeds.");
    }
}
