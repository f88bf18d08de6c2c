using System.Net;
using System.Net.Sockets;
using Google.Protobuf;
using Grpc.Core;
using Honu.Grpc.Tests.Protos;

namespace Honu.Grpc.Tests;

/// <summary>
/// A server that resets streams and sends connections away. The statuses are those of the table in the document "gRPC over HTTP2"; a code without an entry
/// there (STREAM_CLOSED, HTTP_1_1_REQUIRED) may be INTERNAL or UNKNOWN.
/// </summary>
public sealed class ResetTests : IDisposable
{
    private static readonly StatusCode[] Unmapped = [StatusCode.Internal, StatusCode.Unknown];

    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly RpcChannel _channel;

    public ResetTests()
    {
        _listener.Start();
        _channel = RpcChannel.ForAddress($"http://127.0.0.1:{((IPEndPoint)_listener.LocalEndpoint).Port}");
    }

    private Echo.EchoClient Client => new(_channel);

    public static TheoryData<int, bool> Codes()
    {
        var data = new TheoryData<int, bool>();
        for (var code = 0; code <= 13; code++)
        {
            data.Add(code, false);
            data.Add(code, true);
        }

        return data;
    }

    [Theory]
    [MemberData(nameof(Codes))]
    public async Task Stream_ResetWithThisCode_HasTheDocumentedStatus(int code, bool afterHeaders)
    {
        StatusCode[] expected = code switch
        {
            5 or 13 => Unmapped,
            7 => [StatusCode.Unavailable],
            8 => [StatusCode.Cancelled],
            11 => [StatusCode.ResourceExhausted],
            12 => [StatusCode.PermissionDenied],
            _ => [StatusCode.Internal],
        };
        _ = ServeAsync(async (server, stream) =>
        {
            if (afterHeaders)
                await server.ResponseAsync(stream);
            await server.ResetAsync(stream, code);
        });
        using var duplex = Client.Duplex();
        using var collect = Client.Collect();

        RpcException[] failures =
        [
            await Client.UnaryAsync(new EchoMessage()).FailureAsync(), await Client.Expand(new EchoMessage()).ResponseStream.MoveNext().FailureAsync(),
            await duplex.ResponseStream.MoveNext().FailureAsync(), await collect.ResponseAsync.FailureAsync(),
        ];

        Assert.All(failures, failure => Assert.True(expected.Contains(failure.StatusCode), failure.Status.ToString()));
    }

    [Fact]
    public async Task Stream_ResetAfterAMessage_TheMessageIsReadAndThenTheStatus()
    {
        _ = ServeAsync(async (server, stream) =>
        {
            await server.ResponseAsync(stream);
            await server.DataAsync(stream, RawHttp2.Message(new EchoMessage { Number = 4 }.ToByteArray()));
            if ((await server.ReadAsync(RawHttp2.Data)).Stream == stream)
                await server.ResetAsync(stream, 2);
        });
        using var call = Client.Duplex();

        Assert.True(await call.ResponseStream.MoveNext().Guarded());
        await call.RequestStream.WriteAsync(new EchoMessage()).Guarded();

        Assert.Equal(4, call.ResponseStream.Current.Number);
        Assert.Equal(StatusCode.Internal, (await call.ResponseStream.MoveNext().FailureAsync()).StatusCode);
        Assert.Equal(StatusCode.Internal, (await call.RequestStream.WriteAsync(new EchoMessage()).FailureAsync()).StatusCode);
    }

    [Fact]
    public async Task GoAway_WithTheCallsStream_TheCallEndsWellAndTheNextOneReconnects()
    {
        using var running = Client.Duplex();
        using var first = await RawHttp2.AcceptAsync(_listener);
        var stream = (await first.ReadAsync(RawHttp2.Headers)).Stream;
        await first.ResponseAsync(stream);
        await running.ResponseHeadersAsync.Guarded();

        await first.GoAwayAsync(stream, 0);
        await first.DataAsync(stream, RawHttp2.Message(new EchoMessage { Number = 1 }.ToByteArray()));
        Assert.True(await running.ResponseStream.MoveNext().Guarded()); // and so the client has read the GOAWAY
        var next = Client.UnaryAsync(new EchoMessage());
        using var second = await RawHttp2.AcceptAsync(_listener);
        await AnswerAsync(second, 2);
        await running.RequestStream.WriteAsync(new EchoMessage()).Guarded();
        await first.ReadAsync(RawHttp2.Data);
        await first.StatusAsync(stream);

        Assert.Equal(1, running.ResponseStream.Current.Number);
        Assert.False(await running.ResponseStream.MoveNext().Guarded());
        Assert.Equal(StatusCode.OK, running.GetStatus().StatusCode);
        Assert.Equal(2, (await next.Guarded()).Number);
    }

