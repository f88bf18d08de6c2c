namespace Honu.Replication;

/// <summary>What the sessions of one replica share.</summary>
/// <param name="Store">The store.</param>
/// <param name="Options">The replica's options.</param>
/// <param name="Effects">Where sessions put what is to be done.</param>
/// <param name="Acknowledged">What the others hold durably.</param>
/// <param name="Random">The replica's source of chance.</param>
internal sealed record SessionContext(ReplicationPort Store, ReplicaOptions Options, List<ReplicaEffect> Effects, AcknowledgementTable Acknowledged, Random Random)
{
    /// <summary>What the replica knows of the others and wants from them.</summary>
    public required Membership Membership { get; init; }

    /// <summary>The stream of each sender and namespace that began last.</summary>
    public Dictionary<(string Namespace, ReplicaId Sender), IncomingStream> IncomingStreams { get; } = [];

    /// <summary>How recent the replicas are.</summary>
    public required HeartbeatTable Heartbeats { get; init; }

    /// <summary>Finds the peer that a replica is known as.</summary>
    public required Func<ReplicaId, Peer?> FindPeer { get; init; }
}
