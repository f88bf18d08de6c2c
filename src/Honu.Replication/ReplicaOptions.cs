namespace Honu.Replication;

/// <summary>How a replica takes part in replication.</summary>
public sealed record ReplicaOptions
{
    /// <summary>The peers to begin with. An address of this replica itself is found out and left alone.</summary>
    /// <value>Default none: the replica answers others but opens no session.</value>
    public IReadOnlyList<PeerAddress> Peers { get; init; } = [];

    /// <summary>Whether sessions are opened at the replica's own pace. Without it only those are opened that somebody asks for.</summary>
    /// <value>Default <see langword="true"/>.</value>
    public bool OpensSessions { get; init; } = true;

    /// <summary>Time between sessions while they find something. Shorter: fresher replicas, more messages.</summary>
    /// <value>Default 500 ms.</value>
    public TimeSpan BaseInterval { get; init; } = TimeSpan.FromMilliseconds(500);

    /// <summary>A fixed time from the end of a session to the next one, in place of <see cref="BaseInterval"/> and <see cref="MaxInterval"/>: who has near peers holds more sessions.</summary>
    /// <value>Default <see langword="null"/>: sessions begin at intervals.</value>
    public TimeSpan? PauseAfterSession { get; init; }

    /// <summary>Longest time between sessions: it doubles up to here while they find nothing. A local write brings it back to the base.</summary>
    /// <value>Default 4 s.</value>
    public TimeSpan MaxInterval { get; init; } = TimeSpan.FromSeconds(4);

    /// <summary>A session that makes no progress for this long is given up.</summary>
    /// <value>Default 4.5 s; messages above 512 KiB are announced and may take longer, as long as they come with 32 KiB a second.</value>
    public TimeSpan ProgressTimeout { get; init; } = TimeSpan.FromSeconds(4.5);

    /// <summary>How long one who opens a session here may take to say who it is. Never more than <see cref="ProgressTimeout"/>.</summary>
    /// <value>Default 4 s.</value>
    public TimeSpan HelloTimeout { get; init; } = TimeSpan.FromSeconds(4);

    /// <summary>How often deletions are purged that every active member holds durably.</summary>
    /// <value>Default 10 s.</value>
    public TimeSpan PurgeInterval { get; init; } = TimeSpan.FromSeconds(10);

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

    /// <summary>Where this replica tells others to reach it.</summary>
    /// <value>Default none: only those who are configured with its address open sessions with it.</value>
    public PeerAddress? AdvertisedAddress { get; init; }

    /// <summary>Which addresses that members tell may be tried. Configured and added ones always are.</summary>
    /// <value>Default all.</value>
    public Func<PeerAddress, bool> MayConnect { get; init; } = static _ => true;

    /// <summary>A member that nobody has heard from for this long, and at most a day longer, is retired: no deletion is kept for it any more. When it comes back, it gets everything anew and is active again.</summary>
    /// <value>Default 30 days.</value>
    public TimeSpan RetireAfter { get; init; } = TimeSpan.FromDays(30);

    /// <summary>The namespaces to exchange with others: names, or prefixes that end with <c>*</c>. Changes while the replica runs count until this list changes.</summary>
    /// <value>Default none: all namespaces.</value>
    public IReadOnlyList<string> Subscriptions { get; init; } = [];

    /// <summary>Who chooses the peer of the next session, and by which reward it learns: <c>NAME[:PARAM][@REWARD[:PARAM]]</c> with the names of <see cref="PeerSelectors.Names"/> and <see cref="PeerSelectors.RewardNames"/>.</summary>
    /// <value>Default <c>uniform</c>. Without <c>@</c> the reward is <c>paper</c>.</value>
    public string Selector { get; init; } = "uniform";

    /// <summary>How fresh writes travel: by sessions only, or pushed at once by way of one replica of each region. The choice belongs to the whole cluster; replicas that chose otherwise, or do not speak rumors, get everything by sessions.</summary>
    /// <value>Default <see cref="Dissemination.Sessions"/>.</value>
    public Dissemination Dissemination { get; init; } = Dissemination.Sessions;

    /// <summary>Pace, limits and patience of rumors.</summary>
    /// <value>Default: made for links between data centres.</value>
    public RumorOptions Rumors { get; init; } = new();

    /// <summary>What bytes between regions cost, for the reward <c>cost</c>.</summary>
    /// <value>Default <see langword="null"/>: nothing within a region, the same between any two.</value>
    public EgressPrices? EgressPrices { get; init; }

    /// <summary>Who may read and write which namespaces here, by pid. Peers that are not proven by certificates are who they say.</summary>
    /// <value>Default <see langword="null"/>: every member of the cluster may do everything.</value>
    public AccessGrants? Grants { get; init; }

    /// <summary>Whether sessions always tell how recent the replicas are: 16 bytes for each replica and session. Without it they do while somebody reads here with a bound of staleness.</summary>
    /// <value>Default <see langword="false"/>. Needed where such readers do not reach every replica themselves, at the replicas in between.</value>
    public bool KeepsHeartbeats { get; init; }

    /// <summary>Seed of the random choices.</summary>
    /// <value>Default 0. Replicas should have different ones.</value>
    public int Seed { get; init; }
}
