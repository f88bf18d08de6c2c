using Grpc.Core;
using Honu.Grpc.Tests.Protos;
using Microsoft.AspNetCore.Http.Features;

namespace Honu.Grpc.Tests;

/// <summary>Each side sees that the other one has given up.</summary>
public sealed class CancellationTests
{
    [Fact]
    public async Task Cancel_UnaryCall_IsSeenByTheHandler()
    {
        var (entered, cancelled) = (new SyncPoint(), new SyncPoint());
        await using var host = await EchoHost.StartAsync();
        host.Service.OnUnary = async (request, context) =>
        {
            context.CancellationToken.Register(cancelled.Reach);
            entered.Reach();
            await cancelled.Task;
            context.CancellationToken.ThrowIfCancellationRequested();
            return request;
        };
        using var source = new CancellationTokenSource();

        var call = host.Client().UnaryAsync(new EchoMessage(), cancellationToken: source.Token);
        await entered.Task.Guarded();
        await source.CancelAsync();
        var failure = await call.FailureAsync();

        Assert.Equal(StatusCode.Cancelled, failure.StatusCode);
        await cancelled.Task.Guarded();
        Assert.Empty(host.Errors);
    }

    [Fact]
    public async Task Dispose_DuplexCall_EndsTheHandlersRead()
    {
        var ended = new TaskCompletionSource<Exception>();
        await using var host = await EchoHost.StartAsync();
        host.Service.OnDuplex = async (requests, responses, context) =>
        {
            try
            {
                await responses.WriteAsync(new EchoMessage());
                await requests.MoveNext();
            }
            catch (Exception exception)
            {
                ended.SetResult(exception);
                Assert.True(context.CancellationToken.IsCancellationRequested);
                throw;
            }
        };
        var call = host.Client().Duplex();

        Assert.True(await call.ResponseStream.MoveNext().Guarded());
        call.Dispose();

        Assert.IsAssignableFrom<OperationCanceledException>(await ended.Task.Guarded());
        Assert.Equal(StatusCode.Cancelled, call.GetStatus().StatusCode);
        Assert.Empty(host.Errors);
    }

    [Fact]
    public async Task MoveNext_ItsTokenIsCancelled_CancelsTheCall()
    {
        await using var host = await EchoHost.StartAsync();
        using var call = host.Client().Duplex();
        using var source = new CancellationTokenSource();

        var reading = call.ResponseStream.MoveNext(source.Token);
        await source.CancelAsync();
        var failure = await reading.FailureAsync();

        Assert.Equal(StatusCode.Cancelled, failure.StatusCode);
        Assert.Equal(StatusCode.Cancelled, (await call.RequestStream.WriteAsync(new EchoMessage()).FailureAsync()).StatusCode);
    }

    [Fact]
    public async Task Call_TokenIsCancelledBefore_NothingIsSent()
    {
        await using var host = await EchoHost.StartAsync();

        var failure = await host.Client().UnaryAsync(new EchoMessage(), cancellationToken: new CancellationToken(true)).FailureAsync();

        Assert.Equal(StatusCode.Cancelled, failure.StatusCode);
    }

    [Fact]
    public async Task Reset_ByTheServerWithCancel_IsCancelledAtTheClient()
    {
        await using var host = await EchoHost.StartAsync();
        host.Service.OnDuplex = async (requests, responses, context) =>
        {
            await responses.WriteAsync(new EchoMessage());
            await requests.MoveNext();
            context.GetHttpContext().Features.GetRequiredFeature<IHttpResetFeature>().Reset(8);
        };
        using var call = host.Client().Duplex();

        Assert.True(await call.ResponseStream.MoveNext().Guarded());
        await call.RequestStream.WriteAsync(new EchoMessage()).Guarded();
        var failure = await call.ResponseStream.MoveNext().FailureAsync();

        Assert.Equal(StatusCode.Cancelled, failure.StatusCode);
    }

    [Fact]
    public async Task Cancel_FiveHundredCalls_ConnectionStaysUsable()
    {
        var connections = 0;
        var cancelled = 0;
        var all = new SyncPoint();
        await using var host = await EchoHost.StartAsync(listen: endpoint => endpoint.Use(next => connection =>
        {
            Interlocked.Increment(ref connections);
            return next(connection);
        }));
        host.Service.OnDuplex = async (requests, responses, context) =>
        {
            try
            {
                await responses.WriteAsync(new EchoMessage());
                await requests.MoveNext();
            }
            catch (OperationCanceledException)
            {
                if (Interlocked.Increment(ref cancelled) == 500)
                    all.Reach();
                throw;
            }
        };
        var client = host.Client();

        for (var i = 0; i < 500; i++)
        {
            using var call = client.Duplex();
            Assert.True(await call.ResponseStream.MoveNext().Guarded());
        }

        await all.Task.Guarded();
        Assert.Equal(3, (await client.UnaryAsync(new EchoMessage { Number = 3 }).Guarded()).Number);
        Assert.Equal(1, connections);
        Assert.Empty(host.Errors);
    }

    [Fact]
    public async Task Dispose_Channel_CancelsRunningCallsAndRefusesNewOnes()
    {
        await using var host = await EchoHost.StartAsync();
        var channel = host.Channel();
        var client = new Echo.EchoClient(channel);
        using var call = client.Duplex();
        await call.RequestStream.WriteAsync(new EchoMessage()).Guarded();
        Assert.True(await call.ResponseStream.MoveNext().Guarded());

        await channel.ShutdownAsync();

        Assert.Equal(StatusCode.Cancelled, (await call.ResponseStream.MoveNext().FailureAsync()).StatusCode);
        Assert.Throws<ObjectDisposedException>(() => client.UnaryAsync(new EchoMessage()));
    }
}
