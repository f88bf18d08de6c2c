namespace Honu.Grpc.Tests;

/// <summary>A place that one side reaches and the other waits for.</summary>
internal sealed class SyncPoint
{
    private readonly TaskCompletionSource _reached = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public Task Task => _reached.Task;

    public void Reach() => _reached.TrySetResult();

    /// <summary>Reached when the token is cancelled.</summary>
    public static SyncPoint WhenCancelled(CancellationToken token)
    {
        var point = new SyncPoint();
        token.Register(point.Reach);
        return point;
    }
}
