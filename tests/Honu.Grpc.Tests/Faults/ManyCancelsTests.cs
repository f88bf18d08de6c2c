using Grpc.Core;
using Honu.Grpc.Tests.Protos;

namespace Honu.Grpc.Tests;

/// <summary>Two thousand calls of one connection are cancelled, at different moments and many at once: the connection stays, and each handler sees it.</summary>
public sealed class ManyCancelsTests
{
    private const int Cancels = 2000;

    private readonly Gauge _handlers = new();
    private readonly Gauge _cancelled = new();

    [Theory]
    [InlineData(1)]
    [InlineData(20)]
    [InlineData(100)]
    [InlineData(500)]
    [InlineData(900)]
    public async Task Cancel_WhileHandlersWait_ConnectionStaysAndHandlersSeeIt(int batch)
    {
        await using var host = await StartAsync();
        var client = host.Client();
        await client.UnaryAsync(new EchoMessage()).Guarded();

        for (var done = 0; done < Cancels;)
        {
            var count = Math.Min(batch, Cancels - done);
            using var source = new CancellationTokenSource();
            var calls = Enumerable.Range(done, count).Select(i => Begin(client, i, source.Token)).ToList();
            done += count;
            await _handlers.WhenAsync(gauge => gauge.Ever == done).Guarded();

            await source.CancelAsync();
            foreach (var call in calls)
                Assert.Equal(StatusCode.Cancelled, (await call.FailureAsync()).StatusCode);
        }

        await _cancelled.WhenAsync(gauge => gauge.Ever == Cancels).Guarded();
        await AssertUsableAsync(host, client);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(100)]
    [InlineData(500)]
    public async Task Cancel_BeforeTheHeadIsSentOrRightAfter_ConnectionStaysAndNoHandlerIsLeft(int batch)
    {
        await using var host = await StartAsync();
        var client = host.Client();
        await client.UnaryAsync(new EchoMessage()).Guarded();

        for (var done = 0; done < Cancels; done += batch)
        {
            using var source = new CancellationTokenSource();
            var calls = Enumerable.Range(done, batch).Select(i => Begin(client, i, source.Token)).ToList();
            await source.CancelAsync();
            foreach (var call in calls)
                Assert.Equal(StatusCode.Cancelled, (await call.FailureAsync()).StatusCode);
        }

        await AssertUsableAsync(host, client);
        Assert.Equal(_handlers.Ever, _cancelled.Ever);
    }

