using Google.Protobuf;
using Google.Protobuf.Reflection;
using Grpc.Core;
using Honu.Grpc;
using Honu.Grpc.Protocol.Health;
using Honu.Grpc.Protocol.Reflection;
using Honu.Grpc.Tests;
using Honu.TestKit;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using static Honu.Grpc.Protocol.Health.HealthCheckResponse.Types;

namespace Honu.Hosting.Tests;

/// <summary>What MapHonu serves for tools: health checks that follow the life of the host, and reflection; and a client over TLS.</summary>
public sealed class HealthAndReflectionTests : IDisposable
{
    private readonly TestDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Theory]
    [InlineData("", StoreHealth.Serving)]
    [InlineData("honu.store.v1.Store", StoreHealth.Serving)]
    [InlineData("honu.admin.v1.Admin", StoreHealth.Serving)]
    [InlineData("honu.replication.v1.Gossip", StoreHealth.Unknown)]
    [InlineData("no.Such", StoreHealth.Unknown)]
    public async Task Health_OfARunningServer_KnowsTheServicesThatAreMapped(string service, StoreHealth expected)
    {
        await using var served = await ServedStore.Start();

        Assert.Equal(expected, await Guard.Within(served.Client.GetHealthAsync(service)));
    }

    [Fact]
    public async Task Health_OfAReplica_KnowsItsGossip()
    {
        await using var app = await Start(static services => services.AddHonuReplica());
        await using var client = StoreClient.Connect(AddressOf(app));

        Assert.Equal(StoreHealth.Serving, await Guard.Within(client.GetHealthAsync("honu.replication.v1.Gossip")));
        await Guard.Within(app.StopAsync());
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Health_WhenTheHostStops_IsNotServingBeforeCallsEnd(bool byRequest)
    {
        await using var app = await Start(static _ => { });
        using var channel = RpcChannel.ForAddress($"http://{AddressOf(app)}");
        using var watch = new Health.HealthClient(channel).Watch(new HealthCheckRequest { Service = "honu.store.v1.Store" });
        Assert.True(await Guard.Within(watch.ResponseStream.MoveNext()));
        Assert.Equal(ServingStatus.Serving, watch.ResponseStream.Current.Status);

        if (byRequest)
            app.Services.GetRequiredService<IHostApplicationLifetime>().StopApplication();
        var stopping = byRequest ? Task.CompletedTask : app.StopAsync();

        Assert.True(await Guard.Within(watch.ResponseStream.MoveNext()));
        Assert.Equal(ServingStatus.NotServing, watch.ResponseStream.Current.Status);
        var end = await Assert.ThrowsAsync<RpcException>(() => Guard.Within(watch.ResponseStream.MoveNext()));
        Assert.Equal(StatusCode.Unavailable, end.StatusCode);
        await Guard.Within(stopping);
    }

    [Fact]
    public async Task Health_BeforeTheHostHasStarted_IsNotServing()
    {
        StoreHealth? seen = null;
        await using var app = await Start(services => services.AddSingleton<IHostedService>(provider => new Prober(async () =>
        {
            await using var client = StoreClient.Connect(Loopback.AddressOf(provider));
            seen = await client.GetHealthAsync("honu.store.v1.Store");
        })));

        Assert.Equal(StoreHealth.NotServing, seen);
        await Guard.Within(app.StopAsync());
    }

    [Fact]
    public async Task Health_OfTheApplicationsOwnService_IsServedToo()
    {
        await using var app = await Start(static _ => { });
        app.Services.GetRequiredService<RpcHealth>().Set("my.Own", serving: true);
        await using var client = StoreClient.Connect(AddressOf(app));

        Assert.Equal(StoreHealth.Serving, await Guard.Within(client.GetHealthAsync("my.Own")));
        await Guard.Within(app.StopAsync());
    }

    [Theory]
    [InlineData("grpc.reflection.v1.ServerReflection")]
    [InlineData("grpc.reflection.v1alpha.ServerReflection")]
    public async Task Reflection_ListsTheServicesAndTheirFiles(string service)
    {
        await using var app = await Start(static services => services.AddHonuReplica());

        var listed = await Reflect(app, service, new ServerReflectionRequest { ListServices = "" });
        var file = await Reflect(app, service, new ServerReflectionRequest { FileContainingSymbol = "honu.replication.v1.Gossip" });

        Assert.Equal(
            ["grpc.health.v1.Health", "grpc.reflection.v1.ServerReflection", "honu.admin.v1.Admin", "honu.replication.v1.Gossip", "honu.store.v1.Store"],
            listed.ListServicesResponse.Service.Select(static found => found.Name));
        var names = file.FileDescriptorResponse.FileDescriptorProto.Select(static bytes => FileDescriptorProto.Parser.ParseFrom(bytes).Name).ToList();
        Assert.Equal("honu/replication/v1/gossip.proto", names[0]);
        Assert.Contains("honu/replication/v1/messages.proto", names);
        await Guard.Within(app.StopAsync());
    }

    [Fact]
    public async Task Reflection_SwitchedOff_IsUnimplemented()
    {
        await using var app = await Start(static _ => { }, new HonuServiceOptions { Reflection = false });

        var failure = await Assert.ThrowsAsync<RpcException>(() => Reflect(app, "grpc.reflection.v1.ServerReflection", new ServerReflectionRequest { ListServices = "" }));

        Assert.Equal(StatusCode.Unimplemented, failure.StatusCode);
        await Guard.Within(app.StopAsync());
    }

    [Fact]
    public async Task StoreClient_OverTls_IsServedAndTellsWhomItDoesNotTrust()
    {
        using var trusted = new Certificates("trusted");
        using var other = new Certificates("other");
        await using var app = await Start(static _ => { }, tls: new RpcServerTlsOptions { Certificates = new(trusted.Server(), null) });
        await using var client = StoreClient.Connect(AddressOf(app), new StoreClientOptions { Tls = new RpcClientTlsOptions { Certificates = new(null, trusted.Roots) } });
        await using var doubting = StoreClient.Connect(AddressOf(app), new StoreClientOptions { Tls = new RpcClientTlsOptions { Certificates = new(null, other.Roots) } });

        var version = await Guard.Within(client.PutAsync("default", new byte[] { 1 }, new byte[] { 2 }));
        var refused = await Assert.ThrowsAsync<StoreClientException>(() => Guard.Within(doubting.GetInfoAsync()));

        Assert.False(version.IsNone);
        Assert.Equal(StoreClientError.Refused, refused.Error);
        await Guard.Within(app.StopAsync());
    }

    [Fact]
    public async Task Options_HaveTheirDefaults()
    {
        Assert.True(new HonuServiceOptions().Reflection);
        Assert.Null(new StoreClientOptions().Tls);

        // With TLS another machine needs no permission; nothing is sent before the first call.
        await using var far = StoreClient.Connect("192.0.2.1:7000", new StoreClientOptions { Tls = new RpcClientTlsOptions() });
        Assert.Equal("192.0.2.1:7000", far.Address);
    }

    private static string AddressOf(WebApplication app) => Loopback.AddressOf(app.Services);

    private static Marshaller<T> MarshallerOf<T>(MessageParser<T> parser)
        where T : class, IMessage<T> => Marshallers.Create(static message => message.ToByteArray(), parser.ParseFrom);

    private static async Task<ServerReflectionResponse> Reflect(WebApplication app, string service, ServerReflectionRequest request)
    {
        var method = new Method<ServerReflectionRequest, ServerReflectionResponse>(
            MethodType.DuplexStreaming, service, "ServerReflectionInfo", MarshallerOf(ServerReflectionRequest.Parser), MarshallerOf(ServerReflectionResponse.Parser));
        using var channel = RpcChannel.ForAddress($"http://{AddressOf(app)}");
        using var call = channel.CreateCallInvoker().AsyncDuplexStreamingCall(method, null, default);
        await Guard.Within(call.RequestStream.WriteAsync(request));
        await Guard.Within(call.RequestStream.CompleteAsync());
        Assert.True(await Guard.Within(call.ResponseStream.MoveNext()));
        return call.ResponseStream.Current;
    }

    private Task<WebApplication> Start(Action<IServiceCollection> configure, HonuServiceOptions? options = null, RpcServerTlsOptions? tls = null) => Loopback.Serve(
        services =>
        {
            configure(services);
            services.AddHonu(_directory.Combine("db"), new HonuStoreOptions { Pid = 5 }, options);
        },
        listen => listen.UseRpc(tls));

    /// <summary>Runs something when the server listens, before Honu lets clients in.</summary>
    private sealed class Prober(Func<Task> probe) : IHostedLifecycleService
    {
        public Task StartingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StartedAsync(CancellationToken cancellationToken) => Guard.Within(probe());

        public Task StoppingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StoppedAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }
}
