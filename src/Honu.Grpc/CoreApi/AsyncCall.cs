using System.Runtime.CompilerServices;

namespace Grpc.Core;

// The first constructor of each call is for transports: its functions get the state, so that a call needs no closures.

/// <summary>What the four kinds of running calls have in common. Dispose a call that is not read to its end.</summary>
public abstract class AsyncCall(
    Func<object, Task<Metadata>> headers, Func<object, Status> status, Func<object, Metadata> trailers, Action<object> dispose, object state)
{
    /// <summary>The metadata that the server sent before its first message.</summary>
    public Task<Metadata> ResponseHeadersAsync => headers(state);
    /// <summary>The status of a call that is over.</summary>
    /// <exception cref="InvalidOperationException">The call still runs.</exception>
    public Status GetStatus() => status(state);
    /// <summary>The metadata that the server sent after its last message.</summary>
    /// <exception cref="InvalidOperationException">The call still runs.</exception>
    public Metadata GetTrailers() => trailers(state);
    /// <summary>Cancels the call if it still runs and frees its resources. May be called more than once.</summary>
    public void Dispose() => dispose(state);
}

/// <summary>A running call: one request, one response.</summary>
public sealed class AsyncUnaryCall<TResponse>(
    Task<TResponse> responseAsync, Func<object, Task<Metadata>> responseHeadersAsync, Func<object, Status> getStatusFunc,
    Func<object, Metadata> getTrailersFunc, Action<object> disposeAction, object state)
    : AsyncCall(responseHeadersAsync, getStatusFunc, getTrailersFunc, disposeAction, state), IDisposable
{
    /// <summary>A call made of its parts, for interceptors and test doubles.</summary>
    public AsyncUnaryCall(
        Task<TResponse> responseAsync, Task<Metadata> responseHeadersAsync, Func<Status> getStatusFunc, Func<Metadata> getTrailersFunc, Action disposeAction)
        : this(responseAsync, _ => responseHeadersAsync, _ => getStatusFunc(), _ => getTrailersFunc(), _ => disposeAction(), "") { }

    /// <summary>The response; faults with <see cref="RpcException"/> when the call fails.</summary>
    public Task<TResponse> ResponseAsync { get; } = responseAsync;
    /// <summary>Makes the call itself awaitable: <c>var response = await call;</c></summary>
    public TaskAwaiter<TResponse> GetAwaiter() => ResponseAsync.GetAwaiter();
    /// <summary>Chooses whether the code after an await of this call goes on in the captured context.</summary>
    public ConfiguredTaskAwaitable<TResponse> ConfigureAwait(bool continueOnCapturedContext) => ResponseAsync.ConfigureAwait(continueOnCapturedContext);
}

/// <summary>A running call: one request, a stream of responses.</summary>
public sealed class AsyncServerStreamingCall<TResponse>(
    IAsyncStreamReader<TResponse> responseStream, Func<object, Task<Metadata>> responseHeadersAsync, Func<object, Status> getStatusFunc,
    Func<object, Metadata> getTrailersFunc, Action<object> disposeAction, object state)
    : AsyncCall(responseHeadersAsync, getStatusFunc, getTrailersFunc, disposeAction, state), IDisposable
{
    /// <summary>A call made of its parts, for interceptors and test doubles.</summary>
    public AsyncServerStreamingCall(
        IAsyncStreamReader<TResponse> responseStream, Task<Metadata> responseHeadersAsync, Func<Status> getStatusFunc, Func<Metadata> getTrailersFunc,
        Action disposeAction)
        : this(responseStream, _ => responseHeadersAsync, _ => getStatusFunc(), _ => getTrailersFunc(), _ => disposeAction(), "") { }

    /// <summary>The responses.</summary>
    public IAsyncStreamReader<TResponse> ResponseStream { get; } = responseStream;
}

/// <summary>A running call: a stream of requests, one response.</summary>
public sealed class AsyncClientStreamingCall<TRequest, TResponse>(
    IClientStreamWriter<TRequest> requestStream, Task<TResponse> responseAsync, Func<object, Task<Metadata>> responseHeadersAsync,
    Func<object, Status> getStatusFunc, Func<object, Metadata> getTrailersFunc, Action<object> disposeAction, object state)
    : AsyncCall(responseHeadersAsync, getStatusFunc, getTrailersFunc, disposeAction, state), IDisposable
{
    /// <summary>A call made of its parts, for interceptors and test doubles.</summary>
    public AsyncClientStreamingCall(
        IClientStreamWriter<TRequest> requestStream, Task<TResponse> responseAsync, Task<Metadata> responseHeadersAsync, Func<Status> getStatusFunc,
        Func<Metadata> getTrailersFunc, Action disposeAction)
        : this(requestStream, responseAsync, _ => responseHeadersAsync, _ => getStatusFunc(), _ => getTrailersFunc(), _ => disposeAction(), "") { }

    /// <summary>The requests.</summary>
    public IClientStreamWriter<TRequest> RequestStream { get; } = requestStream;
    /// <summary>The response; faults with <see cref="RpcException"/> when the call fails.</summary>
    public Task<TResponse> ResponseAsync { get; } = responseAsync;
    /// <summary>Makes the call itself awaitable: <c>var response = await call;</c></summary>
    public TaskAwaiter<TResponse> GetAwaiter() => ResponseAsync.GetAwaiter();
    /// <summary>Chooses whether the code after an await of this call goes on in the captured context.</summary>
    public ConfiguredTaskAwaitable<TResponse> ConfigureAwait(bool continueOnCapturedContext) => ResponseAsync.ConfigureAwait(continueOnCapturedContext);
}

/// <summary>A running call: two independent streams.</summary>
public sealed class AsyncDuplexStreamingCall<TRequest, TResponse>(
    IClientStreamWriter<TRequest> requestStream, IAsyncStreamReader<TResponse> responseStream, Func<object, Task<Metadata>> responseHeadersAsync,
    Func<object, Status> getStatusFunc, Func<object, Metadata> getTrailersFunc, Action<object> disposeAction, object state)
    : AsyncCall(responseHeadersAsync, getStatusFunc, getTrailersFunc, disposeAction, state), IDisposable
{
    /// <summary>A call made of its parts, for interceptors and test doubles.</summary>
    public AsyncDuplexStreamingCall(
        IClientStreamWriter<TRequest> requestStream, IAsyncStreamReader<TResponse> responseStream, Task<Metadata> responseHeadersAsync,
        Func<Status> getStatusFunc, Func<Metadata> getTrailersFunc, Action disposeAction)
        : this(requestStream, responseStream, _ => responseHeadersAsync, _ => getStatusFunc(), _ => getTrailersFunc(), _ => disposeAction(), "") { }

    /// <summary>The requests.</summary>
    public IClientStreamWriter<TRequest> RequestStream { get; } = requestStream;
    /// <summary>The responses.</summary>
    public IAsyncStreamReader<TResponse> ResponseStream { get; } = responseStream;
}
