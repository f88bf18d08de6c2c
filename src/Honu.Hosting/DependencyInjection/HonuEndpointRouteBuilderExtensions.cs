using Grpc.Core.Interceptors;
using Honu;
using Honu.Grpc;
using Honu.Grpc.Protocol.Health;
using Honu.Hosting;
using Honu.Hosting.Protocol.Admin;
using Honu.Hosting.Protocol.Replication;
using Honu.Hosting.Protocol.Stores;
using Honu.Hosting.Security;
using Honu.Hosting.Services;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using ServiceDescriptor = Google.Protobuf.Reflection.ServiceDescriptor;

namespace Microsoft.AspNetCore.Builder;

/// <summary>Maps Honu's services.</summary>
public static class HonuEndpointRouteBuilderExtensions
{
    // A watch of the health has no end of its own: it is told of the stop and must not hold it up.
    private static readonly RpcServerOptions HealthOptions = new() { DrainTimeout = TimeSpan.FromMilliseconds(500) };

    /// <summary>Maps the client service, the operator's service and, with <c>AddHonuReplica</c>, what replicas say to each other; and what tools
    /// ask of any gRPC server: health checks and, unless <see cref="HonuServiceOptions.Reflection"/> is off, reflection.</summary>
    /// <param name="endpoints">The endpoints of a server that speaks HTTP/2 (see <c>UseRpc</c>).</param>
    public static IEndpointRouteBuilder MapHonu(this IEndpointRouteBuilder endpoints)
    {
        ArgumentNullException.ThrowIfNull(endpoints);
        var services = endpoints.ServiceProvider;
        var honu = services.GetRequiredService<HonuStore>();
        var options = new RpcServerOptions { MaxReceiveMessageBytes = honu.Replication.MaxValueBytes + (1024 * 1024) };
        var serviceOptions = services.GetRequiredService<HonuServiceOptions>();
        var access = new AccessInterceptor(new CallerAccess(honu.Identity.Cluster, serviceOptions.Grants, serviceOptions.AllowInsecure));
        endpoints.MapRpcService(Store.BindService(services.GetRequiredService<StoreService>()).Intercept(access), options);
        endpoints.MapRpcService(Admin.BindService(services.GetRequiredService<AdminService>()).Intercept(access), options);
        List<ServiceDescriptor> served = [Store.Descriptor, Admin.Descriptor];
        if (services.GetService<ReplicaHost>() is { } replica)
        {
            endpoints.MapHonuGossip(replica, serviceOptions.AllowInsecure);
            served.Add(Gossip.Descriptor);
        }

        services.GetRequiredService<ServiceHealth>().Add(served.Select(static service => service.FullName));
        endpoints.MapRpcService(services.GetRequiredService<RpcHealth>().Definition, HealthOptions);
        if (serviceOptions.Reflection)
        {
            foreach (var definition in new RpcReflection([.. served, Health.Descriptor]).Definitions)
                endpoints.MapRpcService(definition, HealthOptions);
        }

        return endpoints;
    }
}
