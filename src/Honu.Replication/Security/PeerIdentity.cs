namespace Honu.Replication;

/// <summary>Who the other end of a session has proven to be: what its certificate says.</summary>
/// <param name="Cluster">The cluster that the certificate was made for; empty for the cluster without a name.</param>
/// <param name="Pid">The replica.</param>
public sealed record PeerIdentity(string Cluster, uint Pid);
