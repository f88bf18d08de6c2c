namespace Honu.Replication;

/// <summary>What rumors ask of the replica that they belong to.</summary>
internal interface IRumorHost
{
    /// <summary>A fresh id for a push.</summary>
    PushId NextPushId();

    /// <summary>Something is to be done.</summary>
    void Add(ReplicaEffect effect);

    /// <summary>A session with a peer is needed at once: to be introduced, or to close a hole.</summary>
    void RequestSession(uint pid);

    /// <summary>Something goes by sessions: they should be frequent.</summary>
    void HurrySessions();

    /// <summary>Received records wait for the clock.</summary>
    void ApplyDeferred();

    /// <summary>The own region has another name, by measuring.</summary>
    void RegionChanged();

    /// <summary>Whether a member takes part in a namespace, as far as is known.</summary>
    bool Takes(uint pid, string ns);

    /// <summary>Whether this replica wants a namespace.</summary>
    bool Wants(string ns);

    /// <summary>Which store writes under a pid; <see langword="null"/> when nobody with it was heard of, or it has left.</summary>
    Guid? FindStore(uint pid);
}
