namespace Honu.Writing;

/// <summary>
/// One writer at a time, in arrival order. The thread at the head commits for those behind it, so that waiting writers share one
/// engine write, and one flush of the disk when they ask for it.
/// </summary>
/// <remarks>
/// A thread that finds the queue idle leads at once and pays what a lock costs. Otherwise it queues a request that holds copies of
/// its key and value, and waits until a leader has committed it or until it is its turn to lead.
/// </remarks>
internal sealed class CommitQueue
{
    private readonly Lock _gate = new();
    private readonly Queue<CommitRequest> _waiting = new();

    // 1 while somebody leads. Taken and given back without the lock as long as nobody waits.
    private int _leading;
    private volatile bool _hasWaiting;

    /// <summary>Becomes the leader if nobody leads or waits. The caller must call <see cref="Leave"/> in the end.</summary>
    public bool TryLead() => !_hasWaiting && Interlocked.CompareExchange(ref _leading, 1, 0) == 0;

    /// <summary>Waits until the request is done (<see langword="false"/>) or this thread leads (<see langword="true"/>).</summary>
    public bool EnqueueAndWait(CommitRequest request)
    {
        lock (_gate)
        {
            _waiting.Enqueue(request);
            _hasWaiting = true;

            // Seen by a leader that leaves now, or else by us: one of the two finds the leadership free and gives it to the first in line.
            if (Interlocked.CompareExchange(ref _leading, 1, 0) == 0)
                HandOver();
        }

        return request.Wait() == CommitRequestState.Leading;
    }

    /// <summary>Leads for something that cannot share a batch with others: a batch of the user, a remote chunk, a snapshot.</summary>
    public void LeadAlone()
    {
        if (!TryLead())
        {
            var request = new CommitRequest { IsExclusive = true };
            EnqueueAndWait(request);
        }
    }

    /// <summary>Whether somebody waits behind the leader, as far as can be told without the lock: who is missed waits for the next group.</summary>
    public bool HasWaiting => _hasWaiting;

    /// <summary>Takes the next waiting request that <paramref name="accept"/> lets share the leader's batch.</summary>
    public CommitRequest? TryTake<TState>(TState state, Func<TState, CommitRequest, bool> accept)
    {
        lock (_gate)
        {
            if (!_waiting.TryPeek(out var next) || next.IsExclusive || !accept(state, next))
                return null;
            _waiting.Dequeue();
            _hasWaiting = _waiting.Count > 0;
            return next;
        }
    }

    /// <summary>Ends the leadership and hands it to the next in line.</summary>
    public void Leave()
    {
        // An exchange, not a write: whether somebody waits must be read after everybody can see that nobody leads.
        Interlocked.Exchange(ref _leading, 0);
        if (!_hasWaiting)
            return;
        lock (_gate)
        {
            if (_waiting.Count > 0 && Interlocked.CompareExchange(ref _leading, 1, 0) == 0)
                HandOver();
        }
    }

    // Under the lock, with the leadership taken for the one who gets it.
    private void HandOver()
    {
        var next = _waiting.Dequeue();
        _hasWaiting = _waiting.Count > 0;
        next.Complete(CommitRequestState.Leading);
    }
}
