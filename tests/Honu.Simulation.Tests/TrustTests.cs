namespace Honu.Simulation.Tests;

/// <summary>Purges, retirements, restored backups, copies, drops, lost records and wrong clocks, with the invariants of the protocol checked while it runs and at the end; and planted bugs that must be caught.</summary>
public class TrustTests
{
    private static readonly TimeSpan Duration = TimeSpan.FromSeconds(30);

    private static int Runs => int.TryParse(Environment.GetEnvironmentVariable("HONU_RUNS"), out var runs) ? runs : 30;

    private static int FirstSeed => int.TryParse(Environment.GetEnvironmentVariable("HONU_SEED"), out var seed) ? seed : 1;

    [Fact]
    public void Run_WhatOperatorsAndMachinesDo_KeepsTheInvariantsForEverySeed()
    {
        var failures = new List<string>();
        var happened = new Dictionary<string, int>(StringComparer.Ordinal);
        Parallel.For(FirstSeed, FirstSeed + Runs, seed =>
        {
            var scenario = new TrustScenario(TrustScenario.HarshOptions(seed), TrustScenario.FeaturesOf(seed));
            string[] violations;
            try
            {
                violations = [.. scenario.Run(Duration)];
            }
            catch (Exception error)
            {
                // Told with its seed.
                violations = [error.ToString()];
            }

            lock (failures)
            {
                foreach (var (what, count) in scenario.Happened)
                    happened[what] = happened.GetValueOrDefault(what) + count;
                if (violations.Length > 0)
                    failures.Add($"HONU_SEED={seed}: {string.Join("; ", violations.Take(3))}");
            }
        });

        var summary = string.Join(", ", happened.Select(static pair => $"{pair.Value} {pair.Key}"));
        Assert.True(failures.Count == 0, $"{failures.Count} of {Runs} seeds failed ({summary}):\n{string.Join("\n", failures.Take(20))}");
        if (Runs >= 30)
            Assert.All(["purged", "away", "restored", "copied", "dropped", "vanished", nameof(UpdateKind.Reissued)], what => Assert.True(happened.ContainsKey(what), $"Nothing was {what} in any seed: {summary}"));
    }

    [Theory]
    [InlineData(nameof(PlantedFaults.PurgedWithoutAsking), "holds", 230)]
    [InlineData(nameof(PlantedFaults.AbsenceIgnored), "holds", 2)]
    [InlineData(nameof(PlantedFaults.LateOutsiderApplied), "holds", 6)]
    [InlineData(nameof(PlantedFaults.CoverageKeptAfterDrop), "covers", 9)]
    [InlineData(nameof(PlantedFaults.EpochIsOldPlusOne), "covers", 2)]
    public void Run_WithPlantedBug_IsCaughtForItsReason(string fault, string reason, int firstSeed)
    {
        var faults = Enum.Parse<PlantedFaults>(fault);

        // The first seed is one that has caught it; other code makes other runs of a seed.
        var caught = Enumerable.Range(firstSeed, 120).AsParallel().Any(seed =>
            TrustScenario.Run(TrustScenario.HarshOptions(seed) with { Faults = faults }, Duration).Any(violation => violation.Contains(reason, StringComparison.Ordinal)));

        Assert.True(caught, $"{fault} was not caught by any of 120 seeds.");
    }
}
