using System.Diagnostics;
using Grpc.Core;
using Honu.Grpc.Tests.Peers;
using Honu.Grpc.Tests.Protos;

namespace Honu.Grpc.Tests;

/// <summary>A process that is stopped (SIGSTOP) keeps its connections and is silent. Keep-alive of one second finds it, at either end.</summary>
public sealed class StoppedPeerTests
{
    private static readonly TimeSpan Second = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(4);

    [Fact]
    public async Task Server_Stopped_CallsAreUnavailableWithinFourSecondsAndTheChannelGoesOn()
    {
        using var server = await PeerProcess.ServeAsync();
        using var channel = RpcChannel.ForAddress(server.Address, new RpcChannelOptions { KeepAliveInterval = Second, KeepAliveTimeout = Second });
        var client = new Echo.EchoClient(channel);
        using var unary = client.UnaryAsync(new EchoMessage(), [new("phase", nameof(CallPhase.BeforeHead))]);
        using var duplex = client.Duplex([new("phase", nameof(CallPhase.BetweenMessages))]);
        Assert.True(await duplex.ResponseStream.MoveNext().Guarded());
        await server.HearAsync("reached");
        await server.HearAsync("reached");

        var clock = Stopwatch.StartNew();
        server.Stop();
        var ends = await Task.WhenAll(MeasureAsync(unary.ResponseAsync, clock), MeasureAsync(duplex.ResponseStream.MoveNext(), clock)).Guarded();
        clock.Restart();
        var meanwhile = await MeasureAsync(client.UnaryAsync(new EchoMessage()).ResponseAsync, clock).Guarded();
        server.Continue();

        Assert.All(ends, end =>
        {
            Assert.Equal(StatusCode.Unavailable, end.Status);
            Assert.InRange(end.After, TimeSpan.Zero, Limit);
        });

        // HttpClient looks at its clocks once a second, which makes up to 4 s of 1 + 1. A connection begins just after such a look, and takes all of them.
        Assert.Equal(StatusCode.Unavailable, meanwhile.Status);
        Assert.InRange(meanwhile.After, TimeSpan.Zero, Limit + Second);
        Assert.Equal(5, (await client.UnaryAsync(new EchoMessage { Number = 5 }).Guarded()).Number);
    }

    [Fact]
    public async Task Client_Stopped_HandlersAreCancelledAndTheClientGoesOn()
    {
        var (handlers, cancelled) = (new Gauge(), new Gauge());
        await using var host = await EchoHost.StartAsync(listen: endpoint =>
        {
            endpoint.KestrelServerOptions.Limits.Http2.KeepAlivePingDelay = Second;
            endpoint.KestrelServerOptions.Limits.Http2.KeepAlivePingTimeout = Second;
        });
        var echo = host.Service.OnUnary;
        host.Service.OnUnary = async (request, context) =>
        {
            if (context.RequestHeaders.GetValue("phase") is not null)
                await HoldAsync(context);
            return await echo(request, context);
        };
        host.Service.OnDuplex = (_, _, context) => HoldAsync(context);
        using var client = await PeerProcess.CallAsync(host.Port);
        client.Order("open Unary BeforeHead");
        client.Order("open Duplex BeforeHead");
        await handlers.WhenAsync(gauge => gauge.Now == 2).Guarded();

        var clock = Stopwatch.StartNew();
        client.Stop();
        await cancelled.WhenAsync(gauge => gauge.Ever == 2).Guarded();
        var after = clock.Elapsed;
        await handlers.WhenAsync(gauge => gauge.Now == 0).Guarded();
        await host.Requests.WhenAsync(gauge => gauge.Now == 0).Guarded();
        client.Continue();

        // The first call may begin on the connection that the server has given up, before the client sees that.
        client.Order("call Expand 20000");
        Assert.Contains((await client.HearAsync("ended"))[0], (string[])[nameof(StatusCode.OK), nameof(StatusCode.Unavailable)]);
        client.Order("call Expand 20000");

        // Kestrel looks at its clocks once a second, if the machine lets it; without this keep-alive the pings would begin after a minute.
        Assert.InRange(after, TimeSpan.Zero, 10 * Second);
        Assert.Equal(nameof(StatusCode.OK), (await client.HearAsync("ended"))[0]);
        Assert.Empty(host.Errors);

        Task HoldAsync(ServerCallContext context) => handlers.DuringAsync(() =>
        {
            context.CancellationToken.Register(() => cancelled.Add(1));
            return SyncPoint.WhenCancelled(context.CancellationToken).Task;
        });
    }

    private static async Task<(StatusCode Status, TimeSpan After)> MeasureAsync(Task call, Stopwatch clock)
    {
        var failure = await call.FailureAsync();
        return (failure.StatusCode, clock.Elapsed);
    }
}
