using Honu.Writing;

namespace Honu.Consistency;

/// <summary>Who waits for writes of other replicas, woken by the joins of vectors that may bring them. Nobody polls, and a write pays nothing: a local write cannot be what somebody waits for.</summary>
internal sealed class CausalWaits(StoreCore core)
{
    private readonly Lock _gate = new();
    private readonly List<Waiter> _waiters = [];
    private volatile bool _isWaitedFor;
    private bool _isClosed;

    /// <summary>Whether a join has anybody to wake.</summary>
    public bool IsWaitedFor => _isWaitedFor;

    /// <summary>Who runs the replication of the store, or <see langword="null"/>.</summary>
    public IReplicationDriver? Driver { get; set; }

    /// <summary>What of a token is not covered here, by namespace; <see langword="null"/> when it is satisfied.</summary>
    /// <exception cref="HonuException">The token is of another cluster, or asks for a write that is lost.</exception>
    public SortedList<string, VersionVector>? FindMissing(CausalToken token)
    {
        ThrowIfForeign(token);
        return token.IsEmpty ? null : core.Exclusively((this, token), static args =>
        {
            args.Item1.ThrowIfDisposed();
            return args.Item1.FindMissingNow(args.token);
        });
    }

    /// <summary>Waits until a token is satisfied.</summary>
    public ValueTask WaitAsync(CausalToken token, TimeSpan timeout, CancellationToken cancellationToken)
    {
        CheckTimeout(timeout);
        cancellationToken.ThrowIfCancellationRequested();
        core.ThrowIfDisposed();
        ThrowIfForeign(token);
        if (token.IsEmpty)
            return ValueTask.CompletedTask;

        // Looked at and registered in one step, so that no join falls between the two.
        var waiter = core.Exclusively((this, token), static args => args.Item1.Register(args.token));
        return waiter is null ? ValueTask.CompletedTask : new ValueTask(WaitAsync(waiter, timeout, cancellationToken));
    }

    /// <summary>Vectors have been joined. For the committing thread.</summary>
    public void Joined()
    {
        lock (_gate)
        {
            foreach (var waiter in _waiters)
            {
                if (IsSatisfiedNow(waiter.Token))
                    waiter.Done.TrySetResult();
            }
        }
    }

    /// <summary>The store is closed: nothing will come any more.</summary>
    public void Close()
    {
        lock (_gate)
        {
            _isClosed = true;
            foreach (var waiter in _waiters)
                waiter.Done.TrySetException(new ObjectDisposedException(nameof(HonuStore)));
        }
    }

    /// <summary>Refuses what is no time to wait.</summary>
    public static void CheckTimeout(TimeSpan timeout)
    {
        if (timeout < TimeSpan.Zero && timeout != Timeout.InfiniteTimeSpan)
            throw new ArgumentOutOfRangeException(nameof(timeout), timeout, "A time to wait is zero or more, or Timeout.InfiniteTimeSpan.");
    }

    private async Task WaitAsync(Waiter waiter, TimeSpan timeout, CancellationToken cancellationToken)
    {
        try
        {
            if (timeout != TimeSpan.Zero)
            {
                foreach (var (ns, wanted) in waiter.Missing)
                    Driver?.RequestPull(ns, wanted);
            }

            await waiter.Done.Task.WaitAsync(timeout, core.Options.Environment.Time, cancellationToken).ConfigureAwait(false);
        }
        catch (TimeoutException)
        {
            // It may have come in the very last moment.
            if (FindMissing(waiter.Token) is { } missing)
                throw TimedOut(missing, timeout);
        }
        finally
        {
            Remove(waiter);
        }
    }

    private Waiter? Register(CausalToken token)
    {
        ThrowIfDisposed();
        if (FindMissingNow(token) is not { } missing)
            return null;
        var waiter = new Waiter(token, missing, new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously));
        lock (_gate)
        {
            _waiters.Add(waiter);
            _isWaitedFor = true;
        }

        return waiter;
    }

    private void Remove(Waiter waiter)
    {
        lock (_gate)
        {
            _waiters.Remove(waiter);
            _isWaitedFor = _waiters.Count > 0;
        }
    }

    private void ThrowIfDisposed() => ObjectDisposedException.ThrowIf(_isClosed || core.IsDisposed, typeof(HonuStore));

    private bool IsSatisfiedNow(CausalToken token)
    {
        foreach (var (ns, wanted) in token.Needs)
        {
            if (core.Namespaces.Find(ns) is not { } state || !state.Vector.Dominates(wanted))
                return false;
        }

        return true;
    }

    // While nobody else commits: the own part of a vector changes in place.
    private SortedList<string, VersionVector>? FindMissingNow(CausalToken token)
    {
        SortedList<string, VersionVector>? missing = null;
        foreach (var (ns, wanted) in token.Needs)
        {
            var vector = core.Namespaces.Find(ns)?.Vector;
            if (vector is not null && vector.Dominates(wanted))
                continue;
            var lacking = new VersionVector();
            foreach (var replica in wanted.Origins)
            {
                var mark = wanted.HighMark(replica);
                if (vector is not null && vector.HighMark(replica) >= mark)
                    continue;
                if (replica.Pid == core.Identity.Replica.Pid && core.Held.IsLost(new VersionId(mark, replica), ns))
                    throw new HonuException(HonuErrorCode.WriteLost, $"The token asks for the write {mark}@{replica} of this store in namespace \"{ns}\", which a power loss took: nobody has it any more. Read without the token, and write again what is missing.", core.Path);
                lacking.Advance(replica, mark);
            }

            (missing ??= CausalToken.NewNeeds()).Add(ns, lacking);
        }

        return missing;
    }

    /// <summary>Refuses a token of another cluster.</summary>
    public void ThrowIfForeign(CausalToken token)
    {
        if (token.Cluster is { } cluster && cluster != core.Identity.Cluster)
            throw new HonuException(HonuErrorCode.ClusterMismatch, $"The token belongs to cluster \"{cluster}\", this store to \"{core.Identity.Cluster}\": it will never have what the token asks for. Use a token of this cluster.", core.Path);
    }

    private HonuException TimedOut(SortedList<string, VersionVector> missing, TimeSpan timeout)
    {
        var (ns, lacking) = (missing.Keys[0], missing.Values[0]);
        var replica = lacking.Origins[0];
        var more = missing.Values.Sum(static vector => vector.Count) - 1;
        var others = more > 0 ? $", and {more} more" : "";
        return new HonuException(
            HonuErrorCode.WaitTimedOut,
            $"Replica {core.Identity.Replica} did not have within {timeout.TotalSeconds:0.###} s what the token asks for: in namespace \"{ns}\" the writes of {replica} up to {lacking.HighMark(replica)}{others}. Allow more time, or ask a replica that has them.",
            core.Path);
    }

    private sealed record Waiter(CausalToken Token, SortedList<string, VersionVector> Missing, TaskCompletionSource Done);
}
