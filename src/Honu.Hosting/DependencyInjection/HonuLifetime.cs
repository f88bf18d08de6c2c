using System.Net;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace Honu.Hosting.Services;

/// <summary>
/// Start: the store is opened; the server listens; its addresses are checked; replication begins and clients are let in.
/// Stop: clients are refused and running calls finish; replication stops, which ends its streams; the server stops; the container closes the store.
/// </summary>
internal sealed class HonuLifetime(IServiceProvider services, ServiceGate gate, ServiceHealth health, HonuServiceOptions options, TimeProvider time) : IHostedLifecycleService
{
    public Task StartingAsync(CancellationToken cancellationToken)
    {
        health.Set(serving: false);
        gate.Close("The server is starting. Try again in a moment.");
        services.GetRequiredService<HonuStore>();
        return Task.CompletedTask;
    }

    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public async Task StartedAsync(CancellationToken cancellationToken)
    {
        CheckAddresses();
        if (services.GetService<ReplicaHost>() is { } replica)
        {
            replica.AdvertiseListenAddress(services.GetService<IServer>()?.Features.Get<IServerAddressesFeature>()?.Addresses ?? []);
            await replica.StartAsync(cancellationToken).ConfigureAwait(false);
        }

        gate.Open();
        health.Set(serving: true);

        // Whoever asks the application to stop need not come through here at once.
        services.GetService<IHostApplicationLifetime>()?.ApplicationStopping.UnsafeRegister(static health => ((ServiceHealth)health!).Set(serving: false), health);
    }

    public async Task StoppingAsync(CancellationToken cancellationToken)
    {
        health.Set(serving: false);
        await gate.DrainAsync(options.DrainTimeout, time, cancellationToken).ConfigureAwait(false);
        if (services.GetService<ReplicaHost>() is { } replica)
            await replica.StopAsync(cancellationToken).ConfigureAwait(false);
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    private void CheckAddresses()
    {
        if (options.AllowInsecure || services.GetService<IServer>()?.Features.Get<IServerAddressesFeature>() is not { } feature)
            return;
        foreach (var text in feature.Addresses)
        {
            if (Uri.TryCreate(text, UriKind.Absolute, out var address)
                && address.Scheme == Uri.UriSchemeHttp
                && !address.IsLoopback
                && !(IPAddress.TryParse(address.DnsSafeHost, out var ip) && IPAddress.IsLoopback(ip)))
            {
                throw new InvalidOperationException(
                    $"The server listens to {text} without TLS: anyone on the network could read and write the store. Listen to loopback, use TLS, or set HonuServiceOptions.AllowInsecure.");
            }
        }
    }
}