    // The server counts streams whose handlers still run, and refuses new ones when there are twice as many as it allows: a protection against clients
    // that open and reset without end. It must let go of them.
    [Fact]
    public async Task Cancel_HandlersIgnoreIt_ConnectionIsUsableWhenTheyHaveEnded()
    {
        var release = new SyncPoint();
        await using var host = await StartAsync();
        host.Service.OnUnary = (request, context) => HoldAsync(context, () => context.RequestHeaders.GetValue("hold") is null ? Task.CompletedTask : release.Task)
            .ContinueWith(_ => request, TaskScheduler.Default);
        var client = host.Client();
        await client.UnaryAsync(new EchoMessage()).Guarded();

        for (var done = 1; done < Cancels; done += 100)
        {
            using var source = new CancellationTokenSource();
            var calls = Enumerable.Range(0, 100).Select(_ => Begin(client, 0, source.Token)).ToList();
            await _handlers.WhenAsync(gauge => gauge.Ever == done + 100).Guarded();
            await source.CancelAsync();
            foreach (var call in calls)
                Assert.Equal(StatusCode.Cancelled, (await call.FailureAsync()).StatusCode);
        }

        Exception? refusal = null;
        try
        {
            await client.UnaryAsync(new EchoMessage()).Guarded();
        }
        catch (RpcException failure)
        {
            refusal = failure;
        }

        release.Reach();
        await _handlers.WhenAsync(gauge => gauge.Now == 0).Guarded();
        await host.Requests.WhenAsync(gauge => gauge.Now == 0).Guarded();

        Assert.True(refusal is null or RpcException { StatusCode: StatusCode.ResourceExhausted or StatusCode.Unavailable }, refusal?.ToString());
        await AssertUsableAsync(host, client);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(50)]
    [InlineData(400)]
    public async Task Dispose_InMidStream_ConnectionStaysAndHandlersSeeIt(int batch)
    {
        await using var host = await StartAsync();
        host.Service.OnDuplex = (requests, responses, context) => HoldAsync(context, async () =>
        {
            while (true)
            {
                await responses.WriteAsync(new EchoMessage { Text = new string('x', 2000) });
                await requests.MoveNext();
            }
        });
        var client = host.Client();
        await client.UnaryAsync(new EchoMessage()).Guarded();

        for (var done = 0; done < Cancels; done += batch)
        {
            var calls = Enumerable.Range(0, batch).Select(_ => client.Duplex()).ToList();
            foreach (var call in calls)
            {
                Assert.True(await call.ResponseStream.MoveNext().Guarded());
                await call.RequestStream.WriteAsync(new EchoMessage()).Guarded();
            }

            var reads = calls.ConvertAll(call => call.ResponseStream.MoveNext());
            calls.ForEach(call => call.Dispose());
            foreach (var (call, read) in calls.Zip(reads))
            {
                // The second message may have been there before.
                await ((Task)read).Guarded().ContinueWith(static ended => _ = ended.Exception, TaskScheduler.Default);
                Assert.Equal(StatusCode.Cancelled, call.GetStatus().StatusCode);
            }
        }

        await _cancelled.WhenAsync(gauge => gauge.Ever == Cancels).Guarded();
        await AssertUsableAsync(host, client);
    }

    // Every fourth call is of another kind.
    private static Task Begin(Echo.EchoClient client, int number, CancellationToken token)
    {
        var options = new CallOptions([new("hold", "1")], cancellationToken: token);
        return (number % 4) switch
        {
            0 => client.UnaryAsync(new EchoMessage(), options).ResponseAsync,
            1 => client.Collect(options).ResponseAsync,
            2 => client.Expand(new EchoMessage(), options).ResponseStream.MoveNext(),
            _ => client.Duplex(options).ResponseStream.MoveNext(),
        };
    }

    private async Task<EchoHost> StartAsync()
    {
        var service = new EchoService();
        service.OnUnary = async (request, context) =>
        {
            if (context.RequestHeaders.GetValue("hold") is not null)
                await HoldAsync(context, () => SyncPoint.WhenCancelled(context.CancellationToken).Task);
            return request;
        };
        service.OnCollect = async (requests, context) =>
        {
            await HoldAsync(context, () => requests.MoveNext());
            return new EchoMessage();
        };
        service.OnExpand = (_, _, context) => HoldAsync(context, () => SyncPoint.WhenCancelled(context.CancellationToken).Task);
        service.OnDuplex = (requests, _, context) => HoldAsync(context, () => requests.MoveNext());
        return await EchoHost.StartAsync(service);
    }

    private Task HoldAsync(ServerCallContext context, Func<Task> wait) => _handlers.DuringAsync(async () =>
    {
        try
        {
            await wait();
        }
        finally
        {
            if (context.CancellationToken.IsCancellationRequested)
                _cancelled.Add(1);
        }
    });

    private async Task AssertUsableAsync(EchoHost host, Echo.EchoClient client)
    {
        Assert.Equal(3, (await client.UnaryAsync(new EchoMessage { Number = 3 }).Guarded()).Number);
        await host.Requests.WhenAsync(gauge => gauge.Now == 0).Guarded();
        Assert.Equal(0, _handlers.Now);
        Assert.Equal(1, host.Connections.Ever);
        Assert.Empty(host.Errors);
    }
}
