namespace Honu.Simulation;

/// <summary>Runs experiments.</summary>
public static class ExperimentRunner
{
    /// <summary>Runs one experiment in the calling thread.</summary>
    /// <param name="options">What to run.</param>
    /// <param name="progress">Is told the share of simulated time that has passed, from 0 to 1.</param>
    /// <param name="cancellation">Ends the run early.</param>
    /// <exception cref="ArgumentException">The scenario or the design is unknown, or an option is out of its range.</exception>
    /// <exception cref="OperationCanceledException">The run was ended early.</exception>
    /// <remarks>Runs share nothing: as many threads as there are cores may each run one.</remarks>
    public static ExperimentResult Run(ExperimentOptions options, IProgress<double>? progress = null, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(options);
        cancellation.ThrowIfCancellationRequested();
        if (options.Scenario == Scenarios.Paper)
            return PaperExperiment.Run(options, progress, cancellation);
        if (!Scenarios.Names.Contains(options.Scenario, StringComparer.Ordinal))
            throw new ArgumentException($"There is no scenario \"{options.Scenario}\"; there are: {string.Join(", ", Scenarios.Names)}.", nameof(options));
        var plan = new ScenarioPlan(options);
        plan.ThrowIfInvalid();
        using var experiment = new Experiment(plan);
        return experiment.Run(progress, cancellation);
    }
}
