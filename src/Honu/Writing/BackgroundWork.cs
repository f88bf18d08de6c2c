namespace Honu.Writing;

/// <summary>What a store does beside its callers: a timer takes bounded steps, each a commit of its own, so that no writer waits long.</summary>
internal sealed class BackgroundWork(StoreCore core)
{
    private const int EntriesPerStep = 512;
    private const int StepsPerTick = 16;

    private ITimer? _timer;
    private int _running;

    /// <summary>Begins to work at the interval of the options, if there is one.</summary>
    public void Start()
    {
        var interval = core.Options.MaintenanceInterval;
        if (interval != Timeout.InfiniteTimeSpan)
            _timer = core.Options.Environment.Time.CreateTimer(static work => ((BackgroundWork)work!).Tick(), this, interval, interval);
    }

    /// <summary>Ends the timer. A step that is under way is waited for by whoever leads the commit queue next.</summary>
    public void Stop() => _timer?.Dispose();

    /// <summary>One step. Returns whether more waits.</summary>
    public bool Step() => core.Pruner.HasWork && core.Exclusively(core, static core =>
    {
        core.ThrowIfUnusable();
        return core.Pruner.Step(EntriesPerStep);
    });

    private void Tick()
    {
        // A tick that finds the one before it still at work has nothing to add.
        if (Interlocked.Exchange(ref _running, 1) != 0)
            return;
        try
        {
            for (var step = 0; step < StepsPerTick && Step(); step++)
            {
            }
        }
        catch (Exception error) when (error is HonuException or ObjectDisposedException)
        {
            // Told to whoever reads or writes next: damage and a failed engine are theirs to see. Nothing in the background may end the process.
        }
        finally
        {
            Volatile.Write(ref _running, 0);
        }
    }
}
