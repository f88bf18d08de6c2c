namespace Grpc.Core.Interceptors;

// In all of these the first of several interceptors is the outermost: it runs first. One that is added later is outside of those that are there.

/// <summary>Adds interceptors to an invoker.</summary>
public static class CallInvokerExtensions
{
    /// <summary>An invoker whose calls run through this interceptor first.</summary>
    public static CallInvoker Intercept(this CallInvoker invoker, Interceptor interceptor) => Intercept(invoker, [interceptor]);
    /// <summary>An invoker whose calls run through these interceptors, in their order.</summary>
    public static CallInvoker Intercept(this CallInvoker invoker, params Interceptor[] interceptors)
    {
        ArgumentNullException.ThrowIfNull(invoker);
        ArgumentNullException.ThrowIfNull(interceptors);
        foreach (var interceptor in interceptors.Reverse())
            invoker = new InterceptingCallInvoker(invoker, interceptor ?? throw new ArgumentNullException(nameof(interceptors)));
        return invoker;
    }

    /// <summary>An invoker whose calls have the headers that the function makes of a copy of their own.</summary>
    public static CallInvoker Intercept(this CallInvoker invoker, Func<Metadata, Metadata> interceptor)
    {
        ArgumentNullException.ThrowIfNull(invoker);
        ArgumentNullException.ThrowIfNull(interceptor);
        return new InterceptingCallInvoker(
            invoker, Interceptor.None, (host, options) => (host, options.WithHeaders(interceptor([.. options.Headers ?? Metadata.Empty]))));
    }
}

/// <summary>Makes invokers with interceptors on a channel.</summary>
public static class ChannelExtensions
{
    /// <inheritdoc cref="CallInvokerExtensions.Intercept(CallInvoker, Interceptor)"/>
    public static CallInvoker Intercept(this ChannelBase channel, Interceptor interceptor) => Invoker(channel).Intercept(interceptor);
    /// <inheritdoc cref="CallInvokerExtensions.Intercept(CallInvoker, Interceptor[])"/>
    public static CallInvoker Intercept(this ChannelBase channel, params Interceptor[] interceptors) => Invoker(channel).Intercept(interceptors);
    /// <inheritdoc cref="CallInvokerExtensions.Intercept(CallInvoker, Func{Metadata, Metadata})"/>
    public static CallInvoker Intercept(this ChannelBase channel, Func<Metadata, Metadata> interceptor) => Invoker(channel).Intercept(interceptor);

    private static CallInvoker Invoker(ChannelBase channel) => (channel ?? throw new ArgumentNullException(nameof(channel))).CreateCallInvoker();
}

/// <summary>Adds interceptors to the handlers of a service.</summary>
public static class ServerServiceDefinitionExtensions
{
    /// <summary>A definition whose calls run through this interceptor first.</summary>
    public static ServerServiceDefinition Intercept(this ServerServiceDefinition serverServiceDefinition, Interceptor interceptor) =>
        Intercept(serverServiceDefinition, [interceptor]);
    /// <summary>A definition whose calls run through these interceptors, in their order.</summary>
    public static ServerServiceDefinition Intercept(this ServerServiceDefinition serverServiceDefinition, params Interceptor[] interceptors)
    {
        ArgumentNullException.ThrowIfNull(serverServiceDefinition);
        ArgumentNullException.ThrowIfNull(interceptors);
        foreach (var interceptor in interceptors.Reverse())
        {
            var binder = new InterceptingBinder(interceptor ?? throw new ArgumentNullException(nameof(interceptors)));
            serverServiceDefinition.BindService(binder);
            serverServiceDefinition = binder.Intercepted.Build();
        }

        return serverServiceDefinition;
    }

    private sealed class InterceptingBinder(Interceptor interceptor) : ServiceBinderBase
    {
        public ServerServiceDefinition.Builder Intercepted { get; } = ServerServiceDefinition.CreateBuilder();

        public override void AddMethod<TRequest, TResponse>(Method<TRequest, TResponse> method, UnaryServerMethod<TRequest, TResponse>? handler) =>
            Intercepted.AddMethod(method, (request, context) => interceptor.UnaryServerHandler(request, context, handler!));

        public override void AddMethod<TRequest, TResponse>(Method<TRequest, TResponse> method, ClientStreamingServerMethod<TRequest, TResponse>? handler) =>
            Intercepted.AddMethod(method, (requests, context) => interceptor.ClientStreamingServerHandler(requests, context, handler!));

        public override void AddMethod<TRequest, TResponse>(Method<TRequest, TResponse> method, ServerStreamingServerMethod<TRequest, TResponse>? handler) =>
            Intercepted.AddMethod(method, (request, responses, context) => interceptor.ServerStreamingServerHandler(request, responses, context, handler!));

        public override void AddMethod<TRequest, TResponse>(Method<TRequest, TResponse> method, DuplexStreamingServerMethod<TRequest, TResponse>? handler) =>
            Intercepted.AddMethod(method, (requests, responses, context) => interceptor.DuplexStreamingServerHandler(requests, responses, context, handler!));
    }
}
