namespace Grpc.Core;

/// <summary>What a handler knows of the call that it serves.</summary>
public abstract class ServerCallContext
{
    /// <summary>The path of the method: <c>/package.Service/Method</c>.</summary>
    public string Method => MethodCore;
    /// <summary>The <c>:authority</c> that the client named.</summary>
    public string Host => HostCore;
    /// <summary>The address of the client: <c>ipv4:address:port</c>, <c>ipv6:[address]:port</c> or <c>unix:</c>.</summary>
    public string Peer => PeerCore;
    /// <summary>When the call must be over, in UTC; <see cref="DateTime.MaxValue"/> for never.</summary>
    public DateTime Deadline => DeadlineCore;
    /// <summary>The metadata of the request, read-only.</summary>
    public Metadata RequestHeaders => RequestHeadersCore;
    /// <summary>Cancelled when the client cancels or is lost, and when the deadline passes. A handler should stop then.</summary>
    public CancellationToken CancellationToken => CancellationTokenCore;
    /// <summary>Metadata to send after the last message.</summary>
    public Metadata ResponseTrailers => ResponseTrailersCore;
    /// <summary>The status to send when the handler returns; an exception goes before it.</summary>
    public Status Status { get => StatusCore; set => StatusCore = value; }
    /// <summary>How responses are written by default.</summary>
    public WriteOptions? WriteOptions { get => WriteOptionsCore; set => WriteOptionsCore = value; }
    /// <summary>Who the client is, from its TLS certificate.</summary>
    public AuthContext AuthContext => AuthContextCore;
    /// <summary>A place for interceptors to leave things for the handler.</summary>
    public IDictionary<object, object> UserState => UserStateCore;
    /// <summary>A token that ties calls made with it to this one: by default they have its deadline and are cancelled with it.</summary>
    public ContextPropagationToken CreatePropagationToken(ContextPropagationOptions? options = null) => CreatePropagationTokenCore(options);
    /// <summary>Sends the response headers now, with this metadata. Once per call and before the first message.</summary>
    /// <exception cref="InvalidOperationException">The headers are sent already.</exception>
    public Task WriteResponseHeadersAsync(Metadata responseHeaders) => WriteResponseHeadersAsyncCore(responseHeaders);

    /// <summary>What <see cref="Method"/> returns.</summary>
    protected abstract string MethodCore { get; }
    /// <summary>What <see cref="Host"/> returns.</summary>
    protected abstract string HostCore { get; }
    /// <summary>What <see cref="Peer"/> returns.</summary>
    protected abstract string PeerCore { get; }
    /// <summary>What <see cref="Deadline"/> returns.</summary>
    protected abstract DateTime DeadlineCore { get; }
    /// <summary>What <see cref="RequestHeaders"/> returns.</summary>
    protected abstract Metadata RequestHeadersCore { get; }
    /// <summary>What <see cref="CancellationToken"/> returns.</summary>
    protected abstract CancellationToken CancellationTokenCore { get; }
    /// <summary>What <see cref="ResponseTrailers"/> returns.</summary>
    protected abstract Metadata ResponseTrailersCore { get; }
    /// <summary>What <see cref="Status"/> gets and sets.</summary>
    protected abstract Status StatusCore { get; set; }
    /// <summary>What <see cref="WriteOptions"/> gets and sets.</summary>
    protected abstract WriteOptions? WriteOptionsCore { get; set; }
    /// <summary>What <see cref="AuthContext"/> returns.</summary>
    protected abstract AuthContext AuthContextCore { get; }
    /// <summary>What <see cref="UserState"/> returns.</summary>
    protected virtual IDictionary<object, object> UserStateCore => throw new NotSupportedException();
    /// <summary>What <see cref="CreatePropagationToken"/> returns.</summary>
    protected abstract ContextPropagationToken CreatePropagationTokenCore(ContextPropagationOptions? options);
    /// <summary>What <see cref="WriteResponseHeadersAsync"/> does.</summary>
    protected abstract Task WriteResponseHeadersAsyncCore(Metadata responseHeaders);
}
