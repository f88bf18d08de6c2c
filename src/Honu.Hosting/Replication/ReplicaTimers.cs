using Honu.Replication;

namespace Honu.Hosting;

/// <summary>The timers that the state machine asks for, on the clock of a <see cref="TimeProvider"/>. Used by the event loop only.</summary>
internal sealed class ReplicaTimers(TimeProvider time, Action<ReplicaTimer> due) : IDisposable
{
    private readonly Dictionary<ReplicaTimer, ITimer> _timers = [];
    private readonly long _start = time.GetTimestamp();

    /// <summary>Time since this object was made.</summary>
    public TimeSpan Now => time.GetElapsedTime(_start);

    public void Set(ReplicaTimer timer, TimeSpan dueAt)
    {
        var delay = dueAt - Now;
        if (delay < TimeSpan.Zero)
            delay = TimeSpan.Zero;
        if (_timers.TryGetValue(timer, out var known))
            known.Change(delay, Timeout.InfiniteTimeSpan);
        else
            _timers.Add(timer, time.CreateTimer(_ => due(timer), state: null, delay, Timeout.InfiniteTimeSpan));
    }

    public void Clear(ReplicaTimer timer)
    {
        if (_timers.Remove(timer, out var known))
            known.Dispose();
    }

    public void Dispose()
    {
        foreach (var timer in _timers.Values)
            timer.Dispose();
        _timers.Clear();
    }
}
