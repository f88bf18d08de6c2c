using System.Diagnostics.Metrics;
using Honu;
using Honu.Grpc;
using Honu.Hosting;
using Honu.Hosting.Services;
using Microsoft.Extensions.Caching.Distributed;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Microsoft.Extensions.DependencyInjection;

/// <summary>Registers a Honu store and its replication.</summary>
public static class HonuServiceCollectionExtensions
{
    /// <summary>Registers the <see cref="HonuStore"/> of a directory as a singleton.</summary>
    /// <param name="services">The services.</param>
    /// <param name="path">The store's directory.</param>
    /// <param name="options">How to open it; <see langword="null"/> for the defaults.</param>
    /// <param name="serviceOptions">How <c>MapHonu</c> serves it; <see langword="null"/> for the defaults.</param>
    /// <remarks>
    /// The store is opened when the host starts, so that a locked or damaged store stops the start with its own exception. It is
    /// closed with the host's services, after the server and the replication have stopped. An <see cref="RpcHealth"/> is registered, too:
    /// <c>MapHonu</c> serves it, and the application can set the health of its own services in it.
    /// </remarks>
    public static IServiceCollection AddHonu(
        this IServiceCollection services, string path, HonuStoreOptions? options = null, HonuServiceOptions? serviceOptions = null)
    {
        ArgumentNullException.ThrowIfNull(services);
        ArgumentException.ThrowIfNullOrEmpty(path);
        services.TryAddSingleton(TimeProvider.System);
        services.TryAddSingleton(_ => HonuStore.Open(path, options));
        services.TryAddSingleton(serviceOptions ?? new HonuServiceOptions());
        services.TryAddSingleton<ServiceGate>();
        services.TryAddSingleton<RpcHealth>();
        services.TryAddSingleton<ServiceHealth>();
        services.TryAddSingleton<StoreService>();
        services.TryAddSingleton(static provider => new AdminService(
            provider.GetRequiredService<HonuStore>(),
            provider.GetService<ReplicaHost>(),
            provider.GetRequiredService<ServiceGate>(),
            provider.GetRequiredService<ILogger<AdminService>>()));
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IHostedService, HonuLifetime>());
        return services;
    }

    /// <summary>Registers a namespace of the store of <see cref="AddHonu"/> (or of any <see cref="HonuStore"/> among the services) as the application's <see cref="IDistributedCache"/>.</summary>
    /// <param name="services">The services.</param>
    /// <param name="options">How to use the store; <see langword="null"/> for the defaults.</param>
    /// <remarks>An <see cref="IDistributedCache"/> that is registered already stays.</remarks>
    public static IServiceCollection AddHonuDistributedCache(this IServiceCollection services, HonuDistributedCacheOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(services);
        services.TryAddSingleton(provider => new HonuDistributedCache(provider.GetRequiredService<HonuStore>(), options));
        services.TryAddSingleton<IDistributedCache>(static provider => provider.GetRequiredService<HonuDistributedCache>());
        return services;
    }

    /// <summary>Lets the store of <see cref="AddHonu"/> replicate: it answers peers and, when it has any, talks to them.</summary>
    /// <param name="services">The services.</param>
    /// <param name="options">The peers and how to talk to them; <see langword="null"/> to answer only.</param>
    public static IServiceCollection AddHonuReplica(this IServiceCollection services, HonuReplicaOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(services);
        services.TryAddSingleton(provider => new ReplicaHost(
            provider.GetRequiredService<HonuStore>(),
            options ?? new HonuReplicaOptions(),
            provider.GetService<ILoggerFactory>(),
            provider.GetRequiredService<TimeProvider>(),
            provider.GetService<IMeterFactory>()));
        return services;
    }
}
