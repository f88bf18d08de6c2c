using System.Diagnostics.Metrics;
using Honu.Grpc;
using Honu.Hosting.Protocol.Stores;
using Honu.TestKit;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
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
        Address = Loopback.AddressOf(app.Services);
        Client = StoreClient.Connect(Address);
        _channel = RpcChannel.ForAddress($"http://{Address}", new RpcChannelOptions { MaxReceiveMessageBytes = 32 << 20 });
        Wire = new Store.StoreClient(_channel);
    }

    public string Address { get; }

    public StoreClient Client { get; }

    /// <summary>The generated stub: for requests that the typed client does not send.</summary>
    public Store.StoreClient Wire { get; }

    /// <summary>Where the server's meters come from, and by which they are told from others of the process.</summary>
    public IMeterFactory Meters => _app.Services.GetRequiredService<IMeterFactory>();

    public HonuStore Store => _app.Services.GetRequiredService<HonuStore>();

    /// <summary>Starts a server.</summary>
    /// <param name="service">How the store is served.</param>
    /// <param name="options">How it is opened.</param>
    /// <param name="replica">How it is replicated; <see langword="null"/> for not at all.</param>
    /// <param name="before">What comes before a call is routed.</param>
    public static async Task<ServedStore> Start(
        HonuServiceOptions? service = null, HonuStoreOptions? options = null, HonuReplicaOptions? replica = null, Func<HttpContext, RequestDelegate, Task>? before = null)
    {
        var directory = new TestDirectory();
        var app = await Loopback.Serve(
            services =>
            {
                services.AddHonu(directory.Combine("db"), options ?? new HonuStoreOptions { Pid = 5 }, service);
                if (replica is not null)
                    services.AddHonuReplica(replica);
            },
            before: before);
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
