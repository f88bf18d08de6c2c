using System.Net;
using Grpc.Testing;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Honu.Grpc.InteropHost;

/// <summary>The server of the interoperability tests.</summary>
internal static class InteropServer
{
    public static async Task RunAsync(string host, int port, TlsFiles? tls)
    {
        var builder = WebApplication.CreateSlimBuilder(new WebApplicationOptions { ContentRootPath = AppContext.BaseDirectory });

        // Standard output belongs to the line that says where the server listens.
        builder.Logging.ClearProviders().SetMinimumLevel(LogLevel.Warning).AddConsole(console => console.LogToStandardErrorThreshold = LogLevel.Trace);
        builder.Services.Configure<HostOptions>(options => options.ShutdownTimeout = TimeSpan.FromSeconds(5));
        builder.WebHost.UseKestrelHttpsConfiguration();
        builder.WebHost.ConfigureKestrel(kestrel => Listen(kestrel, host, port, endpoint => endpoint.UseRpc(tls?.ForServer())));

        var app = builder.Build();
        app.Use(RequestFlags.ObserveAsync);

        // UnimplementedService is left out on purpose: its case asks for the answer of a server that does not know the service at all.
        // TestService.UnimplementedCall is the other half: a known service whose method nobody has written.
        app.MapRpcService(TestService.BindService(new TestServiceImplementation()), new RpcServerOptions { DrainTimeout = TimeSpan.FromSeconds(1) });
        await app.StartAsync();
        await Console.Out.WriteLineAsync($"listening on {new Uri(app.Urls.First()).Authority}");
        await app.WaitForShutdownAsync();
        await app.DisposeAsync();
    }

    private static void Listen(KestrelServerOptions kestrel, string host, int port, Action<ListenOptions> endpoint)
    {
        if (IPAddress.TryParse(host, out var address))
            kestrel.Listen(address, port, endpoint);
        else if (host == "localhost")
            kestrel.ListenLocalhost(port, endpoint);
        else
            throw new CaseFailedException($"Cannot listen on \"{host}\": give an IP address or localhost.");
    }
}
