using Grpc.Core;

namespace Honu.Grpc;

/// <summary>Starts calls on a channel and wraps them in the types that stubs return.</summary>
internal sealed class RpcCallInvoker(RpcChannel channel) : CallInvoker
{
    // Blocking is this method's contract. No continuation needs the blocked thread: every await of the runtime is ConfigureAwait(false).
    public override TResponse BlockingUnaryCall<TRequest, TResponse>(
        Method<TRequest, TResponse> method, string? host, CallOptions options, TRequest request)
    {
        using var call = AsyncUnaryCall(method, host, options, request);
        return call.GetAwaiter().GetResult();
    }

    public override AsyncUnaryCall<TResponse> AsyncUnaryCall<TRequest, TResponse>(
        Method<TRequest, TResponse> method, string? host, CallOptions options, TRequest request)
    {
        var call = Start(method, host, options, request);
        return new AsyncUnaryCall<TResponse>(
            call.SingleResponse!, ClientCall.ResponseHeaders, ClientCall.Status, ClientCall.Trailers, ClientCall.Dispose, call);
    }

    public override AsyncServerStreamingCall<TResponse> AsyncServerStreamingCall<TRequest, TResponse>(
        Method<TRequest, TResponse> method, string? host, CallOptions options, TRequest request)
    {
        var call = Start(method, host, options, request);
        return new AsyncServerStreamingCall<TResponse>(
            call, ClientCall.ResponseHeaders, ClientCall.Status, ClientCall.Trailers, ClientCall.Dispose, call);
    }

    public override AsyncClientStreamingCall<TRequest, TResponse> AsyncClientStreamingCall<TRequest, TResponse>(
        Method<TRequest, TResponse> method, string? host, CallOptions options)
    {
        var call = Start(method, host, options, null);
        return new AsyncClientStreamingCall<TRequest, TResponse>(
            call, call.SingleResponse!, ClientCall.ResponseHeaders, ClientCall.Status, ClientCall.Trailers, ClientCall.Dispose, call);
    }

    public override AsyncDuplexStreamingCall<TRequest, TResponse> AsyncDuplexStreamingCall<TRequest, TResponse>(
        Method<TRequest, TResponse> method, string? host, CallOptions options)
    {
        var call = Start(method, host, options, null);
        return new AsyncDuplexStreamingCall<TRequest, TResponse>(
            call, call, ClientCall.ResponseHeaders, ClientCall.Status, ClientCall.Trailers, ClientCall.Dispose, call);
    }

    private ClientCall<TRequest, TResponse> Start<TRequest, TResponse>(
        Method<TRequest, TResponse> method, string? host, CallOptions options, TRequest? request)
        where TRequest : class
        where TResponse : class
    {
        ObjectDisposedException.ThrowIf(channel.ShutdownToken.IsCancellationRequested, channel);
        var call = new ClientCall<TRequest, TResponse>(channel, method, options);
        call.Start(host, request);
        return call;
    }
}
