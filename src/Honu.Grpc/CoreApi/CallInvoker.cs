namespace Grpc.Core;

/// <summary>Starts calls. Stubs talk to it, transports and interceptors implement it. Safe to use from any thread.</summary>
public abstract class CallInvoker
{
    /// <summary>Makes a unary call and blocks the thread until it is over.</summary>
    /// <param name="method">The method.</param>
    /// <param name="host">The value of <c>:authority</c>; <see langword="null"/> for that of the channel.</param>
    /// <param name="options">Headers, deadline, cancellation.</param>
    /// <param name="request">The request.</param>
    /// <exception cref="RpcException">The call failed.</exception>
    public abstract TResponse BlockingUnaryCall<TRequest, TResponse>(
        Method<TRequest, TResponse> method, string? host, CallOptions options, TRequest request)
        where TRequest : class
        where TResponse : class;

    /// <summary>Starts a unary call.</summary>
    /// <param name="method">The method.</param>
    /// <param name="host">The value of <c>:authority</c>; <see langword="null"/> for that of the channel.</param>
    /// <param name="options">Headers, deadline, cancellation.</param>
    /// <param name="request">The request.</param>
    public abstract AsyncUnaryCall<TResponse> AsyncUnaryCall<TRequest, TResponse>(
        Method<TRequest, TResponse> method, string? host, CallOptions options, TRequest request)
        where TRequest : class
        where TResponse : class;

    /// <summary>Starts a call with a stream of responses.</summary>
    /// <param name="method">The method.</param>
    /// <param name="host">The value of <c>:authority</c>; <see langword="null"/> for that of the channel.</param>
    /// <param name="options">Headers, deadline, cancellation.</param>
    /// <param name="request">The request.</param>
    public abstract AsyncServerStreamingCall<TResponse> AsyncServerStreamingCall<TRequest, TResponse>(
        Method<TRequest, TResponse> method, string? host, CallOptions options, TRequest request)
        where TRequest : class
        where TResponse : class;

    /// <summary>Starts a call with a stream of requests.</summary>
    /// <param name="method">The method.</param>
    /// <param name="host">The value of <c>:authority</c>; <see langword="null"/> for that of the channel.</param>
    /// <param name="options">Headers, deadline, cancellation.</param>
    public abstract AsyncClientStreamingCall<TRequest, TResponse> AsyncClientStreamingCall<TRequest, TResponse>(
        Method<TRequest, TResponse> method, string? host, CallOptions options)
        where TRequest : class
        where TResponse : class;

    /// <summary>Starts a call with streams both ways.</summary>
    /// <param name="method">The method.</param>
    /// <param name="host">The value of <c>:authority</c>; <see langword="null"/> for that of the channel.</param>
    /// <param name="options">Headers, deadline, cancellation.</param>
    public abstract AsyncDuplexStreamingCall<TRequest, TResponse> AsyncDuplexStreamingCall<TRequest, TResponse>(
        Method<TRequest, TResponse> method, string? host, CallOptions options)
        where TRequest : class
        where TResponse : class;
}

/// <summary>Calls with another <c>:authority</c> than the channel's; behind <see cref="ClientBase{T}.WithHost"/>.</summary>
internal sealed class HostCallInvoker(CallInvoker inner, string authority) : CallInvoker
{
    public override TResponse BlockingUnaryCall<TRequest, TResponse>(
        Method<TRequest, TResponse> method, string? host, CallOptions options, TRequest request) =>
        inner.BlockingUnaryCall(method, host ?? authority, options, request);

    public override AsyncUnaryCall<TResponse> AsyncUnaryCall<TRequest, TResponse>(
        Method<TRequest, TResponse> method, string? host, CallOptions options, TRequest request) =>
        inner.AsyncUnaryCall(method, host ?? authority, options, request);

    public override AsyncServerStreamingCall<TResponse> AsyncServerStreamingCall<TRequest, TResponse>(
        Method<TRequest, TResponse> method, string? host, CallOptions options, TRequest request) =>
        inner.AsyncServerStreamingCall(method, host ?? authority, options, request);

    public override AsyncClientStreamingCall<TRequest, TResponse> AsyncClientStreamingCall<TRequest, TResponse>(
        Method<TRequest, TResponse> method, string? host, CallOptions options) =>
        inner.AsyncClientStreamingCall(method, host ?? authority, options);

    public override AsyncDuplexStreamingCall<TRequest, TResponse> AsyncDuplexStreamingCall<TRequest, TResponse>(
        Method<TRequest, TResponse> method, string? host, CallOptions options) =>
        inner.AsyncDuplexStreamingCall(method, host ?? authority, options);
}
