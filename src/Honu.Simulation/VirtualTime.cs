namespace Honu.Simulation;

/// <summary>Time that stands still until the next thing happens. Everything runs in one thread, in the order of its due time and then of its scheduling.</summary>
public sealed class VirtualTime
{
    private readonly PriorityQueue<Action, (TimeSpan Due, long Order)> _queue = new();
    private long _order;

    /// <summary>Time since the beginning of the simulation.</summary>
    public TimeSpan Now { get; private set; }

    /// <summary>Runs <paramref name="action"/> after a delay.</summary>
    public void After(TimeSpan delay, Action action) => At(Now + delay, action);

    /// <summary>Runs <paramref name="action"/> at a time that has not passed.</summary>
    public void At(TimeSpan due, Action action) => _queue.Enqueue(action, (due < Now ? Now : due, _order++));

    /// <summary>Runs everything that is due up to <paramref name="end"/>, and lets time come to it.</summary>
    public void RunUntil(TimeSpan end)
    {
        while (_queue.TryPeek(out _, out var next) && next.Due <= end)
        {
            var action = _queue.Dequeue();
            Now = next.Due;
            action();
        }

        Now = end;
    }
}

/// <summary>A machine's time of day: virtual time, ahead or behind, in steps.</summary>
/// <param name="time">The simulation's time.</param>
/// <param name="skew">How far the machine's clock is ahead.</param>
/// <param name="step">The clock shows multiples of this: coarse clocks give equal scalars, so that ties are met.</param>
public sealed class SimulatedClock(VirtualTime time, TimeSpan skew, TimeSpan step) : TimeProvider
{
    private static readonly DateTimeOffset Beginning = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    /// <inheritdoc/>
    public override DateTimeOffset GetUtcNow()
    {
        var shown = time.Now + skew;
        return Beginning + (step > TimeSpan.Zero ? TimeSpan.FromTicks(shown.Ticks / step.Ticks * step.Ticks) : shown);
    }
}
