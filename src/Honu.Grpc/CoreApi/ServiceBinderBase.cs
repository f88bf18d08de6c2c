namespace Grpc.Core;

/// <summary>Receives the methods of a service; a server derives from it. A kind that is not overridden is refused.</summary>
public abstract class ServiceBinderBase
{
    /// <summary>Takes a unary method.</summary>
    /// <param name="method">The method.</param>
    /// <param name="handler">Its handler; <see langword="null"/> when only the shape of the service is asked for.</param>
    public virtual void AddMethod<TRequest, TResponse>(Method<TRequest, TResponse> method, UnaryServerMethod<TRequest, TResponse>? handler)
        where TRequest : class
        where TResponse : class => throw new NotSupportedException();

    /// <summary>Takes a method with a stream of requests.</summary>
    /// <param name="method">The method.</param>
    /// <param name="handler">Its handler; <see langword="null"/> when only the shape of the service is asked for.</param>
    public virtual void AddMethod<TRequest, TResponse>(Method<TRequest, TResponse> method, ClientStreamingServerMethod<TRequest, TResponse>? handler)
        where TRequest : class
        where TResponse : class => throw new NotSupportedException();

    /// <summary>Takes a method with a stream of responses.</summary>
    /// <param name="method">The method.</param>
    /// <param name="handler">Its handler; <see langword="null"/> when only the shape of the service is asked for.</param>
    public virtual void AddMethod<TRequest, TResponse>(Method<TRequest, TResponse> method, ServerStreamingServerMethod<TRequest, TResponse>? handler)
        where TRequest : class
        where TResponse : class => throw new NotSupportedException();

    /// <summary>Takes a method with streams both ways.</summary>
    /// <param name="method">The method.</param>
    /// <param name="handler">Its handler; <see langword="null"/> when only the shape of the service is asked for.</param>
    public virtual void AddMethod<TRequest, TResponse>(Method<TRequest, TResponse> method, DuplexStreamingServerMethod<TRequest, TResponse>? handler)
        where TRequest : class
        where TResponse : class => throw new NotSupportedException();
}
