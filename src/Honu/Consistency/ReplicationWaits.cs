using Honu.Writing;

namespace Honu.Consistency;

/// <summary>Waits for what the replication of a store tells: acknowledgements of other replicas, and how recent this one is. Woken by <see cref="IReplicationDriver.Advanced"/>.</summary>
internal static class ReplicationWaits
{
    /// <summary>Waits until a namespace shows everything that was written up to <paramref name="maxStaleness"/> before this call.</summary>
    /// <exception cref="HonuException"><see cref="HonuErrorCode.WaitTimedOut"/>, or <see cref="HonuErrorCode.NotReplicating"/>.</exception>
    public static async ValueTask FreshAsync(StoreCore core, string ns, TimeSpan maxStaleness, TimeSpan timeout, CancellationToken cancellationToken)
    {
        if (maxStaleness < TimeSpan.Zero)
            throw new ArgumentOutOfRangeException(nameof(maxStaleness), maxStaleness, "A bound of staleness is zero or more.");
        CausalWaits.CheckTimeout(timeout);
        var driver = DriverOf(core, "A bound of staleness (MaxStaleness)");
        var time = core.Options.Environment.Time;
        var upTo = time.GetUtcNow() - maxStaleness;
        if (driver.CompleteUpTo(ns) >= upTo)
            return;
        if (!await UntilAsync(driver, () => driver.CompleteUpTo(ns) >= upTo, () => driver.RequestRefresh(ns, upTo), timeout, time, cancellationToken).ConfigureAwait(false))
        {
            var known = driver.CompleteUpTo(ns) is { } complete ? $"it has everything up to {complete.UtcDateTime:yyyy-MM-ddTHH:mm:ss.fffZ}" : "of some replicas it does not know how far behind it is";
            throw new HonuException(HonuErrorCode.WaitTimedOut, $"Replica {core.Identity.Replica} could not reach a staleness of {maxStaleness.TotalSeconds:0.###} s in namespace \"{ns}\" within {timeout.TotalSeconds:0.###} s: {known}. Allow more, or see to the replicas that are not reached.", core.Path);
        }
    }

    /// <summary>Waits until other replicas have acknowledged a write, and tells how many have.</summary>
    public static async ValueTask<int> AcknowledgedAsync(StoreCore core, string ns, VersionId version, int replicas, TimeSpan timeout, CancellationToken cancellationToken)
    {
        var driver = DriverOf(core, "A wait for other replicas (WaitForReplicas)");
        if (driver.CountAcknowledged(ns, version) < replicas)
            await UntilAsync(driver, () => driver.CountAcknowledged(ns, version) >= replicas, () => driver.RequestPush(ns, version), timeout, core.Options.Environment.Time, cancellationToken).ConfigureAwait(false);
        return driver.CountAcknowledged(ns, version);
    }

    /// <summary>Refuses what needs a running replication, before anything is written.</summary>
    public static IReplicationDriver DriverOf(StoreCore core, string what) =>
        core.Waits.Driver ?? throw new HonuException(HonuErrorCode.NotReplicating, $"{what} needs replication to run for the store at {core.Path}, and none does. Start a ReplicaHost for it, or do without.", core.Path);

    private static async ValueTask<bool> UntilAsync(IReplicationDriver driver, Func<bool> isReached, Action request, TimeSpan timeout, TimeProvider time, CancellationToken cancellationToken)
    {
        var reached = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        void Check(object? sender, EventArgs e)
        {
            if (isReached())
                reached.TrySetResult();
        }

        driver.Advanced += Check;
        try
        {
            // Once more behind the registration: what came before it told nobody.
            Check(sender: null, EventArgs.Empty);
            if (!reached.Task.IsCompleted && timeout != TimeSpan.Zero)
                request();
            await reached.Task.WaitAsync(timeout, time, cancellationToken).ConfigureAwait(false);
            return true;
        }
        catch (TimeoutException)
        {
            // An answer, not an error: the caller knows what it means.
            return isReached();
        }
        finally
        {
            driver.Advanced -= Check;
        }
    }
}
