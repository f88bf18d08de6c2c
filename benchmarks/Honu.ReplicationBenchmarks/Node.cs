using System.Net;
using Honu.Hosting;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.DependencyInjection;

namespace Honu.ReplicationBenchmarks;

/// <summary>A store that is served and replicated on the loopback, as <c>honu serve</c> does it.</summary>
internal sealed class Node : IAsyncDisposable
{
    private readonly WebApplication _app;

    private Node(WebApplication app, CountingEngine engine)
    {
        _app = app;
        Engine = engine;
        Address = new Uri(app.Services.GetRequiredService<IServer>().Features.GetRequiredFeature<IServerAddressesFeature>().Addresses.Single()).Authority;
    }

    public string Address { get; }

    public CountingEngine Engine { get; }

    public HonuStore Store => _app.Services.GetRequiredService<HonuStore>();

    public ReplicaHost Replica => _app.Services.GetRequiredService<ReplicaHost>();

    /// <param name="path">The directory.</param>
    /// <param name="pid">The replica.</param>
    /// <param name="address">Where to listen; <see langword="null"/> for a free port.</param>
    /// <param name="peers">With whom it opens sessions by itself.</param>
    public static async Task<Node> StartAsync(string path, uint pid, string? address = null, params string[] peers)
    {
        var engine = new CountingEngine();
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.Services.AddRouting();
        builder.Services.AddRpcBuffers();
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel => kestrel.Listen(address is null ? new IPEndPoint(IPAddress.Loopback, 0) : IPEndPoint.Parse(address), static listen => listen.UseRpc()));
        builder.Services.AddHonu(path, new HonuStoreOptions { Pid = pid, Engine = engine });
        builder.Services.AddHonuReplica(new HonuReplicaOptions { Peers = peers });
        var app = builder.Build();
        app.UseRouting();
        app.MapHonu();
        await app.StartAsync();
        return new Node(app, engine);
    }

    public async ValueTask DisposeAsync()
    {
        await _app.StopAsync();
        await _app.DisposeAsync();
    }
}
