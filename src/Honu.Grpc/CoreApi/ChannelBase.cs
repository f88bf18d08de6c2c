namespace Grpc.Core;

/// <summary>A way to a server. Expensive to make and meant to be shared; stubs on it are cheap.</summary>
public abstract class ChannelBase
{
    /// <summary>A channel to this target.</summary>
    /// <param name="target">Host and port.</param>
    protected ChannelBase(string target)
    {
        ArgumentNullException.ThrowIfNull(target);
        Target = target;
    }

    /// <summary>Host and port of the server.</summary>
    public string Target { get; }

    /// <summary>The invoker that starts calls on this channel.</summary>
    public abstract CallInvoker CreateCallInvoker();

    /// <summary>Ends the channel; calls that still run are cancelled.</summary>
    public Task ShutdownAsync() => ShutdownAsyncCore();

    /// <summary>What <see cref="ShutdownAsync"/> does.</summary>
    protected virtual Task ShutdownAsyncCore() => Task.CompletedTask;
}
