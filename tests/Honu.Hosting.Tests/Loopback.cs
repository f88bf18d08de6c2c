using System.Net;
using Honu.TestKit;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;

namespace Honu.Hosting.Tests;

/// <summary>Serves Honu by a real Kestrel on the loopback.</summary>
internal static class Loopback
{
    /// <summary>Starts a server.</summary>
    /// <param name="register">Adds the store, and what else is served.</param>
    /// <param name="listen">How the port speaks; <see langword="null"/> for gRPC without TLS.</param>
    /// <param name="port">Where it listens; 0 for a free port.</param>
    /// <param name="before">What comes before a call is routed.</param>
    public static async Task<WebApplication> Serve(
        Action<IServiceCollection> register, Action<ListenOptions>? listen = null, int port = 0, Func<HttpContext, RequestDelegate, Task>? before = null)
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.Services.AddRouting();
        builder.WebHost.UseKestrelCore().UseKestrelHttpsConfiguration().ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, port, listen ?? (static options => options.UseRpc())));
        register(builder.Services);
        var app = builder.Build();
        if (before is not null)
            app.Use(before);
        app.UseRouting();
        app.MapHonu();
        await Guard.Within(app.StartAsync());
        return app;
    }

    /// <summary><c>HOST:PORT</c> of a server.</summary>
    public static string AddressOf(IServiceProvider services) =>
        new Uri(services.GetRequiredService<IServer>().Features.GetRequiredFeature<IServerAddressesFeature>().Addresses.Single()).Authority;
}
