using Honu.Simulation;

namespace Honu.Cli.Simulating;

/// <summary>What <c>honu sim</c> was asked for, checked.</summary>
/// <param name="Options">What all runs have in common.</param>
/// <param name="Designs">The designs, each once.</param>
/// <param name="Seeds">Seeds 1 to this one.</param>
/// <param name="Jobs">How many runs go on at the same time.</param>
internal sealed record SimRequest(ExperimentOptions Options, IReadOnlyList<string> Designs, int Seeds, int Jobs)
{
    /// <summary>All runs: all designs with the first seed, then with the next one, so that whoever stops early has pairs to compare.</summary>
    public IReadOnlyList<ExperimentOptions> Runs { get; } =
    [
        .. from seed in Enumerable.Range(1, Seeds)
           from design in Designs
           select Options with { Design = design, Seed = seed },
    ];
}
