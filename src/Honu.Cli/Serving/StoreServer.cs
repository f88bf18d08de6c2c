using System.Net;
using System.Net.Sockets;
using Honu.Hosting;
using Honu.Hosting.Security;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Honu.Cli.Serving;

/// <summary>The host of <c>honu serve</c>: Kestrel with Honu's services and nothing else; reads no configuration files and no environment.</summary>
internal static class StoreServer
{
    /// <summary>What goes wrong is told on stderr, one line each.</summary>
    public static ILoggerFactory CreateLoggers()
    {
        return LoggerFactory.Create(static logging =>
        {
            AddConsole(logging);
            // A start that fails is told in one line by the command itself.
            logging.AddFilter("Microsoft.Extensions.Hosting", LogLevel.None);
            // Certificates that have changed: whoever changed them wants to know that they are in use.
            logging.AddFilter("Honu.Grpc.RpcCertificates", LogLevel.Information);
            // Handshakes that failed, in words of this program.
            logging.AddProvider(new HandshakeLog(LoggerFactory.Create(AddConsole)));
            logging.AddFilter<HandshakeLog>(category: null, LogLevel.None);
            logging.AddFilter<HandshakeLog>(HandshakeLog.Category, LogLevel.Debug);
        });
    }

    /// <summary>Serves until a signal or <paramref name="cancellation"/>, then stops in order.</summary>
    public static async Task<int> RunAsync(
        string path,
        IPEndPoint endpoint,
        HonuStoreOptions store,
        HonuReplicaOptions replica,
        ILoggerFactory loggers,
        Action<string, StoreIdentity> ready,
        CancellationToken cancellation)
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.Services.AddSingleton(loggers);
        builder.Services.AddRouting();
        // The replica shows its peers what the server shows its clients, and trusts the same authorities.
        var handshakes = replica.Tls is { Certificates: { } certificates } ? new HandshakeWatch(certificates, loggers.CreateLogger<HandshakeWatch>(), TimeProvider.System) : null;
        builder.Services.AddRpcBuffers();
        builder.WebHost.UseKestrelCore().UseKestrelHttpsConfiguration().ConfigureKestrel(options => options.Listen(endpoint, listen =>
        {
            listen.UseRpc(handshakes?.Options);
            handshakes?.Attach(listen);
        }));
        builder.Services.AddHonu(path, store, new HonuServiceOptions { AllowInsecure = replica.AllowInsecure, Grants = replica.Grants });
        builder.Services.AddHonuReplica(replica);
        // System.CommandLine turns signals into the cancellation; a second handler would race with it.
        builder.Services.AddSingleton<IHostLifetime, QuietLifetime>();

        await using var app = builder.Build();
        if (handshakes is not null)
        {
            app.Use(static (http, next) =>
            {
                HandshakeWatch.Note(http);
                return next(http);
            });
        }

        app.UseRouting();
        app.MapHonu();
        try
        {
            await app.StartAsync(cancellation);
        }
        catch (IOException e) when (e.InnerException is Microsoft.AspNetCore.Connections.AddressInUseException)
        {
            throw CliException.Usage($"{endpoint} is in use by another program. Listen on another port, or on port 0 for a free one.");
        }
        catch (SocketException e)
        {
            throw CliException.Usage($"Cannot listen on {endpoint}: {e.Message}. Name an address of this machine.");
        }

        var address = app.Services.GetRequiredService<IServer>().Features.GetRequiredFeature<IServerAddressesFeature>().Addresses.First();
        ready(new Uri(address).Authority, app.Services.GetRequiredService<HonuStore>().Identity);

        var stop = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using (cancellation.Register(() => stop.TrySetResult()))
            await stop.Task;
        await app.StopAsync(CancellationToken.None);
        return ExitCodes.Ok;
    }

    private static void AddConsole(ILoggingBuilder logging)
    {
        logging.AddSimpleConsole(static options => options.SingleLine = true);
        logging.SetMinimumLevel(LogLevel.Warning);
        // stdout is for results.
        logging.Services.Configure<Microsoft.Extensions.Logging.Console.ConsoleLoggerOptions>(static options => options.LogToStandardErrorThreshold = LogLevel.Trace);
    }

    private sealed class QuietLifetime : IHostLifetime
    {
        public Task WaitForStartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }
}
