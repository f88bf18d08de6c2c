namespace Honu.Watching;

/// <summary>The buffer between the committing thread and one reader. Writers never wait for the reader: what does not fit is dropped, and the reader told to read the store instead.</summary>
/// <remarks>
/// live -- buffer full --> dropped -- reader has attached again (catch-up) --> live. Both sides hold the lock only to add or take entries.
/// </remarks>
internal sealed class Watcher(WatchFilter filter, WatchOptions options)
{
    private readonly Lock _gate = new();
    private readonly Queue<PublishedChange> _buffer = new();
    private long _bytes;
    private bool _isLive;
    private bool _isClosed;
    private WatchPosition? _latest;
    private TaskCompletionSource? _wake;

    public WatchFilter Filter => filter;

    public bool WantsValues => options.IncludeValues;

    /// <summary>From now on changes are buffered. Called while nobody commits.</summary>
    public void GoLive(WatchPosition position)
    {
        lock (_gate)
        {
            _buffer.Clear();
            _bytes = 0;
            _isLive = true;
            _latest = position;
        }
    }

    /// <summary>Takes over what one commit has changed. Called by the committing thread.</summary>
    /// <param name="changes">Its changes in order, also those that this watch is not about.</param>
    /// <param name="latest">What is covered once all of them have been delivered.</param>
    public void Offer(List<PublishedChange> changes, WatchPosition latest)
    {
        long dropped = 0;
        lock (_gate)
        {
            foreach (var change in changes)
            {
                if (!filter.Matches(change.Namespace) || !filter.Matches(change.Key))
                    continue;
                if (_isLive && _buffer.Count < options.MaxBufferedChanges && _bytes + change.ByteCount <= options.MaxBufferedBytes)
                {
                    _buffer.Enqueue(change);
                    _bytes += change.ByteCount;
                    continue;
                }

                dropped += 1 + _buffer.Count;
                _buffer.Clear();
                _bytes = 0;
                _isLive = false;
            }

            _latest = latest;
            if (!_isLive || _buffer.Count > 0)
                Wake();
        }

        if (dropped > 0)
            Telemetry.DroppedChanges(dropped);
    }

    /// <summary>Takes the next change, if there is one.</summary>
    /// <param name="change">The change.</param>
    /// <param name="position">What is covered when it has been delivered. With the last one that waits, that is all up to now: also changes that this watch is not about, and joins.</param>
    public TakeResult TryTake(out PublishedChange? change, out WatchPosition? position)
    {
        lock (_gate)
        {
            change = null;
            position = null;
            if (_isClosed)
                return TakeResult.Closed;
            if (!_isLive)
                return TakeResult.Dropped;
            if (!_buffer.TryDequeue(out change))
                return TakeResult.Empty;
            _bytes -= change.ByteCount;
            position = _buffer.Count == 0 ? _latest : change.Position;
            return TakeResult.Taken;
        }
    }

    /// <summary>Completes when <see cref="TryTake"/> has something else to say than "empty".</summary>
    public Task WhenNotEmpty()
    {
        lock (_gate)
        {
            if (_isClosed || !_isLive || _buffer.Count > 0)
                return Task.CompletedTask;

            // Asynchronously: the reader's code must not run in the writer's thread.
            _wake ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            return _wake.Task;
        }
    }

    /// <summary>Sends the reader to the store: what is current there may not have gone through the buffer.</summary>
    public void Interrupt()
    {
        lock (_gate)
        {
            _buffer.Clear();
            _bytes = 0;
            _isLive = false;
            Wake();
        }
    }

    /// <summary>The store is being closed.</summary>
    public void Close()
    {
        lock (_gate)
        {
            _isClosed = true;
            _buffer.Clear();
            Wake();
        }
    }

    private void Wake()
    {
        _wake?.TrySetResult();
        _wake = null;
    }
}
