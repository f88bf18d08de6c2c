namespace Honu.Replication;

/// <summary>How many flushes a second the writers of a region want, lately.</summary>
internal sealed class LoadGauge
{
    private const double MemorySeconds = 4;

    private double _perSecond;
    private TimeSpan _at;

    /// <summary>Whether the region's writers want more pushes to other regions than one replica may make: then one of them gathers. Ends at half of that.</summary>
    public bool IsHigh { get; private set; }

    /// <summary>A writer of the region had something to tell.</summary>
    public void Add(TimeSpan now)
    {
        Decay(now);
        _perSecond += 1 / MemorySeconds;
    }

    /// <summary>Judges the load.</summary>
    /// <param name="pushesPerFlush">To how many regions a flush goes.</param>
    /// <param name="allowedPerSecond">Pushes that one replica may make.</param>
    /// <param name="now">The time.</param>
    public bool Judge(int pushesPerFlush, double allowedPerSecond, TimeSpan now)
    {
        Decay(now);
        var wanted = _perSecond * pushesPerFlush;
        IsHigh = wanted > allowedPerSecond || (IsHigh && wanted > allowedPerSecond / 2);
        return IsHigh;
    }

    private void Decay(TimeSpan now)
    {
        if (now <= _at)
            return;
        _perSecond *= Math.Exp(-(now - _at).TotalSeconds / MemorySeconds);
        _at = now;
    }
}
