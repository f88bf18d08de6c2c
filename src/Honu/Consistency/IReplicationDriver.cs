namespace Honu;

/// <summary>What a store asks of the replication that runs for it. Applications do not need it; <c>ReplicaHost</c> registers one by <see cref="ReplicationPort.Attach"/>.</summary>
/// <remarks>Called from any thread, never while the store commits. No member waits.</remarks>
public interface IReplicationDriver
{
    /// <summary>Raised after <see cref="CountAcknowledged"/> or <see cref="CompleteUpTo"/> may have grown.</summary>
    event EventHandler? Advanced;

    /// <summary>Somebody waits for writes that this replica does not have: fetch them at once, from a peer that is known to have them if there is one.</summary>
    /// <param name="ns">The namespace.</param>
    /// <param name="wanted">What must be covered.</param>
    void RequestPull(string ns, VersionVector wanted);

    /// <summary>Somebody waits for other replicas to have a local write: hold sessions at once with those that lack it.</summary>
    /// <param name="ns">The namespace.</param>
    /// <param name="version">The write.</param>
    void RequestPush(string ns, VersionId version);

    /// <summary>Somebody waits until everything of all replicas up to a moment is here: hold sessions at once with those that are behind it.</summary>
    /// <param name="ns">The namespace.</param>
    /// <param name="upTo">The moment.</param>
    void RequestRefresh(string ns, DateTimeOffset upTo);

    /// <summary>How many other replicas have said that they hold a write durably.</summary>
    /// <param name="ns">The namespace.</param>
    /// <param name="version">The write.</param>
    int CountAcknowledged(string ns, VersionId version);

    /// <summary>Up to which moment, by the writers' clocks, everything that any replica wrote in a namespace is here; <see langword="null"/> while that is not known of some replica.</summary>
    /// <param name="ns">The namespace.</param>
    DateTimeOffset? CompleteUpTo(string ns);
}
