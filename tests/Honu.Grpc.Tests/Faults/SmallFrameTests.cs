using System.Net;
using System.Net.Sockets;
using Google.Protobuf;
using Grpc.Core;
using Honu.Grpc.Tests.Protos;

namespace Honu.Grpc.Tests;

/// <summary>Messages in ten thousand DATA frames of one byte, with empty frames between them, and many messages in one frame; at both ends.</summary>
public sealed class SmallFrameTests : IDisposable
{
    private const int Bytes = 10_000;
    private const int Messages = 1_000;

    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly EchoMessage _large = new() { Body = ByteString.CopyFrom([.. Enumerable.Range(0, Bytes).Select(static i => (byte)i)]), Number = 5 };

    public SmallFrameTests() => _listener.Start();

    [Theory]
    [InlineData("Unary", false)]
    [InlineData("Unary", true)]
    [InlineData("Duplex", false)]
    [InlineData("Duplex", true)]
    public async Task Request_InFramesOfOneByte_ArrivesIntact(string method, bool withEmptyFrames)
    {
        await using var host = await EchoHost.StartAsync();
        using var client = await RawHttp2.ConnectAsync(host.Port);

        await client.RequestAsync(1, method);
        await client.WriteRawAsync(RawHttp2.Frames(1, Pieces(RawHttp2.Message(_large.ToByteArray()), withEmptyFrames)));
        await client.DataAsync(1, default, endStream: true);

        Assert.Equal([_large], Split(await ResponseAsync(client)));
        Assert.Empty(host.Errors);
    }

    [Fact]
    public async Task Requests_ManyInOneFrame_ArriveOneByOne()
    {
        await using var host = await EchoHost.StartAsync();
        using var client = await RawHttp2.ConnectAsync(host.Port);

        await client.RequestAsync(1, "Duplex");
        await client.DataAsync(1, Many(), endStream: true);

        Assert.Equal(Enumerable.Range(0, Messages), Split(await ResponseAsync(client)).Select(static message => message.Number));
        Assert.Empty(host.Errors);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Response_InFramesOfOneByte_ArrivesIntact(bool withEmptyFrames)
    {
        using var channel = Channel();
        var client = new Echo.EchoClient(channel);
        var unary = client.UnaryAsync(new EchoMessage());
        var duplex = client.Duplex();
        using var server = await RawHttp2.AcceptAsync(_listener);

        for (var i = 0; i < 2; i++)
        {
            var stream = (await server.ReadAsync(RawHttp2.Headers)).Stream;
            await server.ResponseAsync(stream);
            await server.WriteRawAsync(RawHttp2.Frames(stream, Pieces(RawHttp2.Message(_large.ToByteArray()), withEmptyFrames)));
            await server.StatusAsync(stream);
        }

        Assert.Equal(_large, await unary.Guarded());
        Assert.True(await duplex.ResponseStream.MoveNext().Guarded());
        Assert.Equal(_large, duplex.ResponseStream.Current);
        Assert.False(await duplex.ResponseStream.MoveNext().Guarded());
    }

    [Fact]
    public async Task Responses_ManyInOneFrame_ArriveOneByOne()
    {
        using var channel = Channel();
        using var call = new Echo.EchoClient(channel).Expand(new EchoMessage());
        using var server = await RawHttp2.AcceptAsync(_listener);
        var stream = (await server.ReadAsync(RawHttp2.Headers)).Stream;

        await server.ResponseAsync(stream);
        await server.DataAsync(stream, Many());
        await server.StatusAsync(stream);

        var numbers = await call.ResponseStream.ReadAllAsync().Select(static message => message.Number).ToListAsync().AsTask().Guarded();
        Assert.Equal(Enumerable.Range(0, Messages), numbers);
    }

    public void Dispose() => _listener.Dispose();

    private static byte[] Many() => [.. Enumerable.Range(0, Messages).SelectMany(static i => RawHttp2.Message(new EchoMessage { Number = i }.ToByteArray()))];

    private static IEnumerable<ReadOnlyMemory<byte>> Pieces(byte[] bytes, bool withEmptyFrames)
    {
        for (var i = 0; i < bytes.Length; i++)
        {
            yield return bytes.AsMemory(i, 1);
            if (withEmptyFrames)
                yield return default;
        }
    }

    // All DATA of a response that ends with grpc-status 0.
    private static async Task<byte[]> ResponseAsync(RawHttp2 client)
    {
        var body = new List<byte>();
        while (await client.ReadAsync() is { } frame)
        {
            if (frame.Type == RawHttp2.Data)
                body.AddRange(frame.Payload);
            if (frame.Type == RawHttp2.Headers && frame.IsLast)
            {
                Assert.Equal("0", RawHttp2.StatusIn(frame));
                return [.. body];
            }
        }

        throw new EndOfStreamException("The connection ended before the status.");
    }

    private static List<EchoMessage> Split(byte[] body)
    {
        var messages = new List<EchoMessage>();
        for (var at = 0; at < body.Length;)
        {
            var length = System.Buffers.Binary.BinaryPrimitives.ReadInt32BigEndian(body.AsSpan(at + 1));
            messages.Add(EchoMessage.Parser.ParseFrom(body, at + 5, length));
            at += 5 + length;
        }

        return messages;
    }

    private RpcChannel Channel() => RpcChannel.ForAddress($"http://127.0.0.1:{((IPEndPoint)_listener.LocalEndpoint).Port}");
}
