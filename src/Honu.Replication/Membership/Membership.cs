namespace Honu.Replication;

/// <summary>What a replica knows of the others and wants from them; what its sessions share.</summary>
/// <remarks>Not thread-safe.</remarks>
internal sealed class Membership(ReplicationPort store, ReplicaOptions options, AcknowledgementTable acknowledgements)
{
    /// <summary>Who takes part.</summary>
    public MemberTable Members { get; } = new(store, options.RetireAfter);

    /// <summary>What is exchanged.</summary>
    public Subscriptions Subscriptions { get; } = new(store, options.Subscriptions);

    /// <summary>A peer has said Hello.</summary>
    public void Hear(ReplicaId replica, Guid storeId, string address, string region, SubscriptionList subscriptions)
    {
        // Another epoch has lost or dropped something, and what is not wanted any more may be gone there: neither counts as held.
        if (Members.Find(replica.Pid) is { } known && known.Replica != replica)
            acknowledgements.Forget(replica.Pid);
        if (!Members.IsKnownToWant(replica.Pid, subscriptions))
            acknowledgements.Forget((pid, ns) => pid == replica.Pid && !subscriptions.Wants(ns));
        Members.Hear(replica, storeId, address, region, subscriptions);
    }
}
