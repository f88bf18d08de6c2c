namespace Honu;

/// <summary>How a store counts its versions. Chosen when the store is created; replicas with different clocks refuse each other.</summary>
public enum VersionClock : byte
{
    /// <summary>Hybrid logical clock: 48 bits of Unix milliseconds, 16 bits of counter. A Lamport clock that also bounds staleness in time.</summary>
    Hybrid = 0,

    /// <summary>A plain counter, as in the Go library.</summary>
    Lamport = 1,
}

/// <summary>Whether a scalar from outside can be taken over.</summary>
internal enum ScalarCheck
{
    Ok,

    /// <summary>Beyond the drift bound: to be applied when time has come.</summary>
    Ahead,

    /// <summary>No clock that works could have made it: 0, ≥ 2^63, or a day ahead.</summary>
    Malformed,
}

/// <summary>The one clock of a store. Not thread-safe: only the committing thread uses it, apart from <see cref="Now"/>.</summary>
internal interface IVersionClock
{
    /// <summary>The greatest scalar made or seen.</summary>
    ulong Last { get; }

    /// <summary>What expiries are compared with: the time of day, or <see cref="Last"/> where that is ahead of it. For any thread.</summary>
    ulong Now { get; }

    /// <summary>How far ahead of use the high mark is leased on disk.</summary>
    ulong LeaseAhead { get; }

    /// <summary>A scalar greater than every one made or seen, and than <paramref name="floor"/>.</summary>
    ulong Next(ulong floor);

    /// <summary>Takes over a scalar that was seen in a record or a vector: an effect is always later than its cause.</summary>
    void Observe(ulong scalar);

    ScalarCheck Check(ulong scalar);
}
