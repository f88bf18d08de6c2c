using System.Diagnostics;
using System.Net;
using System.Net.Http.Headers;
using Grpc.Core;

namespace Honu.Grpc;

/// <summary>A call with its message types; see <see cref="ClientCall"/> for its life.</summary>
internal sealed partial class ClientCall<TRequest, TResponse>(RpcChannel channel, Method<TRequest, TResponse> method, CallOptions options)
    : ClientCall(channel, method, options), IClientStreamWriter<TRequest>, IAsyncStreamReader<TResponse>
    where TRequest : class
    where TResponse : class
{
    private static readonly MediaTypeHeaderValue ContentType = new("application/grpc");

    private readonly MessageWriter _writer = new(channel.Options.MaxSendMessageBytes);
    private readonly bool _gzip = Gzip.IsChosen(options.Headers, channel.Options.Compression);
    private StreamingRequestContent? _requests;
    private HttpResponseMessage? _response;
    private Task _head = Task.CompletedTask;

    /// <summary>The response of a method that has one; null for streams.</summary>
    public Task<TResponse>? SingleResponse { get; private set; }

    private bool HasSingleResponse => method.Type is MethodType.Unary or MethodType.ClientStreaming;

    /// <summary>Sends the request. Failures of the call itself are not thrown here but end the call.</summary>
    /// <exception cref="InvalidOperationException">The deadline is not in UTC or a header has a reserved name.</exception>
    public void Start(string? host, TRequest? request)
    {
        if (Deadline is { Kind: not DateTimeKind.Utc })
            throw new InvalidOperationException("The deadline of a call must be in UTC.");

        var message = CreateMessage(host);
        var current = Activity.Current;
        if (Watch())
        {
            message.Content = request is null ? _requests = new StreamingRequestContent() : FrameRequestContent(request);
            if (message.Content is { } content)
            {
                RpcTelemetry.Inject(message.Headers);
                content.Headers.ContentType = ContentType;
                _head = SendAsync(message);
            }
        }

        // The activity of the call was current while the request started, and is not its caller's.
        Activity.Current = current;
        if (!HasSingleResponse)
            return;

        var response = new TaskCompletionSource<TResponse>();
        SingleResponse = response.Task;
        _ = ReadSingleAsync(response);
    }

    protected override void ReleaseResponse() => Volatile.Read(ref _response)?.Dispose();

    protected override void OnFinished() => _requests?.End(End!.Status.StatusCode == StatusCode.OK ? null : End.ToException());

    private HttpRequestMessage CreateMessage(string? host)
    {
        var message = new HttpRequestMessage(HttpMethod.Post, Channel.AddressOf(method))
        {
            Version = HttpVersion.Version20,
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,
        };
        var headers = message.Headers;
        headers.TryAddWithoutValidation("te", "trailers");
        headers.TryAddWithoutValidation("grpc-accept-encoding", Gzip.Accepted);
        if (_gzip)
            headers.TryAddWithoutValidation("grpc-encoding", Gzip.Name);
        headers.Host = host ?? Channel.Options.Tls?.TargetHost; // HttpClient takes the name to demand of a certificate from here
        if (Deadline is { } deadline)
        {
            var left = deadline - Now;
            headers.TryAddWithoutValidation("grpc-timeout", TimeoutHeader.Encode(left > TimeSpan.Zero ? left : TimeSpan.FromMicroseconds(1)));
        }

        foreach (var entry in Options.Headers ?? Metadata.Empty)
        {
            if (!MetadataCodec.IsReserved(entry.Key) && !headers.TryAddWithoutValidation(entry.Key, MetadataCodec.EncodeValue(entry)))
                throw new InvalidOperationException($"HTTP does not allow metadata with the name \"{entry.Key}\" in a request.");
        }

        if (!headers.NonValidated.Contains("user-agent"))
            headers.TryAddWithoutValidation("user-agent", "honu-grpc-dotnet");
        return message;
    }

    // Null when the request cannot be sent; the call has ended then.
    private UnaryRequestContent? FrameRequestContent(TRequest request)
    {
        var frame = new PooledBuffer();
        try
        {
            _writer.Write(frame, request, method.RequestMarshaller.ContextualSerializer, _gzip && WriteOptions?.Flags.HasFlag(WriteFlags.NoCompress) != true);
            return new UnaryRequestContent(frame);
        }
        catch (RpcException exception)
        {
            frame.Dispose();
            Finish(exception.Status, null);
            return null;
        }
    }

    private async Task SendAsync(HttpRequestMessage message)
    {
        try
        {
            var response = await Channel.SendAsync(message, StreamToken).ConfigureAwait(false);
            Volatile.Write(ref _response, response);
            await ReadHeadAsync(response).ConfigureAwait(false);
        }
        catch (Exception exception)
        {
            // Whatever the connection reports becomes the status of the call.
            Finish(StatusMapping.FromException(exception, StreamToken.IsCancellationRequested), null);
        }
        finally
        {
            message.Content!.Dispose();
        }

        // Ended while the head was on its way: nobody else knows of the response.
        if (End is not null)
            ReleaseResponse();
    }
}
