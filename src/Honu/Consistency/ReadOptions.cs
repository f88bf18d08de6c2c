namespace Honu;

/// <summary>How recent a read must be. Where the replica is behind, the read fetches what is missing from its peers and waits for it.</summary>
public readonly record struct ReadOptions
{
    private static readonly TimeSpan DefaultTimeout = TimeSpan.FromSeconds(10);

    private readonly TimeSpan? _timeout;

    /// <summary>The read shows what the token's owner has seen or written, or something later. Only the token's part about the namespace that is read counts.</summary>
    /// <value>Default <see langword="null"/>: whatever this replica has.</value>
    public CausalToken? AtLeast { get; init; }

    /// <summary>The read shows every write that any replica made at least so long before the call, by the writers' clocks: how far clocks differ adds to it. Zero asks all of them.</summary>
    /// <value>Default <see langword="null"/>: whatever this replica has. Needs replication to run for the store, and every replica to be reached.</value>
    public TimeSpan? MaxStaleness { get; init; }

    /// <summary>How long the read may wait for that.</summary>
    /// <value>Default 10 s. Zero does not wait; <see cref="System.Threading.Timeout.InfiniteTimeSpan"/> waits as long as the store is open.</value>
    public TimeSpan Timeout
    {
        get => _timeout ?? DefaultTimeout;
        init => _timeout = value;
    }
}
