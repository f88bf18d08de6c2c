namespace Honu.Replication;

/// <summary>How a replica takes part in replication.</summary>
public sealed record ReplicaOptions
{
    /// <summary>The peers to begin with. An address of this replica itself is found out and left alone.</summary>
    /// <value>Default none: the replica answers others but opens no session.</value>
    public IReadOnlyList<PeerAddress> Peers { get; init; } = [];

    /// <summary>Time between sessions while they find something. Shorter: fresher replicas, more messages.</summary>
    /// <value>Default 500 ms.</value>
    public TimeSpan BaseInterval { get; init; } = TimeSpan.FromMilliseconds(500);

    /// <summary>Longest time between sessions: it doubles up to here while they find nothing. A local write brings it back to the base.</summary>
    /// <value>Default 4 s.</value>
    public TimeSpan MaxInterval { get; init; } = TimeSpan.FromSeconds(4);

    /// <summary>A session that makes no progress for this long is given up.</summary>
    /// <value>Default 15 s.</value>
    public TimeSpan ProgressTimeout { get; init; } = TimeSpan.FromSeconds(15);

    /// <summary>How long a peer is left alone after a first failure; doubles with each further one.</summary>
    /// <value>Default 250 ms.</value>
    public TimeSpan InitialBackoff { get; init; } = TimeSpan.FromMilliseconds(250);

    /// <summary>Where the doubling ends: an unreachable or refusing peer is left alone for this long, give or take a quarter.</summary>
    /// <value>Default 2 s: a peer that returns is found that soon.</value>
    public TimeSpan MaxBackoff { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>Sessions that peers may have open here at a time; further ones are asked to come back.</summary>
    /// <value>Default 64.</value>
    public int MaxIncomingSessions { get; init; } = 64;

    /// <summary>A chunk of a stream ends at this many records. It is what a receiver applies in one batch.</summary>
    /// <value>Default 512.</value>
    public int ChunkRecords { get; init; } = 512;

    /// <summary>A chunk of a stream ends with the record that passes this many bytes.</summary>
    /// <value>Default 256 KiB.</value>
    public int ChunkBytes { get; init; } = 256 * 1024;

    /// <summary>Who chooses the peer of the next session; one of <see cref="PeerSelectors.Names"/>.</summary>
    /// <value>Default <c>uniform</c>.</value>
    public string Selector { get; init; } = "uniform";

    /// <summary>Whether sessions always tell how recent the replicas are: 16 bytes for each replica and session. Without it they do while somebody reads here with a bound of staleness.</summary>
    /// <value>Default <see langword="false"/>. Needed where such readers do not reach every replica themselves, at the replicas in between.</value>
    public bool KeepsHeartbeats { get; init; }

    /// <summary>Seed of the random choices.</summary>
    /// <value>Default 0. Replicas should have different ones.</value>
    public int Seed { get; init; }
}
