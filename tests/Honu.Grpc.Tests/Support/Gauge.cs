namespace Honu.Grpc.Tests;

/// <summary>How many of something there are now and have ever been, and a way to wait for a number.</summary>
internal sealed class Gauge
{
    private readonly Lock _sync = new();
    private readonly List<(Func<Gauge, bool> Condition, SyncPoint Reached)> _waiters = [];

    public int Now { get; private set; }

    public int Ever { get; private set; }

    public async Task DuringAsync(Func<Task> work)
    {
        Add(1);
        try
        {
            await work();
        }
        finally
        {
            Add(-1);
        }
    }

    public void Add(int by)
    {
        lock (_sync)
        {
            Now += by;
            Ever += Math.Max(by, 0);
            _waiters.RemoveAll(waiter =>
            {
                var reached = waiter.Condition(this);
                if (reached)
                    waiter.Reached.Reach();
                return reached;
            });
        }
    }

    /// <summary>Completes when the condition holds, which is looked at after each change.</summary>
    public Task WhenAsync(Func<Gauge, bool> condition)
    {
        lock (_sync)
        {
            if (condition(this))
                return Task.CompletedTask;
            var reached = new SyncPoint();
            _waiters.Add((condition, reached));
            return reached.Task;
        }
    }
}
