using Honu.Replication;

namespace Honu.Simulation;

// A machine that stands still for a while: what happens meanwhile waits, in its order.
public sealed partial class SimulatedReplica
{
    private readonly Queue<ReplicaEvent> _putOff = new();
    private TimeSpan _pausedUntil;
    private bool _isGoingOn;

    /// <summary>Whether the process stands still.</summary>
    public bool IsPaused => _time.Now < _pausedUntil;

    /// <summary>The process stands still, as during a long collection of garbage: it reacts to nothing until it goes on, and its clients wait.</summary>
    public void Pause(TimeSpan duration)
    {
        var until = _time.Now + duration;
        if (until <= _pausedUntil)
            return;
        _pausedUntil = until;
        var generation = Generation;
        _time.At(until, () =>
        {
            if (Generation == generation && !IsPaused)
                GoOn();
        });
    }

    private void GoOn()
    {
        _isGoingOn = true;
        try
        {
            while (_putOff.TryDequeue(out var happened))
                Handle(happened);
        }
        finally
        {
            _isGoingOn = false;
        }
    }

    private bool IsPutOff(ReplicaEvent happened)
    {
        // At the very moment at which it goes on, something may come before what waits.
        if (!IsPaused && (_isGoingOn || _putOff.Count == 0))
            return false;
        _putOff.Enqueue(happened);
        return true;
    }

    private void ForgetPause()
    {
        _putOff.Clear();
        _pausedUntil = TimeSpan.Zero;
    }
}
