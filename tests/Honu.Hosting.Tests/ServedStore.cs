using Honu.Grpc;
using Honu.Hosting.Protocol.Stores;
using Honu.TestKit;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.DependencyInjection;

namespace Honu.Hosting.Tests;

/// <summary>A store in a directory of its own, served by a real Kestrel on a free port of the loopback.</summary>
internal sealed class ServedStore : IAsyncDisposable
{
    private readonly TestDirectory _directory;
    private readonly WebApplication _app;
    private readonly RpcChannel _channel;

    private ServedStore(TestDirectory directory, WebApplication app)
    {
        _directory = directory;
        _app = app;
        Address = new Uri(app.Services.GetRequiredService<IServer>().Features.GetRequiredFeature<IServerAddressesFeature>().Addresses.Single()).Authority;
        Client = StoreClient.Connect(Address);
        _channel = RpcChannel.ForAddress($"http://{Address}", new RpcChannelOptions { MaxReceiveMessageBytes = 32 << 20 });
        Wire = new Store.StoreClient(_channel);
    }

    public string Address { get; }

    public StoreClient Client { get; }

    /// <summary>The generated stub: for requests that the typed client does not send.</summary>
    public Store.StoreClient Wire { get; }

    public HonuStore Store => _app.Services.GetRequiredService<HonuStore>();

    public static async Task<ServedStore> Start(HonuServiceOptions? service = null, HonuStoreOptions? options = null, HonuReplicaOptions? replica = null)
    {
        var directory = new TestDirectory();
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.Services.AddRouting();
        builder.WebHost.UseKestrelCore().ConfigureKestrel(static kestrel => kestrel.Listen(System.Net.IPAddress.Loopback, 0, static listen => listen.UseRpc()));
        builder.Services.AddHonu(directory.Combine("db"), options ?? new HonuStoreOptions { Pid = 5 }, service);
        if (replica is not null)
            builder.Services.AddHonuReplica(replica);
        var app = builder.Build();
        app.UseRouting();
        app.MapHonu();
        await Guard.Within(app.StartAsync());
        return new ServedStore(directory, app);
    }

    public Task Stop() => _app.StopAsync();

    public async ValueTask DisposeAsync()
    {
        await Client.DisposeAsync();
        _channel.Dispose();
        await Guard.Within(_app.StopAsync());
        await _app.DisposeAsync();
        _directory.Dispose();
    }
}
