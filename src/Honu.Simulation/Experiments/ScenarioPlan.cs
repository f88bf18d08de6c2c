using Honu.Replication;

namespace Honu.Simulation;

/// <summary>What a scenario makes of the options that are not given.</summary>
/// <param name="Options">The options.</param>
internal sealed record ScenarioPlan(ExperimentOptions Options)
{
    public int ReplicasPerRegion => Options.ReplicasPerRegion ?? (Options.Scenario == Scenarios.Scale ? 40 : 3);

    public TimeSpan WarmUp => Options.WarmUp ?? TimeSpan.FromSeconds(60);

    public TimeSpan WriteInterval => Options.WriteInterval ?? (Options.Scenario == Scenarios.Load ? TimeSpan.FromMilliseconds(100) : TimeSpan.FromSeconds(4));

    public double Loss => Options.Loss ?? Options.Scenario switch
    {
        Scenarios.Loss => 0.2,
        Scenarios.Chaos => 0.01,
        _ => 0,
    };

    public bool IsChaos => Options.Scenario == Scenarios.Chaos;

    public bool HasWriters => Options.Scenario != Scenarios.Idle;

    /// <summary>Whether all write to one key.</summary>
    public bool SharesKey => Options.Scenario == Scenarios.Load;

    public bool IsRelay => Options.Design == DisseminationNames.RegionRelay;

    /// <summary>How long the cut of the scenario lasts: a minute, unless what is measured is too short for it.</summary>
    public TimeSpan CutTime => TimeSpan.FromSeconds(Math.Min(60, Options.Duration.TotalSeconds / 3));

    /// <summary>When the middle of what is measured has come.</summary>
    public TimeSpan Middle => WarmUp + (Options.Duration / 2);

    public TimeSpan End => WarmUp + Options.Duration;

    public void ThrowIfInvalid()
    {
        Within(nameof(Options.ReplicasPerRegion), ReplicasPerRegion, 1, 1000);
        Within("The number of all replicas", ReplicasPerRegion * Options.Latency.Regions.Count, 2, 20_000);
        Within(nameof(Options.WritersPerRegion), Options.WritersPerRegion, 1, ReplicasPerRegion);
        Within(nameof(Options.WarmUp), WarmUp.TotalSeconds, 0, 86_400);
        Within(nameof(Options.Duration), Options.Duration.TotalSeconds, 1, 86_400);
        Within(nameof(Options.WriteInterval), WriteInterval.TotalSeconds, 0.001, 86_400);
        Within(nameof(Options.Loss), Loss, 0, 0.9);
        Within(nameof(Options.SessionPause), Options.SessionPause.TotalSeconds, 0, 3600);
        Within(nameof(Options.ValueBytes), Options.ValueBytes, 0, 1 << 20);
        Within(nameof(Options.Jitter), Options.Jitter ?? 0, 0, 100);
        Within(nameof(Options.BytesPerSecond), Options.BytesPerSecond ?? 1, 1, long.MaxValue);
        Within(nameof(Options.MaxSkew), Options.MaxSkew?.TotalSeconds ?? 0, 0, 3600);
        Within(nameof(Options.ClockStep), Options.ClockStep.TotalSeconds, 0, 3600);
    }

    private static void Within(string name, double value, double least, double most)
    {
        if (!(value >= least && value <= most))
            throw new ArgumentException($"{name} ({value}) must be between {least} and {most}.", name);
    }
}
