using Grpc.Core;
using Honu.Grpc.Tests.Protos;

namespace Honu.Grpc.Tests;

/// <summary>A service whose methods echo unless a test gives them something else to do.</summary>
internal sealed class EchoService : Echo.EchoBase
{
    public UnaryServerMethod<EchoMessage, EchoMessage> OnUnary { get; set; } = (request, _) => Task.FromResult(request);

    public ClientStreamingServerMethod<EchoMessage, EchoMessage> OnCollect { get; set; } = async (requests, _) =>
    {
        var sum = new EchoMessage();
        await foreach (var request in requests.ReadAllAsync())
            sum.Number += request.Number;
        return sum;
    };

    public ServerStreamingServerMethod<EchoMessage, EchoMessage> OnExpand { get; set; } = async (request, responses, _) =>
    {
        for (var i = 0; i < request.Number; i++)
            await responses.WriteAsync(new EchoMessage { Number = i, Body = request.Body });
    };

    public DuplexStreamingServerMethod<EchoMessage, EchoMessage> OnDuplex { get; set; } = async (requests, responses, _) =>
    {
        await foreach (var request in requests.ReadAllAsync())
            await responses.WriteAsync(request);
    };

    public override Task<EchoMessage> Unary(EchoMessage request, ServerCallContext context) => OnUnary(request, context);

    public override Task<EchoMessage> Collect(IAsyncStreamReader<EchoMessage> requestStream, ServerCallContext context) => OnCollect(requestStream, context);

    public override Task Expand(EchoMessage request, IServerStreamWriter<EchoMessage> responseStream, ServerCallContext context) =>
        OnExpand(request, responseStream, context);

    public override Task Duplex(IAsyncStreamReader<EchoMessage> requestStream, IServerStreamWriter<EchoMessage> responseStream, ServerCallContext context) =>
        OnDuplex(requestStream, responseStream, context);
}
