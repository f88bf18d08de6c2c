namespace Honu.Simulation;

/// <summary>The names of the scenarios that <see cref="ExperimentRunner"/> knows.</summary>
public static class Scenarios
{
    /// <summary>The published experiment: its exchange, a connection per session, a warm-up under load.</summary>
    public const string Paper = "paper";

    /// <summary>One writer per region, one write per 4 s each, each to a key of its own.</summary>
    public const string Light = "light";

    /// <summary>One writer per region, all to the same key, 10 writes a second each unless another interval is given.</summary>
    public const string Load = "load";

    /// <summary>As <see cref="Light"/>, and a fifth of all messages is lost unless another share is given.</summary>
    public const string Loss = "loss";

    /// <summary>As <see cref="Light"/>, and in the middle one region is cut off for 60 s.</summary>
    public const string Partition = "partition";

    /// <summary>As <see cref="Light"/>, and in the middle two regions change places.</summary>
    public const string Swap = "swap";

    /// <summary>As <see cref="Light"/>, and in the middle one replica becomes slow by 400 ms.</summary>
    public const string SlowRelay = "slow-relay";

    /// <summary>As <see cref="Light"/>, with 40 replicas per region unless another number is given.</summary>
    public const string Scale = "scale";

    /// <summary>As <see cref="Light"/>, under cuts, pauses, crashes, slow replicas, loss, duplicates and clocks that are wrong.</summary>
    public const string Chaos = "chaos";

    /// <summary>Nobody writes.</summary>
    public const string Idle = "idle";

    /// <summary>All of them.</summary>
    public static IReadOnlyList<string> Names { get; } = [Paper, Light, Load, Loss, Partition, Swap, SlowRelay, Scale, Chaos, Idle];
}
