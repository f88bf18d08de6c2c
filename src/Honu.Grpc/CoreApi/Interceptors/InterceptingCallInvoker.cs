namespace Grpc.Core.Interceptors;

/// <summary>Hands each call to an interceptor, with host and options changed before if there is a function for that.</summary>
internal sealed class InterceptingCallInvoker(
    CallInvoker inner, Interceptor interceptor, Func<string?, CallOptions, (string? Host, CallOptions Options)>? rewrite = null) : CallInvoker
{
    /// <summary>The invoker of a stub that has none.</summary>
    public static readonly CallInvoker Missing = new InterceptingCallInvoker(
        null!, Interceptor.None, (_, _) => throw new InvalidOperationException("This stub was made without a channel; override its methods."));

    public override TResponse BlockingUnaryCall<TRequest, TResponse>(
        Method<TRequest, TResponse> method, string? host, CallOptions options, TRequest request) =>
        interceptor.BlockingUnaryCall(request, Context(method, host, options), (r, c) => inner.BlockingUnaryCall(c.Method, c.Host, c.Options, r));

    public override AsyncUnaryCall<TResponse> AsyncUnaryCall<TRequest, TResponse>(
        Method<TRequest, TResponse> method, string? host, CallOptions options, TRequest request) =>
        interceptor.AsyncUnaryCall(request, Context(method, host, options), (r, c) => inner.AsyncUnaryCall(c.Method, c.Host, c.Options, r));

    public override AsyncServerStreamingCall<TResponse> AsyncServerStreamingCall<TRequest, TResponse>(
        Method<TRequest, TResponse> method, string? host, CallOptions options, TRequest request) =>
        interceptor.AsyncServerStreamingCall(request, Context(method, host, options), (r, c) => inner.AsyncServerStreamingCall(c.Method, c.Host, c.Options, r));

    public override AsyncClientStreamingCall<TRequest, TResponse> AsyncClientStreamingCall<TRequest, TResponse>(
        Method<TRequest, TResponse> method, string? host, CallOptions options) =>
        interceptor.AsyncClientStreamingCall(Context(method, host, options), c => inner.AsyncClientStreamingCall(c.Method, c.Host, c.Options));

    public override AsyncDuplexStreamingCall<TRequest, TResponse> AsyncDuplexStreamingCall<TRequest, TResponse>(
        Method<TRequest, TResponse> method, string? host, CallOptions options) =>
        interceptor.AsyncDuplexStreamingCall(Context(method, host, options), c => inner.AsyncDuplexStreamingCall(c.Method, c.Host, c.Options));

    private ClientInterceptorContext<TRequest, TResponse> Context<TRequest, TResponse>(Method<TRequest, TResponse> method, string? host, CallOptions options)
        where TRequest : class where TResponse : class
    {
        if (rewrite is not null)
            (host, options) = rewrite(host, options);
        return new(method, host, options);
    }
}
