using Honu;
using Honu.Grpc;
using Honu.Hosting;
using Honu.Hosting.Protocol.Admin;
using Honu.Hosting.Protocol.Stores;
using Honu.Hosting.Services;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace Microsoft.AspNetCore.Builder;

/// <summary>Maps Honu's services.</summary>
public static class HonuEndpointRouteBuilderExtensions
{
    /// <summary>Maps the client service, the operator's service and, with <c>AddHonuReplica</c>, what replicas say to each other.</summary>
    /// <param name="endpoints">The endpoints of a server that speaks HTTP/2 (see <c>UseRpc</c>).</param>
    public static IEndpointRouteBuilder MapHonu(this IEndpointRouteBuilder endpoints)
    {
        ArgumentNullException.ThrowIfNull(endpoints);
        var services = endpoints.ServiceProvider;
        var honu = services.GetRequiredService<HonuStore>();
        var options = new RpcServerOptions { MaxReceiveMessageBytes = honu.Replication.MaxValueBytes + (1024 * 1024) };
        endpoints.MapRpcService(Store.BindService(services.GetRequiredService<StoreService>()), options);
        endpoints.MapRpcService(Admin.BindService(services.GetRequiredService<AdminService>()), options);
        if (services.GetService<ReplicaHost>() is { } replica)
            endpoints.MapHonuGossip(replica);
        return endpoints;
    }
}
