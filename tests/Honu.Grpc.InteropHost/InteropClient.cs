using Grpc.Testing;

namespace Honu.Grpc.InteropHost;

/// <summary>Runs one case as a client.</summary>
internal static class InteropClient
{
    private static readonly Dictionary<string, Func<CaseContext, Task>> Cases = new(StringComparer.Ordinal)
    {
        ["empty_unary"] = UnaryCases.EmptyUnaryAsync,
        ["large_unary"] = UnaryCases.LargeUnaryAsync,
        ["client_streaming"] = StreamCases.ClientStreamingAsync,
        ["server_streaming"] = StreamCases.ServerStreamingAsync,
        ["ping_pong"] = StreamCases.PingPongAsync,
        ["empty_stream"] = StreamCases.EmptyStreamAsync,
        ["timeout_on_sleeping_server"] = EndingCases.TimeoutOnSleepingServerAsync,
        ["cancel_after_begin"] = EndingCases.CancelAfterBeginAsync,
        ["cancel_after_first_response"] = EndingCases.CancelAfterFirstResponseAsync,
        ["status_code_and_message"] = EndingCases.StatusCodeAndMessageAsync,
        ["special_status_message"] = EndingCases.SpecialStatusMessageAsync,
        ["unimplemented_method"] = EndingCases.UnimplementedMethodAsync,
        ["unimplemented_service"] = EndingCases.UnimplementedServiceAsync,
        ["custom_metadata"] = UnaryCases.CustomMetadataAsync,
        ["client_compressed_unary"] = CompressionCases.ClientCompressedUnaryAsync,
        ["server_compressed_unary"] = CompressionCases.ServerCompressedUnaryAsync,
        ["client_compressed_streaming"] = CompressionCases.ClientCompressedStreamingAsync,
        ["server_compressed_streaming"] = CompressionCases.ServerCompressedStreamingAsync,

        // Not of the official list: for servers that cannot say whether a request was compressed.
        ["gzip_unary"] = CompressionCases.GzipUnaryAsync,
        ["gzip_streaming"] = CompressionCases.GzipStreamingAsync,
    };

    public static IReadOnlyCollection<string> CaseNames => Cases.Keys;

    /// <exception cref="CaseFailedException">The case has not passed.</exception>
    public static async Task RunAsync(string host, int port, string name, TlsFiles? tls)
    {
        using var observer = new ObservingHandler(tls);
        var observed = name.Contains("compressed", StringComparison.Ordinal) || name.StartsWith("gzip", StringComparison.Ordinal);
        using var channel = RpcChannel.ForAddress(
            $"{(tls is null ? "http" : "https")}://{host}:{port}",
            new RpcChannelOptions { Tls = tls?.ForClient(), Handler = observed ? observer : null });
        await Cases[name](new CaseContext(new TestService.TestServiceClient(channel), channel, observer));
    }
}
