using Grpc.Core;
using Grpc.Testing;

namespace Honu.Grpc.InteropHost;

internal static class CompressionCases
{
    public static async Task ClientCompressedUnaryAsync(CaseContext context)
    {
        // The probe says that it is compressed and is not: a server that looks refuses it.
        var probe = Expecting(compressed: true);
        Check.Status(StatusCode.InvalidArgument, detail: null, await Check.FailsAsync(async () => await context.Client.UnaryCallAsync(probe, CaseContext.Options())));

        foreach (var compressed in new[] { true, false })
        {
            var response = await context.Client.UnaryCallAsync(Expecting(compressed), CaseContext.Options(compressed ? Gzip() : null));
            Check.Zeros(Messages.LargeResponseBytes, response.Payload, $"the response, compressed request: {compressed}");
            CheckFlags(context.Observer.Requests, compressed);
        }
    }

    public static async Task ClientCompressedStreamingAsync(CaseContext context)
    {
        using var probe = context.Client.StreamingInputCall(CaseContext.Options());
        var status = await Check.FailsAsync(async () =>
        {
            await probe.RequestStream.WriteAsync(Expecting(27_182, compressed: true));
            await probe.RequestStream.CompleteAsync();
            await probe;
        });
        Check.Status(StatusCode.InvalidArgument, detail: null, status);

        using var call = context.Client.StreamingInputCall(CaseContext.Options(Gzip()));
        await call.RequestStream.WriteAsync(Expecting(27_182, compressed: true));
        call.RequestStream.WriteOptions = new WriteOptions(WriteFlags.NoCompress);
        await call.RequestStream.WriteAsync(Expecting(45_904, compressed: false));
        await call.RequestStream.CompleteAsync();

        Check.Equal(73_086, (await call).AggregatedPayloadSize, "aggregated_payload_size");
        CheckFlags(context.Observer.Requests, true, false);
    }

    public static async Task ServerCompressedUnaryAsync(CaseContext context)
    {
        foreach (var compressed in new[] { true, false })
        {
            var request = Messages.Large();
            request.ResponseCompressed = new BoolValue { Value = compressed };
            var response = await context.Client.UnaryCallAsync(request, CaseContext.Options());

            Check.Zeros(Messages.LargeResponseBytes, response.Payload, $"the response, compressed: {compressed}");
            CheckFlags(context.Observer.Responses, compressed);
        }
    }

    public static async Task ServerCompressedStreamingAsync(CaseContext context)
    {
        int[] sizes = [31_415, 92_653];
        var request = Messages.Wanted(0, sizes);
        request.ResponseParameters[0].Compressed = new BoolValue { Value = true };
        request.ResponseParameters[1].Compressed = new BoolValue { Value = false };
        using var call = context.Client.StreamingOutputCall(request, CaseContext.Options());
        foreach (var size in sizes)
        {
            Check.Equal(expected: true, await call.ResponseStream.MoveNext(), "whether a response came");
            Check.Zeros(size, call.ResponseStream.Current.Payload, $"the response of {size} bytes");
        }

        Check.Equal(expected: false, await call.ResponseStream.MoveNext(), "whether there are more responses");
        CheckFlags(context.Observer.Responses, true, false);
    }

    public static async Task GzipUnaryAsync(CaseContext context)
    {
        var response = await context.Client.UnaryCallAsync(Messages.Large(), CaseContext.Options(Gzip()));

        Check.Zeros(Messages.LargeResponseBytes, response.Payload, "the response");
        CheckFlags(context.Observer.Requests, true);
    }

    public static async Task GzipStreamingAsync(CaseContext context)
    {
        using var call = context.Client.StreamingInputCall(CaseContext.Options(Gzip()));
        for (var i = 0; i < Messages.RequestSizes.Length; i++)
        {
            // Every other message, so that both kinds are in one stream.
            call.RequestStream.WriteOptions = new WriteOptions(i % 2 == 0 ? WriteFlags.None : WriteFlags.NoCompress);
            await call.RequestStream.WriteAsync(new StreamingInputCallRequest { Payload = Messages.Zeros(Messages.RequestSizes[i]) });
        }

        await call.RequestStream.CompleteAsync();
        Check.Equal(74_922, (await call).AggregatedPayloadSize, "aggregated_payload_size");
        CheckFlags(context.Observer.Requests, true, false, true, false);
    }

    private static Metadata Gzip() => new() { { Compression.RequestHeader, Compression.Gzip } };

    private static SimpleRequest Expecting(bool compressed)
    {
        var request = Messages.Large();
        request.ExpectCompressed = new BoolValue { Value = compressed };
        return request;
    }

    private static StreamingInputCallRequest Expecting(int size, bool compressed) =>
        new() { Payload = Messages.Zeros(size), ExpectCompressed = new BoolValue { Value = compressed } };

    private static void CheckFlags(MessageFlags found, params bool[] expected) => Check.Equal(
        string.Join(", ", expected), string.Join(", ", found.Compressed), "which messages were compressed on the wire");
}
