namespace Honu.Hosting;

/// <summary>How a store is served to clients.</summary>
public sealed record HonuServiceOptions
{
    /// <summary>Scans that may run at once. Each keeps a snapshot, which holds back the cleaning up of what was overwritten since.</summary>
    /// <value>Default 64.</value>
    public int MaxConcurrentScans { get; init; } = 64;

    /// <summary>Watches that may run at once. Each has a buffer of up to 4 MiB, and makes every write of what it is about a little dearer.</summary>
    /// <value>Default 256.</value>
    public int MaxConcurrentWatches { get; init; } = 256;

    /// <summary>Calls that may wait at once for what a token, a bound of staleness or a number of replicas asks for. Further ones are refused (RESOURCE_EXHAUSTED).</summary>
    /// <value>Default 1,024.</value>
    public int MaxConcurrentWaits { get; init; } = 1024;

    /// <summary>How long a stopping server lets running calls finish before it cancels them.</summary>
    /// <value>Default 5 s.</value>
    public TimeSpan DrainTimeout { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>Serves reflection, from which tools such as grpcurl learn the messages of the services.</summary>
    /// <value>Default <see langword="true"/>. It tells every caller what is in the published protocol files, and nothing of the store.</value>
    public bool Reflection { get; init; } = true;

    /// <summary>Who may call what, by client certificate or bearer token. Give the same to <see cref="HonuReplicaOptions.Grants"/>, for sessions.</summary>
    /// <value>Default <see langword="null"/>: whoever is on this machine, or has a certificate of the cluster, may do everything.</value>
    public Honu.Replication.AccessGrants? Grants { get; init; }

    /// <summary>Allows plaintext on addresses that are not loopback. Anyone on the network can then read and write the store.</summary>
    /// <value>Default <see langword="false"/>: the host does not start when it listens to such an address without TLS, and callers from other machines need a certificate or a token.</value>
    public bool AllowInsecure { get; init; }
}