    [Fact]
    public async Task GoAway_BelowTheCallsStream_UnaryCallIsRetriedOnANewConnection()
    {
        var call = Client.UnaryAsync(new EchoMessage());
        using (var first = await RawHttp2.AcceptAsync(_listener))
        {
            await first.ReadAsync(RawHttp2.Headers);
            await first.GoAwayAsync(0, 0);
        }

        using var second = await RawHttp2.AcceptAsync(_listener);
        await AnswerAsync(second, 3);

        Assert.Equal(3, (await call.Guarded()).Number);
    }

    [Fact]
    public async Task GoAway_BelowAStreamThatHasSentMessages_IsUnavailable()
    {
        using var call = Client.Duplex();
        using var first = await RawHttp2.AcceptAsync(_listener);
        await call.RequestStream.WriteAsync(new EchoMessage()).Guarded();
        await first.ReadAsync(RawHttp2.Data);

        await first.GoAwayAsync(0, 0);
        var failure = await call.ResponseStream.MoveNext().FailureAsync();

        Assert.Equal(StatusCode.Unavailable, failure.StatusCode);
        Assert.Equal(StatusCode.Unavailable, (await call.RequestStream.WriteAsync(new EchoMessage()).FailureAsync()).StatusCode);
    }

    // The connection failed, not the stream, whatever reason the server gives for it.
    [Theory]
    [InlineData(0, false)]
    [InlineData(0, true)]
    [InlineData(1, false)]
    [InlineData(1, true)]
    [InlineData(2, false)]
    [InlineData(2, true)]
    [InlineData(8, false)]
    [InlineData(8, true)]
    [InlineData(11, false)]
    [InlineData(11, true)]
    public async Task GoAway_AndTheConnectionIsClosed_IsUnavailable(int code, bool afterHeaders)
    {
        StatusCode[] expected = code == 11 ? [StatusCode.Unavailable, StatusCode.ResourceExhausted] : [StatusCode.Unavailable];
        using var duplex = Client.Duplex();
        using var server = await RawHttp2.AcceptAsync(_listener);
        var first = (await server.ReadAsync(RawHttp2.Headers)).Stream;
        var unary = Client.UnaryAsync(new EchoMessage());
        var second = (await server.ReadAsync(RawHttp2.Headers)).Stream;
        if (afterHeaders)
        {
            await server.ResponseAsync(first);
            await server.ResponseAsync(second);
            await duplex.ResponseHeadersAsync.Guarded();
            await unary.ResponseHeadersAsync.Guarded();
        }

        await server.GoAwayAsync(second, code);
        server.Dispose();
        RpcException[] failures = [await duplex.ResponseStream.MoveNext().FailureAsync(), await unary.FailureAsync()];

        Assert.All(failures, failure => Assert.True(expected.Contains(failure.StatusCode), failure.Status.ToString()));
    }

    public void Dispose()
    {
        _channel.Dispose();
        _listener.Dispose();
    }

    private static async Task AnswerAsync(RawHttp2 server, int number)
    {
        var stream = (await server.ReadAsync(RawHttp2.Headers)).Stream;
        await server.ResponseAsync(stream);
        await server.DataAsync(stream, RawHttp2.Message(new EchoMessage { Number = number }.ToByteArray()));
        await server.StatusAsync(stream);
    }

    // Each request on each connection; a client may try one again.
    private async Task ServeAsync(Func<RawHttp2, int, Task> serve)
    {
        try
        {
            while (true)
                _ = ServeAsync(await RawHttp2.AcceptAsync(_listener), serve);
        }
        catch (Exception exception) when (exception is SocketException or ObjectDisposedException)
        {
            // The test is over.
        }
    }

    private static async Task ServeAsync(RawHttp2 server, Func<RawHttp2, int, Task> serve)
    {
        using (server)
        {
            while (await server.ReadAsync() is { } frame)
            {
                if (frame.Type == RawHttp2.Headers)
                    await serve(server, frame.Stream);
            }
        }
    }
}
