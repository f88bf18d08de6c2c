namespace Honu.Grpc;

/// <summary>Calls back once when a deadline passes, however far away: a timer takes at most 49 days, so it is set again.</summary>
internal sealed class DeadlineTimer : IAsyncDisposable
{
    private static readonly TimeSpan LongestWait = TimeSpan.FromDays(30);

    private readonly TimeProvider _clock;
    private readonly DateTime _deadline;
    private readonly Action<object> _expired;
    private readonly object _state;
    private readonly ITimer _timer;

    public DeadlineTimer(TimeProvider clock, DateTime deadline, Action<object> expired, object state)
    {
        (_clock, _deadline, _expired, _state) = (clock, deadline, expired, state);

        // Set only after the field is assigned: the callback uses it.
        _timer = clock.CreateTimer(static timer => ((DeadlineTimer)timer!).Tick(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        Tick();
    }

    /// <summary>Ends the timer without waiting for a callback that runs.</summary>
    public void Cancel() => _timer.Dispose();

    /// <summary>Ends the timer and waits for a callback that runs.</summary>
    public ValueTask DisposeAsync() => _timer.DisposeAsync();

    private void Tick()
    {
        // Timers count milliseconds; rounding up spares a tick just before the deadline. False: the call ended while the timer ticked.
        var left = _deadline - _clock.GetUtcNow().UtcDateTime;
        if (left <= TimeSpan.Zero)
            _expired(_state);
        else
            _timer.Change(TimeSpan.FromMilliseconds(Math.Ceiling(Math.Min(left.TotalMilliseconds, LongestWait.TotalMilliseconds))), Timeout.InfiniteTimeSpan);
    }
}
