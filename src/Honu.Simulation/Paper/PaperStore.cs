namespace Honu.Simulation;

/// <summary>A version of the published experiment: later is the larger scalar and, of equal ones, the <b>higher</b> pid; Honu's own order is the opposite there.</summary>
internal readonly record struct PaperVersion(long Scalar, int Pid)
{
    /// <summary>Whether there is one: scalars begin with 1.</summary>
    public bool Exists => Scalar > 0;

    public bool IsLaterThan(PaperVersion other) => Scalar > other.Scalar || (Scalar == other.Scalar && Pid > other.Pid);
}

/// <summary>What a replica of the published experiment holds: the latest version of each key, and one Lamport clock over all keys.</summary>
internal sealed class PaperStore(int pid, int keys, PaperVisibility visibility)
{
    private readonly PaperVersion[] _latest = new PaperVersion[keys];
    private long _clock;

    public int Keys => _latest.Length;

    public PaperVersion this[int key] => _latest[key];

    /// <summary>The versions of all keys, as a pull request carries them.</summary>
    public PaperVersion[] View() => [.. _latest];

    /// <summary>Writes a key, so many times in a row; only the last write can be met by others.</summary>
    public PaperVersion Write(int key, TimeSpan now, long times = 1)
    {
        _clock += times;
        var version = new PaperVersion(_clock, pid);
        Store(key, version, now);
        return version;
    }

    /// <summary>Takes an entry of another replica, unless what is here is as late.</summary>
    public bool Put(int key, PaperVersion version, TimeSpan now)
    {
        if (!version.IsLaterThan(_latest[key]))
            return false;
        Store(key, version, now);
        return true;
    }

    /// <summary>Sees a scalar without taking the entry: the clock never falls behind what was seen.</summary>
    public void Observe(PaperVersion version) => _clock = Math.Max(_clock, version.Scalar);

    private void Store(int key, PaperVersion version, TimeSpan now)
    {
        visibility.Stored(key, _latest[key], version, now);
        _latest[key] = version;
        Observe(version);
    }
}
