using System.Net;
using System.Net.Http.Headers;
using Grpc.Core;

namespace Honu.Grpc;

/// <content>The head, the messages and the end of the response.</content>
internal sealed partial class ClientCall<TRequest, TResponse>
{
    // The one response of a call is mostly small; of a stream, each read takes what has piled up.
    private const int SingleBytes = 1024;
    private const int StreamBytes = 32 * 1024;

    private MessageReader? _reader;
    private TResponse? _current;
    private int _reading;
    private bool _received;

    public TResponse Current => _current ?? throw new InvalidOperationException("There is no message: MoveNext has not returned true.");

    public async Task<bool> MoveNext(CancellationToken cancellationToken)
    {
        if (Interlocked.Exchange(ref _reading, 1) != 0)
            throw new InvalidOperationException("A read is under way: wait for it before the next one.");

        var registration = RegisterCancel(cancellationToken);
        try
        {
            _current = null;
            _current = await ReadNextAsync().ConfigureAwait(false);
            return _current is not null;
        }
        finally
        {
            registration.Unregister();
            Volatile.Write(ref _reading, 0);
        }
    }

    // Never faults: the failure is in the response, which nobody has to await.
    private async Task ReadSingleAsync(TaskCompletionSource<TResponse> response)
    {
        try
        {
            await _head.ConfigureAwait(false);
            var message = await ReadNextAsync().ConfigureAwait(false);
            if (message is not null && await ReadNextAsync().ConfigureAwait(false) is not null)
                Abandon(new Status(StatusCode.Internal, "The server sent more than one response."));

            // An end with OK and no message is turned into a failure where the call ends.
            response.SetResult(End is { Status.StatusCode: StatusCode.OK } && message is not null ? message : throw End!.ToException());
        }
        catch (Exception failure)
        {
            // Whatever it is, it is the answer of this call.
            response.SetException(failure);
            _ = response.Task.Exception;
        }
    }

    // The next message; null at the end with OK. Every other end throws.
    private async Task<TResponse?> ReadNextAsync()
    {
        await _head.ConfigureAwait(false);
        if (End is null)
        {
            try
            {
                var message = await _reader!.ReadAsync(method.ResponseMarshaller.ContextualDeserializer, StreamToken).ConfigureAwait(false);
                if (message is not null)
                {
                    _received = true;
                    return message;
                }

                _reader.Complete();
                FinishWith(_response!.TrailingHeaders);
            }
            catch (Exception exception)
            {
                // Bytes that violate the protocol, a lost connection, a reset: the status says which.
                Abandon(StatusMapping.FromException(exception, StreamToken.IsCancellationRequested));
            }

            ReleaseResponse();
        }

        return End!.Status.StatusCode == StatusCode.OK ? null : throw End.ToException();
    }

    private async Task ReadHeadAsync(HttpResponseMessage response)
    {
        var headers = response.Headers.NonValidated;
        if (headers.Contains("grpc-status"))
        {
            // Trailers only: the call is over and all that there is stands here.
            SetHeaders(null);
            FinishWith(response.Headers);
            return;
        }

        var contentType = response.Content.Headers.NonValidated.TryGetValues("content-type", out var types) ? types.ToString() : "";
        if (response.StatusCode != HttpStatusCode.OK)
            Abandon(StatusMapping.FromHttpStatus(response.StatusCode));
        else if (!GrpcContentType.Matches(contentType))
            Abandon(new Status(StatusCode.Unknown, $"The answer has the content type \"{contentType}\", not application/grpc."));
        else if (headers.TryGetValues("grpc-encoding", out var encoding) && encoding.ToString() is not ("identity" or Gzip.Name))
            Abandon(new Status(StatusCode.Internal, $"The server compresses with \"{encoding}\", which this client did not offer."));
        else
        {
            SetHeaders(response.Headers);
            var body = await response.Content.ReadAsStreamAsync(StreamToken).ConfigureAwait(false);
            _reader = new MessageReader(
                new ResponseBodyReader(body, HasSingleResponse ? SingleBytes : StreamBytes), Channel.Options.MaxReceiveMessageBytes, encoding.ToString() == Gzip.Name);
        }
    }

    private void FinishWith(HttpResponseHeaders headers)
    {
        var values = headers.NonValidated;
        var status = values.TryGetValues("grpc-status", out var code)
            ? StatusMapping.FromHeaders(code.ToString(), values.TryGetValues("grpc-message", out var message) ? message.ToString() : null)
            : new Status(StatusCode.Unknown, "The response ended without a grpc-status.");
        if (status.StatusCode == StatusCode.OK && HasSingleResponse && !_received)
            status = new Status(StatusCode.Internal, "The server reported success without a response.");
        Finish(status, headers);
    }

    // The server would go on: ends the call and resets the stream.
    private void Abandon(Status status)
    {
        Finish(status, null);
        Cancel(status.StatusCode, status.Detail);
    }
}
