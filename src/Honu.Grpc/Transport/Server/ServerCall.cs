using Grpc.Core;
using Microsoft.AspNetCore.Http;

namespace Honu.Grpc;

// The life of a call at the server:
//
//   RunAsync        reads the head, sets the deadline timer, listens to the client and to the host, runs the handler.
//   requests        ServerRequests: messages from the request's pipe.
//   responses       ServerResponses: messages into the outbox; one loop moves them to the response's pipe, each time under the gate.
//   StopAsync       deadline or drain: cancels the token, then sends the status itself, because a handler may be stuck.
//   CompleteAsync   the handler has returned and the outbox is empty: sends the status unless StopAsync was first.
//
// The pipe of the response is not thread-safe and three parties may want it: outbox, StopAsync, CompleteAsync. All hold the gate while they use it
// and look at _ended before; after _ended the HttpContext is not touched, for it may serve another request by then.

/// <summary>One call: what its handler sees of it, and its way from request to status.</summary>
#pragma warning disable CA1001 // Neither the gate nor the source has a handle; a handler that outlives its call may still use them.
internal sealed partial class ServerCall(HttpContext http, IMethod method, RpcServerContext server) : ServerCallContext
#pragma warning restore CA1001
{
    private readonly CancellationTokenSource _cancel = new();
    private readonly SemaphoreSlim _gate = new(1, 1);
    private Metadata? _requestHeaders;
    private Metadata? _responseTrailers;
    private Dictionary<object, object>? _userState;
    private DateTime _deadline = DateTime.MaxValue;
    private string? _peer;
    private bool _receivesGzip;
    private volatile bool _over;
    private TaskCompletionSource? _readEnded;
    private int _reads;
    private AuthContext? _authContext;

    /// <summary>The request. A handler that goes on after its end would look into the next request of the same HTTP stream.</summary>
    public HttpContext Http => !_over ? http : throw new InvalidOperationException("The call is over: its request cannot be looked at any more.");

    public RpcServerOptions Options => server.Options;

    /// <summary>A reader of the requests. One per call.</summary>
    public MessageReader CreateReader() => new(http.Request.BodyReader, server.Options.MaxReceiveMessageBytes, _receivesGzip);

    protected override string MethodCore => method.FullName;

    protected override string HostCore => Http.Request.Host.Value ?? "";

    protected override string PeerCore => _peer ??= DescribePeer(Http.Connection);

    protected override DateTime DeadlineCore => _deadline;

    protected override Metadata RequestHeadersCore => _requestHeaders ??= MetadataCodec.Read(Http.Request.Headers);

    protected override CancellationToken CancellationTokenCore => _cancel.Token;

    protected override Metadata ResponseTrailersCore => _responseTrailers ??= [];

    protected override Status StatusCore { get; set; }

    protected override WriteOptions? WriteOptionsCore { get; set; }

    protected override IDictionary<object, object> UserStateCore => _userState ??= [];

    protected override AuthContext AuthContextCore => _authContext ??= PeerAuthentication.FromCertificate(Http.Connection.ClientCertificate);

    protected override ContextPropagationToken CreatePropagationTokenCore(ContextPropagationOptions? options) => new(this, options);

    /// <summary>Claims the requests for one read.</summary>
    public void BeginRead()
    {
        if (Interlocked.CompareExchange(ref _reads, 1, 0) != 0)
            throw Volatile.Read(ref _ended) ? Stopped() : new InvalidOperationException("A read is under way: wait for it before the next one.");
    }

    public void EndRead()
    {
        if (Interlocked.CompareExchange(ref _reads, 0, 1) != 1)
            _readEnded!.SetResult();
    }

    // No read may begin any more, and one that the handler has left behind is ended: the pipe of the requests serves another call afterwards.
    private async Task CloseRequestsAsync()
    {
        while (Interlocked.CompareExchange(ref _reads, 2, 0) != 0)
        {
            _readEnded = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            if (Interlocked.CompareExchange(ref _reads, 3, 1) != 1)
                continue;

            await _cancel.CancelAsync().ConfigureAwait(false);
            await _readEnded.Task.ConfigureAwait(false);
            return;
        }
    }

    private static string DescribePeer(ConnectionInfo connection) => connection.RemoteIpAddress switch
    {
        null => $"unix:{connection.Id}",
        { AddressFamily: System.Net.Sockets.AddressFamily.InterNetworkV6 } address => $"ipv6:[{address}]:{connection.RemotePort}",
        var address => $"ipv4:{address}:{connection.RemotePort}",
    };
}
