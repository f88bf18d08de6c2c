namespace Honu.Simulation;

/// <summary>Reads of random keys at random replicas and moments: how many miss a version that exists elsewhere.</summary>
/// <remarks>
/// A hundred a second in the mean, each independent of those before it. Writers write at fixed intervals: reads at fixed intervals would meet each of them
/// always equally long after its writes. Chance of their own: how often one looks must not change what happens.
/// </remarks>
internal sealed class StaleReads(VirtualTime time, Random random)
{
    private static readonly TimeSpan MeanPause = TimeSpan.FromMilliseconds(10);

    private long _reads;
    private long _stale;

    /// <summary>The part that was stale; 0 without reads.</summary>
    public double Share => _reads == 0 ? 0 : (double)_stale / _reads;

    /// <summary>Reads from a moment on until another one.</summary>
    /// <param name="begin">From when on.</param>
    /// <param name="end">Until when.</param>
    /// <param name="read">Reads a key by chance at a replica by chance: whether it was stale; <see langword="null"/> where nobody can read.</param>
    public void Begin(TimeSpan begin, TimeSpan end, Func<Random, bool?> read) => time.At(begin + Pause(), () => Read(end, read));

    private void Read(TimeSpan end, Func<Random, bool?> read)
    {
        if (time.Now >= end)
            return;
        if (read(random) is { } isStale)
        {
            _reads++;
            _stale += isStale ? 1 : 0;
        }

        time.At(time.Now + Pause(), () => Read(end, read));
    }

    private TimeSpan Pause() => MeanPause * -Math.Log(1 - random.NextDouble());
}
