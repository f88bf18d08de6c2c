using Honu.Grpc;
using Honu.Replication;

namespace Honu.Hosting;

/// <summary>How a hosted store takes part in replication.</summary>
public sealed record HonuReplicaOptions
{
    /// <summary>The peers to begin with, each <c>HOST:PORT</c>, or <c>PID@HOST:PORT</c> to insist on who answers.</summary>
    /// <value>Default none: the replica answers others but opens no session.</value>
    public IReadOnlyList<string> Peers { get; init; } = [];

    /// <summary>Time between sessions, fixed. Shorter: fresher replicas, more messages.</summary>
    /// <value>Default <see langword="null"/>: 500 ms, doubling up to 4 s while sessions find nothing.</value>
    public TimeSpan? Interval { get; init; }

    /// <summary>Whether sessions are opened at the replica's own pace. Without it only those are opened that <see cref="ReplicaHost.SyncAsync"/> and <see cref="ReplicaHost.VerifyAsync"/> ask for.</summary>
    /// <value>Default <see langword="true"/>.</value>
    public bool OpensSessions { get; init; } = true;

    /// <summary>Where this replica tells others to reach it, <c>HOST:PORT</c>, so that replicas that were not configured with it find it.</summary>
    /// <value>Default <see langword="null"/>: nowhere, unless <see cref="AdvertiseListenAddress"/>.</value>
    public string? AdvertisedAddress { get; init; }

    /// <summary>Without an <see cref="AdvertisedAddress"/>, tells others the address that the server listens to, unless that one means every address of the machine.</summary>
    /// <value>Default <see langword="false"/>; <c>honu serve</c> sets it.</value>
    public bool AdvertiseListenAddress { get; init; }

    /// <summary>The namespaces to exchange with others: names, or prefixes that end with <c>*</c>. Others stay in this store only. Changes while the replica runs (<c>honu subscriptions</c>) count until this list changes.</summary>
    /// <value>Default none: all namespaces.</value>
    public IReadOnlyList<string> Subscriptions { get; init; } = [];

    /// <summary>A member that nobody has heard from for this long is retired: no deletion is kept for it any more. When it comes back, it gets everything anew and is active again. Shorter: disk space comes back sooner; longer: fewer full transfers.</summary>
    /// <value>Default 30 days.</value>
    public TimeSpan RetireAfter { get; init; } = TimeSpan.FromDays(30);

    /// <summary>Who chooses the peer of the next session, and by which reward it learns: <c>NAME[:PARAM][@REWARD[:PARAM]]</c> with the names of <see cref="PeerSelectors.Names"/> and <see cref="PeerSelectors.RewardNames"/>, for example <c>epsilon-greedy:0.1@novelty</c>.</summary>
    /// <value>Default <c>uniform</c>. Without <c>@</c> the reward is <c>paper</c>.</value>
    public string Selector { get; init; } = "uniform";

    /// <summary>What bytes between regions cost, for the reward <c>cost</c>.</summary>
    /// <value>Default <see langword="null"/>: nothing within a region, the same between any two.</value>
    public EgressPrices? EgressPrices { get; init; }

    /// <summary>How fresh writes travel: by sessions only, or pushed at once by way of one replica of each region. Choose the same for the whole cluster; replicas that differ, or are of an older version, get everything by sessions.</summary>
    /// <value>Default <see cref="Dissemination.Sessions"/>.</value>
    public Dissemination Dissemination { get; init; } = Dissemination.Sessions;

    /// <summary>Allows plaintext to peers that are not on loopback. Anyone on the network can then read and write the store.</summary>
    /// <value>Default <see langword="false"/>.</value>
    public bool AllowInsecure { get; init; }

    /// <summary>TLS for connections to peers. With roots, a peer must show a certificate that names it (<c>honu://CLUSTER/PID</c>), and so must whoever opens a session here.</summary>
    /// <value>Default <see langword="null"/>: plaintext.</value>
    public RpcClientTlsOptions? Tls { get; init; }

    /// <summary>Who may read and write which namespaces in sessions. Give the same to <see cref="HonuServiceOptions.Grants"/>, for clients.</summary>
    /// <value>Default <see langword="null"/>: every member of the cluster may do everything.</value>
    public AccessGrants? Grants { get; init; }

    /// <summary>A session that makes no progress for this long is given up.</summary>
    /// <value>Default 4.5 s; messages above 512 KiB are announced and may take longer, as long as they come with 32 KiB a second.</value>
    public TimeSpan ProgressTimeout { get; init; } = TimeSpan.FromSeconds(4.5);

    /// <summary>Every fault, each a sentence that names the value found and what is allowed; empty when there is none.</summary>
    public IReadOnlyList<string> Validate()
    {
        var failures = new List<string>();
        foreach (var text in Peers)
        {
            if (!PeerAddress.TryParse(text, out var address))
                failures.Add($"Peer \"{text}\" is no address; write HOST:PORT or PID@HOST:PORT.");
            else if (Tls is null && !AllowInsecure && !PeerConnections.IsLoopback(address.Host))
                failures.Add($"Peer {text} is another machine and the connection would be plaintext: use TLS, or allow it explicitly (AllowInsecure, --allow-insecure).");
        }

        if (AdvertisedAddress is { } advertised && (!PeerAddress.TryParse(advertised, out var own) || own.Pid is not null))
            failures.Add($"The advertised address \"{advertised}\" is none; write HOST:PORT.");
        return failures.Count > 0 ? failures : ReplicaOptionsValidator.Validate(ToReplicaOptions(seed: 0));
    }

    internal ReplicaOptions ToReplicaOptions(int seed)
    {
        var options = new ReplicaOptions
        {
            Peers = [.. Peers.Select(PeerAddress.Parse)],
            AdvertisedAddress = AdvertisedAddress is null ? null : PeerAddress.Parse(AdvertisedAddress),
            MayConnect = address => Tls is not null || AllowInsecure || PeerConnections.IsLoopback(address.Host),
            Subscriptions = Subscriptions,
            RetireAfter = RetireAfter,
            OpensSessions = OpensSessions,
            Selector = Selector,
            EgressPrices = EgressPrices,
            Dissemination = Dissemination,
            ProgressTimeout = ProgressTimeout,
            Grants = Grants,
            Seed = seed,
        };
        return Interval is { } interval ? options with { BaseInterval = interval, MaxInterval = interval } : options;
    }
}
