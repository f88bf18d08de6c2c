namespace Honu.Benchmarks;

/// <summary>Divides the operations of one invocation between threads that stay, so that starting them is not measured.</summary>
internal sealed class Workers : IDisposable
{
    private readonly Barrier _gate;
    private readonly int _threads;
    private Action<int, int>? _body;
    private int _operations;

    private Workers(int threads)
    {
        _threads = threads;
        _gate = new Barrier(threads);
        for (var thread = 1; thread < threads; thread++)
        {
            var mine = thread;
            new Thread(() => Loop(mine)) { IsBackground = true }.Start();
        }
    }

    /// <summary>Starts the threads; the caller of <see cref="Run"/> is one of them.</summary>
    public static Workers Start(int threads) => new(threads);

    /// <summary>Calls <paramref name="body"/> with the thread's number and each operation's; returns when all are done.</summary>
    public void Run(int operations, Action<int, int> body)
    {
        (_operations, _body) = (operations, body);
        _gate.SignalAndWait();
        Share(0, body);
        _gate.SignalAndWait();
    }

    public void Dispose()
    {
        _body = null;
        _gate.SignalAndWait();
    }

    private void Loop(int thread)
    {
        while (true)
        {
            _gate.SignalAndWait();
            if (_body is not { } body)
                return;
            Share(thread, body);
            _gate.SignalAndWait();
        }
    }

    private void Share(int thread, Action<int, int> body)
    {
        for (var operation = thread; operation < _operations; operation += _threads)
            body(thread, operation);
    }
}
