using Google.Protobuf;
using Grpc.Core;
using Grpc.Testing;

namespace Honu.Grpc.InteropHost;

/// <summary>What the descriptions of the interoperability tests ask of a server.</summary>
internal sealed class TestServiceImplementation : TestService.TestServiceBase
{
    private const string EchoInitial = "x-grpc-test-echo-initial";
    private const string EchoTrailing = "x-grpc-test-echo-trailing-bin";

    public override Task<Empty> EmptyCall(Empty request, ServerCallContext context) => Task.FromResult(new Empty());

    public override async Task<SimpleResponse> UnaryCall(SimpleRequest request, ServerCallContext context)
    {
        await SendHeadersAsync(context, compress: request.ResponseCompressed?.Value ?? false);
        RequestFlags.Check(context, 0, request.ExpectCompressed);
        ThrowIfAsked(request.ResponseStatus);
        return new SimpleResponse { Payload = Zeros(request.ResponseType, request.ResponseSize) };
    }

    public override async Task<StreamingInputCallResponse> StreamingInputCall(IAsyncStreamReader<StreamingInputCallRequest> requestStream, ServerCallContext context)
    {
        var response = new StreamingInputCallResponse();
        for (var index = 0; await requestStream.MoveNext(context.CancellationToken); index++)
        {
            RequestFlags.Check(context, index, requestStream.Current.ExpectCompressed);
            response.AggregatedPayloadSize += requestStream.Current.Payload.Body.Length;
        }

        return response;
    }

    public override async Task StreamingOutputCall(
        StreamingOutputCallRequest request, IServerStreamWriter<StreamingOutputCallResponse> responseStream, ServerCallContext context)
    {
        await SendHeadersAsync(context, compress: request.ResponseParameters.Any(parameters => parameters.Compressed?.Value ?? false));
        ThrowIfAsked(request.ResponseStatus);
        await RespondAsync(request, responseStream, context);
    }

    public override async Task FullDuplexCall(
        IAsyncStreamReader<StreamingOutputCallRequest> requestStream, IServerStreamWriter<StreamingOutputCallResponse> responseStream, ServerCallContext context)
    {
        await SendHeadersAsync(context, compress: false);
        await foreach (var request in requestStream.ReadAllAsync(context.CancellationToken))
        {
            ThrowIfAsked(request.ResponseStatus);
            await RespondAsync(request, responseStream, context);
        }
    }

    public override async Task HalfDuplexCall(
        IAsyncStreamReader<StreamingOutputCallRequest> requestStream, IServerStreamWriter<StreamingOutputCallResponse> responseStream, ServerCallContext context)
    {
        var requests = new List<StreamingOutputCallRequest>();
        await foreach (var request in requestStream.ReadAllAsync(context.CancellationToken))
            requests.Add(request);
        foreach (var request in requests)
            await RespondAsync(request, responseStream, context);
    }

    private static async Task RespondAsync(
        StreamingOutputCallRequest request, IServerStreamWriter<StreamingOutputCallResponse> responses, ServerCallContext context)
    {
        foreach (var parameters in request.ResponseParameters)
        {
            // The client asks for this pause: it is a part of the answer.
            if (parameters.IntervalUs > 0)
                await Task.Delay(TimeSpan.FromMicroseconds(parameters.IntervalUs), context.CancellationToken);

            responses.WriteOptions = new WriteOptions(parameters.Compressed?.Value ?? false ? WriteFlags.None : WriteFlags.NoCompress);
            await responses.WriteAsync(new StreamingOutputCallResponse { Payload = Zeros(request.ResponseType, parameters.Size) });
        }
    }

    // Headers leave at once when there is anything to say in them; otherwise they wait for the first message, or become the only ones.
    private static Task SendHeadersAsync(ServerCallContext context, bool compress)
    {
        var headers = new Metadata();
        foreach (var entry in context.RequestHeaders)
        {
            if (entry.Key == EchoInitial)
                headers.Add(entry);
            else if (entry.Key == EchoTrailing)
                context.ResponseTrailers.Add(entry);
        }

        if (compress)
            headers.Add(Compression.RequestHeader, Compression.Gzip);
        return headers.Count > 0 ? context.WriteResponseHeadersAsync(headers) : Task.CompletedTask;
    }

    private static void ThrowIfAsked(EchoStatus? status)
    {
        if (status is { Code: not 0 })
            throw new RpcException(new Status((StatusCode)status.Code, status.Message));
    }

    private static Payload Zeros(PayloadType type, int size) => size >= 0
        ? new Payload { Type = type, Body = UnsafeByteOperations.UnsafeWrap(new byte[size]) }
        : throw new RpcException(new Status(StatusCode.InvalidArgument, $"A response of {size} bytes cannot be made."));
}
