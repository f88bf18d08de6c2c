namespace Honu.Simulation;

/// <summary>What is decided by chance in an experiment, each by a source of its own: what one of them draws moves none of the others.</summary>
internal enum RandomStream
{
    /// <summary>The replicas and the network between them.</summary>
    Cluster,

    /// <summary>When replicas start, and when and what is written.</summary>
    Writes,

    /// <summary>Reads that are counted.</summary>
    Reads,

    /// <summary>What goes wrong.</summary>
    Faults,
}

/// <summary>Seeds of the sources of chance.</summary>
/// <remarks>
/// <see cref="Random"/> draws numbers that are linear in its seed: the first ones of the seeds 1, 2, 3 and 4 are 0.25, 0.77, 0.29 and 0.82. Seeds in a row would be no
/// independent sample, and sources with one seed would draw the same, so seeds are mixed before, as SplitMix64 does it.
/// </remarks>
internal static class RandomStreams
{
    public static Random Of(int seed, RandomStream stream) => new(SeedOf(seed, stream));

    public static int SeedOf(int seed, RandomStream stream)
    {
        var mixed = (((ulong)(uint)seed << 8) | (byte)stream) + 0x9E3779B97F4A7C15;
        mixed = (mixed ^ (mixed >> 30)) * 0xBF58476D1CE4E5B9;
        mixed = (mixed ^ (mixed >> 27)) * 0x94D049BB133111EB;
        return (int)((mixed ^ (mixed >> 31)) & int.MaxValue);
    }
}
