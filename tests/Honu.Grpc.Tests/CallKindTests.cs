using Google.Protobuf;
using Grpc.Core;
using Honu.Grpc.Tests.Protos;

namespace Honu.Grpc.Tests;

/// <summary>The four kinds of calls, from empty messages to the largest ones.</summary>
public sealed class CallKindTests
{
    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(100_000)]
    [InlineData((4 * 1024 * 1024) - 16)]
    public async Task Unary_OfAnySize_ReturnsTheMessage(int bodyBytes)
    {
        await using var host = await EchoHost.StartAsync();
        var request = new EchoMessage { Body = Bytes(bodyBytes) };

        var call = host.Client().UnaryAsync(request);
        var response = await call.Guarded();

        Assert.Equal(request, response);
        Assert.Equal(Status.DefaultSuccess, call.GetStatus());
        Assert.Empty(host.Errors);
    }

    [Fact]
    public async Task Unary_Blocking_ReturnsTheMessage()
    {
        await using var host = await EchoHost.StartAsync();
        var client = host.Client();

        var response = await Task.Run(() => client.Unary(new EchoMessage { Text = "now" })).Guarded();

        Assert.Equal("now", response.Text);
    }

    [Fact]
    public async Task Collect_ManyRequests_ReturnsTheirSum()
    {
        await using var host = await EchoHost.StartAsync();
        using var call = host.Client().Collect();

        for (var i = 1; i <= 100; i++)
            await call.RequestStream.WriteAsync(new EchoMessage { Number = i }).Guarded();
        await call.RequestStream.CompleteAsync().Guarded();
        var response = await call.Guarded();

        Assert.Equal(5050, response.Number);
    }

    [Fact]
    public async Task Expand_ManyResponses_ArriveInOrder()
    {
        await using var host = await EchoHost.StartAsync();
        using var call = host.Client().Expand(new EchoMessage { Number = 1000, Body = Bytes(100) });

        var numbers = new List<int>();
        while (await call.ResponseStream.MoveNext().Guarded())
            numbers.Add(call.ResponseStream.Current.Number);

        Assert.Equal(Enumerable.Range(0, 1000), numbers);
        Assert.Equal(StatusCode.OK, call.GetStatus().StatusCode);
    }

    [Fact]
    public async Task Expand_NoResponses_EndsWithSuccess()
    {
        await using var host = await EchoHost.StartAsync();
        using var call = host.Client().Expand(new EchoMessage());

        Assert.False(await call.ResponseStream.MoveNext().Guarded());
        Assert.Equal(StatusCode.OK, call.GetStatus().StatusCode);
    }

    [Theory]
    [InlineData(WriteFlags.None)]
    [InlineData(WriteFlags.BufferHint)]
    public async Task Duplex_ThousandMessages_EachIsEchoed(WriteFlags flags)
    {
        await using var host = await EchoHost.StartAsync();
        host.Service.OnDuplex = async (requests, responses, _) =>
        {
            responses.WriteOptions = new WriteOptions(flags);
            await foreach (var request in requests.ReadAllAsync())
                await responses.WriteAsync(request);
        };
        using var call = host.Client().Duplex();

        var reading = Task.Run(async () =>
        {
            var sum = 0;
            while (await call.ResponseStream.MoveNext())
                sum += call.ResponseStream.Current.Number;
            return sum;
        });
        call.RequestStream.WriteOptions = new WriteOptions(flags);
        for (var i = 1; i <= 1000; i++)
            await call.RequestStream.WriteAsync(new EchoMessage { Number = i }).Guarded();
        await call.RequestStream.CompleteAsync().Guarded();

        Assert.Equal(500_500, await reading.Guarded());
    }

    [Fact]
    public async Task Duplex_PingPong_EachAnswerComesBeforeTheNextRequest()
    {
        await using var host = await EchoHost.StartAsync();
        using var call = host.Client().Duplex();

        for (var i = 0; i < 50; i++)
        {
            await call.RequestStream.WriteAsync(new EchoMessage { Number = i }).Guarded();
            Assert.True(await call.ResponseStream.MoveNext().Guarded());
            Assert.Equal(i, call.ResponseStream.Current.Number);
        }

        await call.RequestStream.CompleteAsync().Guarded();
        Assert.False(await call.ResponseStream.MoveNext().Guarded());
    }

    [Fact]
    public async Task Duplex_AfterHalfClose_ServerStillSends()
    {
        await using var host = await EchoHost.StartAsync();
        host.Service.OnDuplex = async (requests, responses, _) =>
        {
            var seen = 0;
            await foreach (var request in requests.ReadAllAsync())
                seen++;
            for (var i = 0; i < 3; i++)
                await responses.WriteAsync(new EchoMessage { Number = seen });
        };
        using var call = host.Client().Duplex();

        await call.RequestStream.WriteAsync(new EchoMessage()).Guarded();
        await call.RequestStream.CompleteAsync().Guarded();
        var numbers = new List<int>();
        while (await call.ResponseStream.MoveNext().Guarded())
            numbers.Add(call.ResponseStream.Current.Number);

        Assert.Equal([1, 1, 1], numbers);
    }

    [Fact]
    public async Task Duplex_ServerEndsFirst_ClientSeesTheEndAndLaterWritesFail()
    {
        await using var host = await EchoHost.StartAsync();
        host.Service.OnDuplex = (_, responses, _) => responses.WriteAsync(new EchoMessage { Number = 7 });
        using var call = host.Client().Duplex();

        Assert.True(await call.ResponseStream.MoveNext().Guarded());
        Assert.False(await call.ResponseStream.MoveNext().Guarded());

        Assert.Equal(StatusCode.OK, call.GetStatus().StatusCode);
        await Assert.ThrowsAsync<InvalidOperationException>(() => call.RequestStream.WriteAsync(new EchoMessage()).Guarded());
    }

    [Fact]
    public async Task Unary_HundredAtOnce_AllReturn()
    {
        await using var host = await EchoHost.StartAsync();
        var client = host.Client();

        var responses = await Task.WhenAll(Enumerable.Range(0, 100).Select(i => client.UnaryAsync(new EchoMessage { Number = i }).ResponseAsync)).Guarded();

        Assert.Equal(Enumerable.Range(0, 100), responses.Select(response => response.Number));
        Assert.Empty(host.Errors);
    }

    private static ByteString Bytes(int count)
    {
        var bytes = new byte[count];
        new Random(count).NextBytes(bytes);
        return UnsafeByteOperations.UnsafeWrap(bytes);
    }
}
