using Honu.Writing;

namespace Honu;

// Deletions that everybody knows are forgotten, and who missed that catches up by a full stream.
public sealed partial class ReplicationPort
{
    private readonly Lock _purgeGate = new();

    /// <summary>Forgets deletions of a namespace that every active member has durably acknowledged, expired objects among them (R6). Call it again while there is more.</summary>
    /// <param name="ns">The namespace.</param>
    /// <param name="acknowledged">
    /// What each active member has durably acknowledged: one vector for each, an empty one for a member that has not told. None at all for a replica that has no peers.
    /// </param>
    /// <param name="maxObjects">Purge at most so many.</param>
    /// <remarks>
    /// What is purged leaves no trace of its key but a presence in the frontier; a peer that was away meanwhile is sent everything (R7). Costs nothing when there is nothing to do; the first call
    /// after an opening walks over the namespace, some records a call. Writers wait for a few hundred removals at a time. Flushes the disk when there is something to purge.
    /// </remarks>
    public PurgeResult Purge(string ns, IReadOnlyList<VersionVector> acknowledged, int maxObjects)
    {
        ArgumentNullException.ThrowIfNull(acknowledged);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(maxObjects);
        StoreOpener.ThrowIfReadOnly(_core);
        lock (_purgeGate)
            return _core.Namespaces.Find(ns) is { } state ? _core.Purger.Purge(state, acknowledged, maxObjects, Barrier) : default;
    }

    /// <summary>Lets the next full reconcile of a namespace delete as much as it must (<see cref="HonuErrorCode.ReconcileLimit"/>). Holds until one has deleted something, for 24 hours at most, and over a restart.</summary>
    /// <param name="ns">The namespace.</param>
    /// <returns><see langword="false"/> when the store has no such namespace.</returns>
    public bool AllowReconcile(string ns)
    {
        StoreLimits.CheckNamespace(ns);
        return _core.Exclusively((_core, ns), static args =>
        {
            StoreOpener.ThrowIfReadOnly(args._core);
            args._core.ThrowIfUnusable();
            if (args._core.Namespaces.Find(args.ns) is not { } state)
                return false;
            Reconciling.ReconcilePermit.Stage(args._core, state);
            args._core.WriteBatch(sync: true);
            return true;
        });
    }
}
