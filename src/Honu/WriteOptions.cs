using Honu.Consistency;

namespace Honu;

/// <summary>Options of one write.</summary>
public readonly record struct WriteOptions
{
    /// <summary>What the write survives.</summary>
    /// <value>Default <see langword="null"/>: the store's <see cref="HonuStoreOptions.Durability"/>.</value>
    public Durability? Durability { get; init; }

    /// <summary>How long a put lives. Afterwards every replica treats that version as deleted, and removes its value in the background; nothing is written for it. Deletions pass over it.</summary>
    /// <value>Default <see langword="null"/>: until it is overwritten or deleted. From 1 ms to 36,500 days, to the millisecond; needs <see cref="VersionClock.Hybrid"/>.</value>
    public TimeSpan? TimeToLive { get; init; }

    /// <summary>The write follows on what the token's owner has seen or written: it waits until this replica has that. Only the token's part about the written namespaces counts. For the asynchronous writes; the others refuse it.</summary>
    /// <value>Default <see langword="null"/>: it follows on whatever this replica has.</value>
    public CausalToken? AtLeast
    {
        get => Needs?.AtLeast;
        init => Needs = (Needs ?? WriteNeeds.None) with { AtLeast = value };
    }

    /// <summary>How many other replicas should hold the write durably before the call returns. For the asynchronous writes; the others refuse it.</summary>
    /// <value>Default 0. At most 4,095; set by <see cref="WaitForReplicas"/>.</value>
    public int Replicas => Needs?.Replicas ?? 0;

    /// <summary>How long the write may wait for <see cref="AtLeast"/>, and then for <see cref="Replicas"/>.</summary>
    /// <value>Default 10 s.</value>
    public TimeSpan WaitTimeout
    {
        get => (Needs ?? WriteNeeds.None).Timeout;
        init => Needs = (Needs ?? WriteNeeds.None) with { Timeout = value };
    }

    internal WriteNeeds? Needs { get; init; }

    /// <summary>These options, with a wait until other replicas hold the write durably. Replication hurries for it.</summary>
    /// <param name="count">How many, this replica not counted; 0 to 4,095.</param>
    /// <param name="timeout">How long the call waits. A time-out takes nothing back: the write stays, and <see cref="WriteResult.AcknowledgedBy"/> tells how many have it by then.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="count"/> is out of its range.</exception>
    public WriteOptions WaitForReplicas(int count, TimeSpan timeout)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(count, VersionVector.MaxOrigins);
        return this with { Needs = (Needs ?? WriteNeeds.None) with { Replicas = count, Timeout = timeout } };
    }

    /// <summary>The write survives power loss.</summary>
    public static WriteOptions Synced => new() { Durability = Honu.Durability.Synced };
}
