using Google.Protobuf;
using Grpc.Core;
using Grpc.Testing;

namespace Honu.Grpc.InteropHost;

internal static class UnaryCases
{
    private const string InitialKey = "x-grpc-test-echo-initial";
    private const string InitialValue = "test_initial_metadata_value";
    private const string TrailingKey = "x-grpc-test-echo-trailing-bin";

    private static readonly byte[] TrailingValue = [0xab, 0xab, 0xab];

    public static async Task EmptyUnaryAsync(CaseContext context) =>
        Check.Equal(new Empty(), await context.Client.EmptyCallAsync(new Empty(), CaseContext.Options()), "the response");

    public static async Task LargeUnaryAsync(CaseContext context)
    {
        var response = await context.Client.UnaryCallAsync(Messages.Large(), CaseContext.Options());

        Check.Zeros(Messages.LargeResponseBytes, response.Payload, "the response");
    }

    public static async Task CustomMetadataAsync(CaseContext context)
    {
        using var unary = context.Client.UnaryCallAsync(Messages.Large(), CaseContext.Options(Sent()));
        CheckInitial(await unary.ResponseHeadersAsync);
        Check.Zeros(Messages.LargeResponseBytes, (await unary).Payload, "the response");
        CheckTrailing(unary.GetTrailers());

        using var duplex = context.Client.FullDuplexCall(CaseContext.Options(Sent()));
        await duplex.RequestStream.WriteAsync(Messages.Wanted(Messages.LargeRequestBytes, Messages.LargeResponseBytes));
        await duplex.RequestStream.CompleteAsync();
        CheckInitial(await duplex.ResponseHeadersAsync);
        await foreach (var response in duplex.ResponseStream.ReadAllAsync())
            Check.Zeros(Messages.LargeResponseBytes, response.Payload, "the streamed response");
        CheckTrailing(duplex.GetTrailers());
    }

    private static Metadata Sent() => new() { { InitialKey, InitialValue }, { TrailingKey, TrailingValue } };

    private static void CheckInitial(Metadata headers) => Check.Equal(InitialValue, headers.GetValue(InitialKey), InitialKey);

    private static void CheckTrailing(Metadata trailers) =>
        Check.Equal(ByteString.CopyFrom(TrailingValue), trailers.GetValueBytes(TrailingKey) is { } bytes ? ByteString.CopyFrom(bytes) : null, TrailingKey);
}
