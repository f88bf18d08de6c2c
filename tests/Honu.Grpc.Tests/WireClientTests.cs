using System.Net;
using Grpc.Core;
using Honu.Grpc.Tests.Protos;

namespace Honu.Grpc.Tests;

/// <summary>The client against answers that no gRPC server of ours would give. A handler in place of the connection gives them.</summary>
public sealed class WireClientTests
{
    [Theory]
    [InlineData(400, StatusCode.Internal)]
    [InlineData(401, StatusCode.Unauthenticated)]
    [InlineData(403, StatusCode.PermissionDenied)]
    [InlineData(404, StatusCode.Unimplemented)]
    [InlineData(415, StatusCode.Unknown)]
    [InlineData(429, StatusCode.Unavailable)]
    [InlineData(502, StatusCode.Unavailable)]
    [InlineData(503, StatusCode.Unavailable)]
    [InlineData(504, StatusCode.Unavailable)]
    [InlineData(500, StatusCode.Unknown)]
    public async Task Answer_WithAnHttpStatus_IsMapped(int http, StatusCode expected)
    {
        var failure = await CallAsync(new HttpResponseMessage((HttpStatusCode)http));

        Assert.Equal(expected, failure.StatusCode);
    }

    [Fact]
    public async Task Answer_OfAnotherContentType_IsUnknown()
    {
        var failure = await CallAsync(Answer([], contentType: "text/html"));

        Assert.Equal(StatusCode.Unknown, failure.StatusCode);
    }

    [Theory]
    [InlineData("5", "not%20here %E2%98%82", StatusCode.NotFound, "not here ☂")]
    [InlineData("5", "50% %zz %", StatusCode.NotFound, "50% %zz %")]
    [InlineData("99", "", StatusCode.Unknown, "")]
    [InlineData("x", "", StatusCode.Unknown, "")]
    public async Task TrailersOnly_IsTheStatus(string code, string message, StatusCode expected, string detail)
    {
        var answer = Answer([]);
        answer.Headers.TryAddWithoutValidation("grpc-status", code);
        answer.Headers.TryAddWithoutValidation("grpc-message", message);
        answer.Headers.TryAddWithoutValidation("why-bin", "AQI");

        var failure = await CallAsync(answer);

        Assert.Equal(new Status(expected, detail), failure.Status);
        Assert.Equal([1, 2], failure.Trailers.GetValueBytes("why-bin")!);
    }

    [Theory]
    [InlineData(new byte[] { 0, 0, 0, 0, 0 }, null, StatusCode.Unknown)] // no grpc-status at the end
    [InlineData(new byte[] { }, "0", StatusCode.Internal)] // success without a response
    [InlineData(new byte[] { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0 }, "0", StatusCode.Internal)] // two responses
    [InlineData(new byte[] { 0, 255, 255, 255, 255 }, "0", StatusCode.ResourceExhausted)] // declares 4 GB
    [InlineData(new byte[] { 1, 0, 0, 0, 0 }, "0", StatusCode.Internal)] // compressed without an encoding
    [InlineData(new byte[] { 0, 0, 0, 0, 5, 1 }, "0", StatusCode.Internal)] // ends in mid-message
    [InlineData(new byte[] { 0, 0, 0, 0, 2, 255, 255 }, "0", StatusCode.Internal)] // not a protobuf message
    public async Task Answer_OfTheseBytes_HasThisStatus(byte[] body, string? status, StatusCode expected)
    {
        var failure = await CallAsync(Answer(body, status));

        Assert.Equal(expected, failure.StatusCode);
    }

    [Fact]
    public async Task Answer_InPiecesOfOneByte_IsRead()
    {
        using var channel = Channel(Answer([0, 0, 0, 0, 2, 16, 7], "0"));

        var response = await new Echo.EchoClient(channel).UnaryAsync(new EchoMessage()).Guarded();

        Assert.Equal(7, response.Number);
    }

    [Fact]
    public async Task Answer_WithAnEncodingThatWasNotOffered_IsInternal()
    {
        var answer = Answer([0, 0, 0, 0, 0], "0");
        answer.Headers.TryAddWithoutValidation("grpc-encoding", "zstd");

        Assert.Equal(StatusCode.Internal, (await CallAsync(answer)).StatusCode);
    }

    [Theory]
    [InlineData(0x0, StatusCode.Internal)]
    [InlineData(0x1, StatusCode.Internal)]
    [InlineData(0x2, StatusCode.Internal)]
    [InlineData(0x3, StatusCode.Internal)]
    [InlineData(0x7, StatusCode.Unavailable)]
    [InlineData(0x8, StatusCode.Cancelled)]
    [InlineData(0xb, StatusCode.ResourceExhausted)]
    [InlineData(0xc, StatusCode.PermissionDenied)]
    public void Reset_WithThisCode_IsMapped(int code, StatusCode expected)
    {
        var exception = new HttpRequestException("x", new HttpProtocolException(code, "The HTTP/2 server reset the stream.", null));

        Assert.Equal(expected, StatusMapping.FromException(exception, cancelled: false).StatusCode);
    }

    private static async Task<RpcException> CallAsync(HttpResponseMessage answer)
    {
        using var channel = Channel(answer);
        return await new Echo.EchoClient(channel).UnaryAsync(new EchoMessage()).FailureAsync();
    }

    private static RpcChannel Channel(HttpResponseMessage answer) =>
        RpcChannel.ForAddress("http://test", new RpcChannelOptions { Handler = new FixedAnswer(answer) });

    private static HttpResponseMessage Answer(byte[] body, string? status = null, string contentType = "application/grpc")
    {
        var answer = new HttpResponseMessage { Content = new StreamContent(new OneByteStream(body)), Version = HttpVersion.Version20 };
        answer.Content.Headers.TryAddWithoutValidation("content-type", contentType);
        if (status is not null)
            answer.TrailingHeaders.TryAddWithoutValidation("grpc-status", status);
        return answer;
    }

    private sealed class FixedAnswer(HttpResponseMessage answer) : HttpMessageHandler
    {
        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken) => Task.FromResult(answer);
    }

    private sealed class OneByteStream(byte[] bytes) : MemoryStream(bytes)
    {
        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>
            base.ReadAsync(buffer[..Math.Min(1, buffer.Length)], cancellationToken);
    }
}
