using System.Net;
using System.Net.Sockets;
using System.Text;
using Grpc.Core;
using Honu.Grpc.Tests.Protos;

namespace Honu.Grpc.Tests;

/// <summary>The other end speaks something else. All calls end with a status, and a server that meets such clients goes on.</summary>
public sealed class NotHttp2Tests : IDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);

    public NotHttp2Tests() => _listener.Start();

    private int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

    public static TheoryData<string, bool> Answers() => new()
    {
        { "", true },
        { "garbage", true },
        { "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok", true },
        { "HTTP/1.1 400 Bad Request\r\nconnection: close\r\ncontent-length: 0\r\n\r\n", false },
        { "220 mail.example ESMTP\r\n", false },
        { new string('\0', 4000), false },
        { new string('\u00FF', 100_000), true },
        { "\0\0\u0006\u0004\0\0\0\0\0\0\u0005\0\0\0\u0001", false }, // SETTINGS with a frame size that is not allowed
        { "\0\0\0\u0004\0\0\0\0\0\0\0\u0004\0\0\0\0\0\u0001abcd", false }, // DATA of a stream without HEADERS
        { "\0\0\0\u0004\0\0\0\0\0\0\0\u0004\u0001\u0004\0\0\0\u0001\u00FF\u00FF\u00FF\u00FF", false }, // HEADERS that are no HPACK
    };

    [Theory]
    [MemberData(nameof(Answers))]
    public async Task Server_SpeaksSomethingElse_CallsOfAllKindsHaveAStatus(string answer, bool close)
    {
        _ = AnswerAsync(Encoding.Latin1.GetBytes(answer), close);
        using var channel = RpcChannel.ForAddress($"http://127.0.0.1:{Port}");

        await AssertAllAsync(channel, answer.Contains("abcd", StringComparison.Ordinal) || answer.EndsWith('\u00FF') ? [StatusCode.Unavailable, StatusCode.Internal] : [StatusCode.Unavailable]);
    }

    [Theory]
    [InlineData("")]
    [InlineData("garbage")] // too short for the head of a frame
    public async Task Server_GoesSilent_TheDeadlineEndsTheCall(string answer)
    {
        _ = AnswerAsync(Encoding.Latin1.GetBytes(answer), close: false);
        using var channel = RpcChannel.ForAddress($"http://127.0.0.1:{Port}");
        var deadline = TimeProvider.System.GetUtcNow().UtcDateTime.AddMilliseconds(500);
        var client = new Echo.EchoClient(channel);
        using var duplex = client.Duplex(deadline: deadline);

        Assert.Equal(StatusCode.DeadlineExceeded, (await client.UnaryAsync(new EchoMessage(), deadline: deadline).FailureAsync()).StatusCode);
        Assert.Equal(StatusCode.DeadlineExceeded, (await duplex.ResponseStream.MoveNext().FailureAsync()).StatusCode);
    }

    [Fact]
    public async Task Server_SpeaksTls_PlaintextClientHasAStatus()
    {
        using var certificates = new Certificates("root");
        await using var host = await EchoHost.StartAsync(tls: new RpcServerTlsOptions { Certificates = new(certificates.Server(), null) });
        using var channel = RpcChannel.ForAddress($"http://127.0.0.1:{host.Port}");

        await AssertAllAsync(channel, [StatusCode.Unavailable]);
        Assert.Empty(host.Errors);
    }

    [Fact]
    public async Task Server_SpeaksPlaintext_TlsClientHasAStatusAndOthersAreServed()
    {
        await using var host = await EchoHost.StartAsync();
        using var channel = RpcChannel.ForAddress($"https://127.0.0.1:{host.Port}");

        await AssertAllAsync(channel, [StatusCode.Unavailable]);
        Assert.Equal(1, (await host.Client().UnaryAsync(new EchoMessage { Number = 1 }).Guarded()).Number);
        Assert.Empty(host.Errors);
    }

    [Theory]
    [MemberData(nameof(Answers))]
    public async Task Client_SpeaksSomethingElse_OthersAreServed(string bytes, bool close)
    {
        await using var host = await EchoHost.StartAsync();
        using var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(IPAddress.Loopback, host.Port).Guarded();
        await host.Connections.WhenAsync(gauge => gauge.Ever == 1).Guarded();

        await SendAsync(socket, [.. "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"u8, .. Encoding.Latin1.GetBytes(bytes)]);
        using var raw = new Socket(SocketType.Stream, ProtocolType.Tcp);
        await raw.ConnectAsync(IPAddress.Loopback, host.Port).Guarded();
        await SendAsync(raw, Encoding.Latin1.GetBytes(bytes));
        if (close)
        {
            socket.Close();
            raw.Close();
            await host.Connections.WhenAsync(gauge => gauge is { Ever: 2, Now: 0 }).Guarded();
        }

        Assert.Equal(1, (await host.Client().UnaryAsync(new EchoMessage { Number = 1 }).Guarded()).Number);
        Assert.Empty(host.Errors);
    }

    public void Dispose() => _listener.Dispose();

    private static async Task AssertAllAsync(RpcChannel channel, StatusCode[] expected)
    {
        var client = new Echo.EchoClient(channel);
        using var collect = client.Collect();
        using var duplex = client.Duplex();
        RpcException[] failures =
        [
            await client.UnaryAsync(new EchoMessage()).FailureAsync(), await client.Expand(new EchoMessage()).ResponseStream.MoveNext().FailureAsync(),
            await collect.ResponseAsync.FailureAsync(), await duplex.ResponseStream.MoveNext().FailureAsync(),
            await duplex.RequestStream.WriteAsync(new EchoMessage()).FailureAsync(),
        ];
        Assert.All(failures, failure => Assert.True(expected.Contains(failure.StatusCode), failure.Status.ToString()));
    }

    private static async Task SendAsync(Socket socket, byte[] bytes)
    {
        try
        {
            await socket.SendAsync(bytes).Guarded();
        }
        catch (SocketException)
        {
            // The other end has understood enough and has closed the connection.
        }
    }

    private async Task AnswerAsync(byte[] answer, bool close)
    {
        try
        {
            var open = new List<Socket>();
            while (true)
            {
                var socket = await _listener.AcceptSocketAsync();
                open.Add(socket);
                await socket.ReceiveAsync(new byte[1000]);
                await SendAsync(socket, answer);
                if (close)
                    socket.Close();
            }
        }
        catch (Exception exception) when (exception is SocketException or ObjectDisposedException)
        {
            // The test is over.
        }
    }
}
