using System.Security.Authentication;
using Grpc.Core;
using Grpc.Core.Interceptors;
using Honu.Grpc;
using Honu.Grpc.Protocol.Health;
using Honu.Hosting.Protocol.Admin;
using Honu.Hosting.Protocol.Stores;
using Honu.Hosting.Services;

namespace Honu.Hosting;

/// <summary>One channel to one server: deadlines, and failures told in the client's words.</summary>
internal sealed class ServerConnection : IDisposable
{
    // The server waits no longer than this.
    private static readonly TimeSpan LongestWait = TimeSpan.FromMinutes(10);

    private readonly RpcChannel _channel;
    private readonly StoreClientOptions _options;

    private ServerConnection(RpcChannel channel, string address, StoreClientOptions options)
    {
        _channel = channel;
        _options = options;
        Address = address;
        var calls = options.AuthToken is { } token ? channel.Intercept(headers => WithToken(headers, token)) : channel.CreateCallInvoker();
        Store = new Store.StoreClient(calls);
        Admin = new Admin.AdminClient(calls);
        Health = new Health.HealthClient(calls);
    }

    public string Address { get; }

    public Store.StoreClient Store { get; }

    public Admin.AdminClient Admin { get; }

    public Health.HealthClient Health { get; }

    public static ServerConnection Create(string address, StoreClientOptions options)
    {
        if (!HostPort.TryParse(address, out var target) || target.Port == 0)
            throw new ArgumentException($"\"{address}\" is not an address. Write HOST:PORT, for example 127.0.0.1:7000 or [::1]:7000.", nameof(address));
        if (options.Tls is null && !target.IsLoopback && !options.AllowInsecure)
            throw new ArgumentException($"{target} is another machine and the connection would be plaintext: anyone on the way could read and change it. Use TLS, allow it explicitly (AllowInsecure), or use a tunnel to loopback.", nameof(address));

        var channel = RpcChannel.ForAddress(
            new Uri($"{(options.Tls is null ? "http" : "https")}://{target}"),
            new RpcChannelOptions { MaxReceiveMessageBytes = options.MaxMessageBytes, MaxSendMessageBytes = int.MaxValue, ConnectTimeout = options.Timeout, Tls = options.Tls });
        return new ServerConnection(channel, address, options);
    }

    public static CallOptions WithoutDeadline(CancellationToken cancellationToken) => new(cancellationToken: cancellationToken);

    public Task<T> Call<T>(Func<CallOptions, AsyncUnaryCall<T>> invoke, CancellationToken cancellationToken) =>
        Answer(invoke, new CallOptions(deadline: (TimeProvider.System.GetUtcNow() + _options.Timeout).UtcDateTime, cancellationToken: cancellationToken), cancellationToken);

    /// <summary>A call that may wait at the server beside the time that it takes.</summary>
    public Task<T> Call<T>(Func<CallOptions, AsyncUnaryCall<T>> invoke, TimeSpan wait, CancellationToken cancellationToken) =>
        wait > TimeSpan.Zero && wait < LongestWait ? Answer(invoke, new CallOptions(deadline: (TimeProvider.System.GetUtcNow() + _options.Timeout + wait).UtcDateTime, cancellationToken: cancellationToken), cancellationToken)
        : wait == TimeSpan.Zero ? Call(invoke, cancellationToken)
        : CallWithoutDeadline(invoke, cancellationToken);

    public Task<T> CallWithoutDeadline<T>(Func<CallOptions, AsyncUnaryCall<T>> invoke, CancellationToken cancellationToken) =>
        Answer(invoke, WithoutDeadline(cancellationToken), cancellationToken);

    public StoreClientException Failure(RpcException e)
    {
        var detail = e.Status.Detail.ReplaceLineEndings(" ");
        var (error, message) = e.StatusCode switch
        {
            StatusCode.Unavailable when Has<AuthenticationException>(e.Status.DebugException) =>
                (StoreClientError.Refused, $"TLS with {Address} failed: {Reason(e.Status.DebugException!)}. Check the name and the authorities that its certificate is checked against."),
            StatusCode.Unavailable when _options.Tls is not null && e.Status.DebugException is HttpRequestException { HttpRequestError: HttpRequestError.Unknown or HttpRequestError.InvalidResponse or HttpRequestError.ResponseEnded } lost =>
                (StoreClientError.Unreachable, $"Cannot reach {Address}: {Reason(lost)}. If the server demands certificates of its clients, it may have refused this one."),
            StatusCode.Unavailable when e.Status.DebugException is not null =>
                (StoreClientError.Unreachable, $"Cannot reach {Address}: {Reason(e.Status.DebugException)}. Check the address and that honu serve runs there."),
            StatusCode.Unavailable => (StoreClientError.Unreachable, $"{Address} is not available: {detail}"),
            StatusCode.Aborted => (StoreClientError.Unreachable, detail),
            StatusCode.PermissionDenied => (StoreClientError.Refused, detail),
            StatusCode.DeadlineExceeded when e.Trailers.GetValue(ServiceErrors.CodeTrailer) == nameof(HonuErrorCode.WaitTimedOut) => (StoreClientError.WaitTimedOut, $"{Address}: {detail}"),
            StatusCode.DeadlineExceeded => (StoreClientError.TimedOut, $"{Address} did not answer within {_options.Timeout.TotalSeconds:0.###} s. Try again, or allow more time."),
            StatusCode.Cancelled => (StoreClientError.Unreachable, $"{Address} ended the call before it was done. Try again."),
            StatusCode.InvalidArgument or StatusCode.OutOfRange or StatusCode.AlreadyExists => (StoreClientError.InvalidArgument, detail),
            StatusCode.ResourceExhausted => (StoreClientError.LimitExceeded, detail),
            StatusCode.NotFound => (StoreClientError.NotFound, detail),
            StatusCode.FailedPrecondition or StatusCode.Unauthenticated => (StoreClientError.Refused, $"{Address} refused: {detail}"),
            StatusCode.DataLoss => (StoreClientError.Corruption, $"{Address}: {detail}"),
            StatusCode.Unimplemented => (StoreClientError.NotHonu, $"What answers at {Address} is not a Honu server, or one of another version: {detail}"),
            _ => (StoreClientError.Internal, $"{Address} failed: {detail}"),
        };
        return new StoreClientException(error, Address, message, e);
    }

    public void Dispose() => _channel.Dispose();

    private static Metadata WithToken(Metadata headers, string token)
    {
        headers.Add("authorization", "Bearer " + token);
        return headers;
    }

    private static bool Has<T>(Exception? exception)
        where T : Exception
    {
        while (exception is not (null or T))
            exception = exception.InnerException;
        return exception is not null;
    }

    // The innermost exception is the one that names the cause: "Connection refused". That something is closed by now is none.
    private static string Reason(Exception exception)
    {
        while (exception.InnerException is { } inner and not ObjectDisposedException)
            exception = inner;
        return exception.Message.ReplaceLineEndings(" ").TrimEnd('.');
    }

    private async Task<T> Answer<T>(Func<CallOptions, AsyncUnaryCall<T>> invoke, CallOptions options, CancellationToken cancellationToken)
    {
        try
        {
            using var call = invoke(options);
            return await call.ResponseAsync.ConfigureAwait(false);
        }
        catch (RpcException e)
        {
            cancellationToken.ThrowIfCancellationRequested();
            throw Failure(e);
        }
    }
}
