namespace Grpc.Core;

/// <summary>A way to a server. Expensive to make and meant to be shared; stubs on it are cheap.</summary>
public abstract class ChannelBase(string target)
{
    /// <summary>Host and port of the server.</summary>
    public string Target { get; } = target ?? throw new ArgumentNullException(nameof(target));
    /// <summary>The invoker that starts calls on this channel.</summary>
    public abstract CallInvoker CreateCallInvoker();
    /// <summary>Ends the channel; calls that still run are cancelled.</summary>
    public Task ShutdownAsync() => ShutdownAsyncCore();
    /// <summary>What <see cref="ShutdownAsync"/> does.</summary>
    protected virtual Task ShutdownAsyncCore() => Task.CompletedTask;
}

/// <summary>Starts calls. Stubs talk to it, transports and interceptors implement it. Safe to use from any thread.</summary>
/// <remarks>The <c>host</c> of a call is its <c>:authority</c>; <see langword="null"/> for that of the channel.</remarks>
public abstract class CallInvoker
{
    /// <summary>Makes a unary call and blocks the thread until it is over.</summary>
    /// <exception cref="RpcException">The call failed.</exception>
    public abstract TResponse BlockingUnaryCall<TRequest, TResponse>(Method<TRequest, TResponse> method, string? host, CallOptions options, TRequest request)
        where TRequest : class where TResponse : class;
    /// <summary>Starts a unary call.</summary>
    public abstract AsyncUnaryCall<TResponse> AsyncUnaryCall<TRequest, TResponse>(
        Method<TRequest, TResponse> method, string? host, CallOptions options, TRequest request) where TRequest : class where TResponse : class;
    /// <summary>Starts a call with a stream of responses.</summary>
    public abstract AsyncServerStreamingCall<TResponse> AsyncServerStreamingCall<TRequest, TResponse>(
        Method<TRequest, TResponse> method, string? host, CallOptions options, TRequest request) where TRequest : class where TResponse : class;
    /// <summary>Starts a call with a stream of requests.</summary>
    public abstract AsyncClientStreamingCall<TRequest, TResponse> AsyncClientStreamingCall<TRequest, TResponse>(
        Method<TRequest, TResponse> method, string? host, CallOptions options) where TRequest : class where TResponse : class;
    /// <summary>Starts a call with streams both ways.</summary>
    public abstract AsyncDuplexStreamingCall<TRequest, TResponse> AsyncDuplexStreamingCall<TRequest, TResponse>(
        Method<TRequest, TResponse> method, string? host, CallOptions options) where TRequest : class where TResponse : class;
}
