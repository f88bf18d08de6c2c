namespace Honu.Replication;

/// <summary>What rumors have done since the replica was made. Counted by the replica's thread, read by any.</summary>
public sealed class RumorCounts
{
    private readonly long[] _counts = new long[Enum.GetValues<RumorCount>().Length];

    internal RumorCounts()
    {
    }

    /// <summary>How often.</summary>
    public long this[RumorCount count] => Volatile.Read(ref _counts[(int)count]);

    internal void Add(RumorCount count, long number = 1) => Volatile.Write(ref _counts[(int)count], _counts[(int)count] + number);
}

/// <summary>What of rumors is counted.</summary>
public enum RumorCount
{
    /// <summary>Rumors sent, each as often as it was pushed.</summary>
    Sent,

    /// <summary>Rumors received.</summary>
    Received,

    /// <summary>Received rumors that brought something new.</summary>
    News,

    /// <summary>Pushes to replicas of other regions.</summary>
    FarPushes,

    /// <summary>Pushes to neighbours.</summary>
    LocalPushes,

    /// <summary>Pushes that were made because another one was not answered in time.</summary>
    Retries,

    /// <summary>Second pushes of the same to the same region.</summary>
    Hedges,

    /// <summary>Pushes by way of a third region.</summary>
    Detours,

    /// <summary>Times that something was left to sessions.</summary>
    LeftToSessions,
}
