using Grpc.Core;
using Grpc.Testing;

namespace Honu.Grpc.InteropHost;

internal static class StreamCases
{
    public static async Task ClientStreamingAsync(CaseContext context)
    {
        using var call = context.Client.StreamingInputCall(CaseContext.Options());
        foreach (var size in Messages.RequestSizes)
            await call.RequestStream.WriteAsync(new StreamingInputCallRequest { Payload = Messages.Zeros(size) });
        await call.RequestStream.CompleteAsync();

        Check.Equal(74_922, (await call).AggregatedPayloadSize, "aggregated_payload_size");
    }

    public static async Task ServerStreamingAsync(CaseContext context)
    {
        using var call = context.Client.StreamingOutputCall(Messages.Wanted(0, Messages.ResponseSizes), CaseContext.Options());
        var count = 0;
        await foreach (var response in call.ResponseStream.ReadAllAsync())
        {
            if (count < Messages.ResponseSizes.Length)
                Check.Zeros(Messages.ResponseSizes[count], response.Payload, $"response {count}");
            count++;
        }

        Check.Equal(Messages.ResponseSizes.Length, count, "number of responses");
    }

    public static async Task PingPongAsync(CaseContext context)
    {
        using var call = context.Client.FullDuplexCall(CaseContext.Options());
        for (var i = 0; i < Messages.RequestSizes.Length; i++)
        {
            await call.RequestStream.WriteAsync(Messages.Wanted(Messages.RequestSizes[i], Messages.ResponseSizes[i]));
            Check.Equal(expected: true, await call.ResponseStream.MoveNext(), $"whether response {i} came");
            Check.Zeros(Messages.ResponseSizes[i], call.ResponseStream.Current.Payload, $"response {i}");
        }

        await call.RequestStream.CompleteAsync();
        Check.Equal(expected: false, await call.ResponseStream.MoveNext(), "whether there are more responses");
        Check.Status(StatusCode.OK, detail: null, call.GetStatus());
    }

    public static async Task EmptyStreamAsync(CaseContext context)
    {
        using var call = context.Client.FullDuplexCall(CaseContext.Options());
        await call.RequestStream.CompleteAsync();

        Check.Equal(expected: false, await call.ResponseStream.MoveNext(), "whether there are responses");
        Check.Status(StatusCode.OK, detail: null, call.GetStatus());
    }
}
