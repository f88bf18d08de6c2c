using System.Diagnostics;
using Grpc.Core;
using Honu.Grpc.Tests.Peers;
using Honu.Grpc.Tests.Protos;

namespace Honu.Grpc.Tests;

/// <summary>Handlers that ignore their token. A client without a timer of its own gets the status from the server in time, and the server can be stopped.</summary>
public sealed class StuckHandlerTests : IDisposable
{
    private static readonly TimeSpan Timeout = TimeSpan.FromMilliseconds(300);

    private readonly RawClient _raw = new();
    private readonly SyncPoint _release = new();

    [Theory]
    [InlineData(CallKind.Unary, false)]
    [InlineData(CallKind.Collect, false)]
    [InlineData(CallKind.Expand, false)]
    [InlineData(CallKind.Expand, true)]
    [InlineData(CallKind.Duplex, false)]
    [InlineData(CallKind.Duplex, true)]
    public async Task Deadline_Passes_ServerSendsTheStatusAndLetsTheHandlerBe(CallKind kind, bool afterAMessage)
    {
        await using var host = await StartAsync(afterAMessage);
        var clock = Stopwatch.StartNew();

        using var response = await _raw.PostAsync(
            $"http://127.0.0.1:{host.Port}/honu.grpc.tests.Echo/{kind}", new RawClient.Pieces([0, 0, 0, 0, 0], 5, endless: kind is CallKind.Collect or CallKind.Duplex),
            headers: ("grpc-timeout", $"{Timeout.TotalMilliseconds}m"));
        var status = await RawClient.StatusAsync(response);
        var elapsed = clock.Elapsed;
        var running = host.Requests.Now;
        _release.Reach();
        await host.Requests.WhenAsync(gauge => gauge.Now == 0).Guarded();

        Assert.Equal("4", status);
        Assert.InRange(elapsed, Timeout - TimeSpan.FromMilliseconds(50), TimeSpan.FromSeconds(5));
        Assert.Equal(1, running);
        Assert.Empty(host.Errors);
    }

    [Fact]
    public async Task Stop_HandlersOfAllKindsAreStuck_ClientsGetUnavailableAndTheServerStops()
    {
        await using var host = await StartAsync(afterAMessage: false);
        var client = host.Client();
        using var collect = client.Collect();
        using var duplex = client.Duplex();
        Task[] calls = [client.UnaryAsync(new EchoMessage()).ResponseAsync, collect.ResponseAsync, client.Expand(new EchoMessage()).ResponseStream.MoveNext(), duplex.ResponseStream.MoveNext()];
        await host.Requests.WhenAsync(gauge => gauge.Now == 4).Guarded();
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(1));

        var clock = Stopwatch.StartNew();
        var stopping = host.StopAsync(patience.Token);
        foreach (var call in calls)
            Assert.Equal(StatusCode.Unavailable, (await call.FailureAsync()).StatusCode);
        try
        {
            await stopping.Guarded();
        }
        catch (OperationCanceledException)
        {
            // The host says so when its own time-out ended the stop.
        }

        var elapsed = clock.Elapsed;
        _release.Reach();
        await host.Requests.WhenAsync(gauge => gauge.Now == 0).Guarded();

        Assert.InRange(elapsed, TimeSpan.Zero, TimeSpan.FromSeconds(10));
        Assert.Empty(host.Errors);
    }

    public void Dispose() => _raw.Dispose();

    private Task<EchoHost> StartAsync(bool afterAMessage)
    {
        var service = new EchoService();
        service.OnUnary = async (request, _) =>
        {
            await _release.Task;
            return request;
        };
        service.OnCollect = async (_, _) =>
        {
            await _release.Task;
            return new EchoMessage();
        };
        service.OnExpand = (_, responses, _) => HoldAsync(responses);
        service.OnDuplex = (_, responses, _) => HoldAsync(responses);
        return EchoHost.StartAsync(service, new RpcServerOptions { DrainTimeout = Timeout });

        async Task HoldAsync(IServerStreamWriter<EchoMessage> responses)
        {
            if (afterAMessage)
                await responses.WriteAsync(new EchoMessage());
            await _release.Task;
        }
    }
}
