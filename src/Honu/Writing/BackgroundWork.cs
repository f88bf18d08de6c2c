namespace Honu.Writing;

/// <summary>What a store does beside its callers: a timer takes bounded steps, each a commit of its own, so that no writer waits long.</summary>
internal sealed class BackgroundWork(StoreCore core) : IThreadPoolWorkItem
{
    private const int EntriesPerStep = 512;
    private const int StepsPerTick = 16;

    private ITimer? _timer;
    private int _running;
    private int _trimming;

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
    public bool Step()
    {
        if (core.HasFailed && !StepOf(static core => !core.HasFailed))
            return false;

        // Each gets its step: one that never comes to an end must not keep the others from their turns.
        var drops = core.Dropper.HasWork && StepOf(static core => core.Dropper.Step(EntriesPerStep));
        var prunes = core.Pruner.HasWork && StepOf(static core => core.Pruner.Step(EntriesPerStep));
        var sweeps = core.Expiry.HasWork && StepOf(static core => core.Expiry.Step(EntriesPerStep));
        var cleans = core.Streams.HasWork && StepOf(static core => core.Streams.Step(EntriesPerStep));
        var applies = !core.HasFailed && core.Held.Work.Step();
        if (core.Digests.HasWork)
            StepOf(static core => core.Digests.Begin());
        return drops || prunes || sweeps || cleans || applies;
    }

    /// <summary>Finishes the removal of dropped namespaces.</summary>
    public void FinishDrops()
    {
        while (core.Dropper.HasWork && StepOf(static core => core.Dropper.Step(EntriesPerStep)))
        {
        }
    }

    private bool StepOf(Func<StoreCore, bool> step)
    {
        try
        {
            return core.Exclusively((core, step), static args =>
            {
                args.core.ThrowIfUnusable();
                return args.step(args.core);
            });
        }
        catch (HonuCorruptionException)
        {
            // Told to whoever reads the damaged entry, and by verify. The other work must get its turn.
            return false;
        }
    }

    /// <summary>Removes replaced index entries: in another thread, which waits for its turn in the queue, unless everything is to happen in the caller's.</summary>
    public void Trim()
    {
        if (_timer is null || core.Trimmer.IsOverdue)
            core.Trimmer.Trim();
        else if (Interlocked.Exchange(ref _trimming, 1) == 0)
            ThreadPool.UnsafeQueueUserWorkItem(this, preferLocal: false);
    }

    void IThreadPoolWorkItem.Execute()
    {
        try
        {
            core.Exclusively(core, static core =>
            {
                core.ThrowIfUnusable();
                core.Trimmer.Trim();
                return true;
            });
        }
        catch (Exception error) when (error is HonuException or ObjectDisposedException)
        {
            // A failed write has been noted where it failed. The entries stay remembered.
        }
        catch (Exception error)
        {
            // Nothing in the background may end the process: the next write sees the failure.
            core.Fail(error);
        }
        finally
        {
            Volatile.Write(ref _trimming, 0);
        }
    }

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
            // A failed engine tells the next write itself, and damage whoever reads it: neither may end the process here.
        }
        catch (Exception error)
        {
            core.Fail(error);
        }
        finally
        {
            Volatile.Write(ref _running, 0);
        }
    }
}
