using System.Net;
using System.Net.Sockets;
using Grpc.Core;
using Honu.Grpc.Tests.Peers;

namespace Honu.Grpc.Tests;

/// <summary>
/// A peer declares a message of 4 GiB, or one just below the limit of which it sends a byte now and then, for ever. Our end runs in a process of its own and
/// counts what it allocates: nothing for the declared length.
/// </summary>
public sealed class HostileLengthTests : IDisposable
{
    private const long Bound = 2L * 1024 * 1024; // half of the declared length that is allowed
    private const string Deadline = "600m";

    // 4 GiB - 1, and the limit of 4 MiB - 1.
    private static readonly byte[] TooLong = [0, 255, 255, 255, 255];
    private static readonly byte[] Allowed = [0, 0, 63, 255, 255];

    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _over = new();

    public HostileLengthTests() => _listener.Start();

    [Fact]
    public async Task Request_DeclaresFourGigabytes_IsResourceExhaustedAtOnce()
    {
        using var server = await PeerProcess.ServeAsync();
        using var client = await RawHttp2.ConnectAsync(server.Port);
        await StatusAsync(client, 1, "Unary", TooLong); // the first one of a process costs memory of its own
        var before = await server.MemoryAsync();

        var stream = 1;
        foreach (var kind in Enum.GetValues<CallKind>())
            Assert.Equal("8", await StatusAsync(client, stream += 2, kind.ToString(), TooLong));

        var after = await server.MemoryAsync();
        Assert.InRange(after.Allocated - before.Allocated, 0, Bound);
    }

    [Fact]
    public async Task Request_TricklesForEver_EndsWithItsDeadline()
    {
        using var server = await PeerProcess.ServeAsync();
        using var client = await RawHttp2.ConnectAsync(server.Port);
        await StatusAsync(client, 1, "Unary", TooLong);
        var before = await server.MemoryAsync();

        // One connection for each, since the frames of one connection are read here in the order in which they come.
        await Task.WhenAll(Enum.GetValues<CallKind>().Select(async kind =>
        {
            using var hostile = await RawHttp2.ConnectAsync(server.Port);
            var status = StatusAsync(hostile, 1, kind.ToString(), Allowed, ("grpc-timeout", Deadline));
            _ = TrickleAsync(hostile, 1);
            Assert.Equal("4", await status);
        })).Guarded();

        var after = await server.MemoryAsync();
        Assert.InRange(after.Allocated - before.Allocated, 0, 4 * Bound);
    }

    [Fact]
    public async Task Response_DeclaresFourGigabytes_IsResourceExhaustedAtOnce()
    {
        using var client = await PeerProcess.CallAsync(((IPEndPoint)_listener.LocalEndpoint).Port);
        var accepting = RawHttp2.AcceptAsync(_listener);
        client.Order("call Unary 20000");
        using var server = await accepting;
        await AnswerAsync(server, TooLong);
        await client.HearAsync("ended");

        foreach (var kind in Enum.GetValues<CallKind>())
        {
            client.Order($"call {kind} 20000");
            await AnswerAsync(server, TooLong);
            var ended = await client.HearAsync("ended");

            Assert.Equal(nameof(StatusCode.ResourceExhausted), ended[0]);
            Assert.InRange(long.Parse(ended[1]), 0, Bound);
        }
    }

    [Fact]
    public async Task Response_TricklesForEver_EndsWithTheDeadline()
    {
        using var client = await PeerProcess.CallAsync(((IPEndPoint)_listener.LocalEndpoint).Port);
        var accepting = RawHttp2.AcceptAsync(_listener);
        client.Order("call Unary 20000");
        using var server = await accepting;
        await AnswerAsync(server, TooLong);
        await client.HearAsync("ended");

        foreach (var kind in Enum.GetValues<CallKind>())
        {
            client.Order($"call {kind} 500");
            var stream = await AnswerAsync(server, Allowed);
            _ = TrickleAsync(server, stream);
            var ended = await client.HearAsync("ended");

            Assert.Equal(nameof(StatusCode.DeadlineExceeded), ended[0]);
            Assert.InRange(long.Parse(ended[1]), 0, Bound);
            Assert.InRange(int.Parse(ended[2]), 400, 5000);
        }
    }

    public void Dispose()
    {
        _over.Cancel();
        _over.Dispose();
        _listener.Dispose();
    }

    // Sends the head and these bytes, and gives the grpc-status that comes.
    private static async Task<string> StatusAsync(RawHttp2 client, int stream, string method, byte[] body, params (string Name, string Value)[] headers)
    {
        await client.RequestAsync(stream, method, headers);
        await client.DataAsync(stream, body);
        while (true)
        {
            var frame = await client.ReadAsync(RawHttp2.Headers);
            if (frame.Stream == stream && frame.IsLast)
                return RawHttp2.StatusIn(frame);
        }
    }

    private static async Task<int> AnswerAsync(RawHttp2 server, byte[] body)
    {
        var stream = (await server.ReadAsync(RawHttp2.Headers)).Stream;
        await server.ResponseAsync(stream);
        await server.DataAsync(stream, body);
        return stream;
    }

    private async Task TrickleAsync(RawHttp2 http, int stream)
    {
        using var pace = new PeriodicTimer(TimeSpan.FromMilliseconds(5));
        try
        {
            while (await pace.WaitForNextTickAsync(_over.Token))
                await http.DataAsync(stream, new byte[1]);
        }
        catch (Exception exception) when (exception is OperationCanceledException or IOException or ObjectDisposedException)
        {
            // The test is over, or the other end has had enough.
        }
    }
}
