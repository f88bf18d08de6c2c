using Grpc.Core;

namespace Honu.Hosting.Services;

/// <summary>Lets calls in while the server runs. To stop: new calls are refused, running ones finish, those that take too long are cancelled.</summary>
internal sealed class ServiceGate : IDisposable
{
    private readonly Lock _lock = new();
    private readonly CancellationTokenSource _abort = new();
    private readonly CancellationTokenSource _stopping = new();
    private TaskCompletionSource? _drained;
    private string? _closedBecause;
    private int _running;

    /// <summary>Cancelled when a stop has waited long enough.</summary>
    public CancellationToken Aborted => _abort.Token;

    /// <summary>Cancelled when a stop begins: for calls that would never end by themselves.</summary>
    public CancellationToken Stopping => _stopping.Token;

    /// <summary>Counts a call in; dispose the result when the call is over.</summary>
    /// <exception cref="RpcException">UNAVAILABLE: the gate is closed.</exception>
    public Pass Enter()
    {
        lock (_lock)
        {
            if (_closedBecause is not null)
                throw new RpcException(new Status(StatusCode.Unavailable, _closedBecause));
            _running++;
            return new Pass(this);
        }
    }

    /// <summary>Refuses every call from now on.</summary>
    public void Close(string because)
    {
        lock (_lock)
            _closedBecause = because;
    }

    /// <summary>Lets calls in.</summary>
    public void Open()
    {
        lock (_lock)
            _closedBecause = null;
    }

    /// <summary>Closes and waits for the running calls; after <paramref name="patience"/> the rest is cancelled and waited for.</summary>
    public async Task DrainAsync(TimeSpan patience, TimeProvider time, CancellationToken cancellationToken)
    {
        Task drained;
        lock (_lock)
        {
            _closedBecause ??= "The server is stopping. Try again later or on another replica.";
            if (_running == 0)
                return;
            _drained ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            drained = _drained.Task;
        }

        await _stopping.CancelAsync().ConfigureAwait(false);
        try
        {
            await drained.WaitAsync(patience, time, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception e) when (e is TimeoutException or OperationCanceledException)
        {
            // Waited long enough, or the host is in a hurry: a scan that nobody reads must not keep the store open.
            await _abort.CancelAsync().ConfigureAwait(false);
            await drained.WaitAsync(patience, time, CancellationToken.None).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    public void Dispose()
    {
        _abort.Dispose();
        _stopping.Dispose();
    }

    private void Exit()
    {
        lock (_lock)
        {
            if (--_running == 0)
                _drained?.TrySetResult();
        }
    }

    /// <summary>One running call.</summary>
    internal readonly struct Pass(ServiceGate gate) : IDisposable
    {
        public void Dispose() => gate.Exit();
    }
}
