using System.Net;
using System.Runtime.CompilerServices;
using Grpc.Core;

namespace Honu.Grpc;

/// <summary>A channel to one server over HTTP/2: plaintext with prior knowledge (<c>http</c>) or TLS (<c>https</c>).</summary>
/// <remarks>
/// Connects with the first call, and again when the connection is lost. Calls share a connection; a second one is opened when the server's limit of
/// streams is reached. Safe to use from any thread; make one per server and keep it.
/// </remarks>
public sealed class RpcChannel : ChannelBase, IDisposable
{
    private readonly HttpMessageInvoker _http;
    private readonly RpcCallInvoker _invoker;
    private readonly ConditionalWeakTable<IMethod, Uri> _addresses = [];
    private readonly CancellationTokenSource _shutdown = new();

    private RpcChannel(Uri address, RpcChannelOptions options)
        : base(address.Authority)
    {
        Address = address;
        Options = options;
        _http = new HttpMessageInvoker(options.Handler ?? CreateHandler(options), disposeHandler: true);
        _invoker = new RpcCallInvoker(this);
        ShutdownToken = _shutdown.Token;
    }

    /// <summary>Scheme, host and port of the server.</summary>
    public Uri Address { get; }

    internal RpcChannelOptions Options { get; }

    /// <summary>Cancelled when the channel is disposed.</summary>
    internal CancellationToken ShutdownToken { get; }

    /// <inheritdoc cref="ForAddress(Uri, RpcChannelOptions)"/>
    public static RpcChannel ForAddress(string address, RpcChannelOptions? options = null) =>
        ForAddress(Uri.TryCreate(address, UriKind.Absolute, out var uri) ? uri : throw NotAnAddress(address), options);

    /// <summary>Makes a channel. Nothing is sent before the first call.</summary>
    /// <param name="address">Such as <c>http://host:port</c> or <c>https://host:port</c>; a path is not allowed.</param>
    /// <param name="options">The options; <see langword="null"/> for the defaults.</param>
    /// <exception cref="ArgumentException">The address or an option is not usable; the message lists all reasons.</exception>
    public static RpcChannel ForAddress(Uri address, RpcChannelOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(address);
        if (!address.IsAbsoluteUri || (address.Scheme != Uri.UriSchemeHttp && address.Scheme != Uri.UriSchemeHttps) || address.PathAndQuery != "/")
            throw NotAnAddress(address.ToString());

        options ??= new RpcChannelOptions();
        if (options.Validate() is { Count: > 0 } failures)
            throw new ArgumentException(string.Join(" ", failures), nameof(options));

        return new RpcChannel(address, options);
    }

    /// <inheritdoc/>
    public override CallInvoker CreateCallInvoker() => _invoker;

    /// <summary>Cancels the calls that still run and closes the connections. Later calls throw <see cref="ObjectDisposedException"/>.</summary>
    public void Dispose()
    {
        // The source is not disposed: calls may still register with its token.
        _shutdown.Cancel();
        _http.Dispose();
    }

    internal Uri AddressOf(IMethod method) => _addresses.GetValue(method, method => new Uri(Address, method.FullName));

    internal Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken) =>
        _http.SendAsync(request, cancellationToken);

    /// <inheritdoc/>
    protected override Task ShutdownAsyncCore()
    {
        Dispose();
        return Task.CompletedTask;
    }

    private static ArgumentException NotAnAddress(string address) =>
        new($"\"{address}\" is not the address of a server; write http://host:port or https://host:port.", nameof(address));

    private static SocketsHttpHandler CreateHandler(RpcChannelOptions options)
    {
        var handler = new SocketsHttpHandler
        {
            UseProxy = false,
            UseCookies = false,
            AllowAutoRedirect = false,
            AutomaticDecompression = DecompressionMethods.None,
            ActivityHeadersPropagator = null, // a call has an activity of its own, and sends it itself
            MaxResponseHeadersLength = 127, // KiB; more than that fails all calls of the connection
            EnableMultipleHttp2Connections = true,
            ConnectTimeout = options.ConnectTimeout,
            PooledConnectionIdleTimeout = options.ConnectionIdleTimeout,
            InitialHttp2StreamWindowSize = options.InitialHttp2StreamWindow,
        };
        if (options.KeepAliveInterval is { } interval)
        {
            handler.KeepAlivePingDelay = interval;
            handler.KeepAlivePingTimeout = options.KeepAliveTimeout;
            handler.KeepAlivePingPolicy = options.KeepAliveWithoutCalls ? HttpKeepAlivePingPolicy.Always : HttpKeepAlivePingPolicy.WithActiveRequests;
        }

        if (options.Tls is { } tls)
            handler.SslOptions = tls.ToAuthenticationOptions();
        return handler;
    }
}
