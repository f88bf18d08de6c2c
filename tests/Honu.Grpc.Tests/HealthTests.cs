using Grpc.Core;
using Honu.Grpc.Protocol.Health;
using Microsoft.AspNetCore.Builder;
using static Honu.Grpc.Protocol.Health.HealthCheckResponse.Types.ServingStatus;

namespace Honu.Grpc.Tests;

/// <summary>grpc.health.v1: Check and Watch.</summary>
public sealed class HealthTests
{
    private static readonly Method<HealthCheckRequest, HealthCheckResponse> CheckMethod = Define(MethodType.Unary, "Check");
    private static readonly Method<HealthCheckRequest, HealthCheckResponse> WatchMethod = Define(MethodType.ServerStreaming, "Watch");

    private readonly RpcHealth _health = new();

    [Fact]
    public async Task Check_TellsWhatWasSet()
    {
        await using var host = await StartAsync();
        _health.Set("a.Serving", serving: true);
        _health.Set("a.Stopped", serving: false);

        Assert.Equal(Serving, await CheckAsync(host, ""));
        Assert.Equal(Serving, await CheckAsync(host, "a.Serving"));
        Assert.Equal(NotServing, await CheckAsync(host, "a.Stopped"));
        _health.Set("a.Stopped", serving: true);
        Assert.Equal(Serving, await CheckAsync(host, "a.Stopped"));
        _health.Set("", serving: false);
        Assert.Equal(NotServing, await CheckAsync(host, ""));
    }

    [Fact]
    public async Task Check_OfAnUnknownService_IsNotFound()
    {
        await using var host = await StartAsync();

        var failure = await Assert.ThrowsAsync<RpcException>(() => CheckAsync(host, "no.Such"));

        Assert.Equal(StatusCode.NotFound, failure.StatusCode);
        Assert.Empty(host.Errors);
    }

    [Fact]
    public async Task SetNotServing_ConcernsAllThatIsKnown()
    {
        await using var host = await StartAsync();
        _health.Set("a.Serving", serving: true);

        _health.SetNotServing();

        Assert.Equal(NotServing, await CheckAsync(host, ""));
        Assert.Equal(NotServing, await CheckAsync(host, "a.Serving"));
        await Assert.ThrowsAsync<RpcException>(() => CheckAsync(host, "no.Such"));
    }

    [Fact]
    public async Task Watch_TellsTheStatusAndEachChangeOnce()
    {
        await using var host = await StartAsync();
        _health.Set("a.Service", serving: true);
        using var watch = Watch(host, "a.Service");

        Assert.Equal(Serving, await NextAsync(watch));
        _health.Set("a.Service", serving: true);
        _health.Set("another.Service", serving: false);
        _health.Set("a.Service", serving: false);
        Assert.Equal(NotServing, await NextAsync(watch));
        _health.Set("a.Service", serving: false);
        _health.SetNotServing();
        _health.Set("a.Service", serving: true);
        Assert.Equal(Serving, await NextAsync(watch));
    }

    [Fact]
    public async Task Watch_OfAnUnknownService_WaitsUntilItIsKnown()
    {
        await using var host = await StartAsync();
        using var watch = Watch(host, "late.Service");

        Assert.Equal(ServiceUnknown, await NextAsync(watch));
        _health.Set("late.Service", serving: true);
        Assert.Equal(Serving, await NextAsync(watch));
    }

    [Fact]
    public async Task Watch_EndsWithItsCall()
    {
        await using var host = await StartAsync();
        using var cancel = new CancellationTokenSource();
        using var watch = Watch(host, "", cancel.Token);
        await NextAsync(watch);

        cancel.Cancel();

        Assert.Equal(StatusCode.Cancelled, (await watch.ResponseStream.MoveNext().FailureAsync()).StatusCode);
        await host.StopAsync().Guarded();
        Assert.Empty(host.Errors);
    }

    [Fact]
    public async Task Watch_ByMany_TellsEachOfThem()
    {
        await using var host = await StartAsync();
        _health.Set("a.Service", serving: true);
        var watches = Enumerable.Range(0, 200).Select(_ => Watch(host, "a.Service")).ToList();
        foreach (var watch in watches)
            Assert.Equal(Serving, await NextAsync(watch));

        _health.Set("a.Service", serving: false);

        foreach (var watch in watches)
        {
            Assert.Equal(NotServing, await NextAsync(watch));
            watch.Dispose();
        }

        Assert.Empty(host.Errors);
    }

    [Fact]
    public async Task Watch_UnderChangesFromManyThreads_EndsWithTheLastStatus()
    {
        await using var host = await StartAsync();
        using var watch = Watch(host, "a.Service");
        var reading = Task.Run(async () =>
        {
            List<HealthCheckResponse.Types.ServingStatus> seen = [];
            while (await watch.ResponseStream.MoveNext() && watch.ResponseStream.Current.Status != NotServing)
                seen.Add(watch.ResponseStream.Current.Status);
            return seen;
        });

        Parallel.For(0, 1000, i => _health.Set(i % 2 == 0 ? "a.Service" : $"service.{i}", serving: true));
        _health.Set("a.Service", serving: false);

        // Unknown at most at the beginning, and nothing twice in a row.
        Assert.Contains(string.Join(' ', await reading.Guarded()), new[] { "ServiceUnknown Serving", "ServiceUnknown", "Serving", "" });
    }

    private static Method<HealthCheckRequest, HealthCheckResponse> Define(MethodType type, string name) => new(
        type, "grpc.health.v1.Health", name, ProtobufMarshaller<HealthCheckRequest>.Instance, ProtobufMarshaller<HealthCheckResponse>.Instance);

    private static async Task<HealthCheckResponse.Types.ServingStatus> CheckAsync(EchoHost host, string service)
    {
        using var call = host.Channel().CreateCallInvoker().AsyncUnaryCall(CheckMethod, null, default, new HealthCheckRequest { Service = service });
        return (await call.Guarded()).Status;
    }

    private static AsyncServerStreamingCall<HealthCheckResponse> Watch(EchoHost host, string service, CancellationToken cancellation = default) =>
        host.Channel().CreateCallInvoker().AsyncServerStreamingCall(
            WatchMethod, null, new CallOptions(cancellationToken: cancellation), new HealthCheckRequest { Service = service });

    private static async Task<HealthCheckResponse.Types.ServingStatus> NextAsync(AsyncServerStreamingCall<HealthCheckResponse> watch)
    {
        Assert.True(await watch.ResponseStream.MoveNext().Guarded());
        return watch.ResponseStream.Current.Status;
    }

    private Task<EchoHost> StartAsync() => EchoHost.StartAsync(map: app => app.MapRpcService(_health.Definition));
}
