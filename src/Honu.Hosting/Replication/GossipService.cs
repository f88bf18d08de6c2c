using Grpc.Core;
using Honu.Grpc;
using Honu.Hosting.Protocol.Replication;
using Honu.Replication.Messages;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Routing;

namespace Honu.Hosting;

/// <summary>Takes the sessions that peers open.</summary>
internal sealed class GossipService(ReplicaHost host) : Gossip.GossipBase
{
    public override Task Session(IAsyncStreamReader<SessionMessage> requestStream, IServerStreamWriter<SessionMessage> responseStream, ServerCallContext context) =>
        host.ServeAsync(requestStream, responseStream, context.CancellationToken);
}

internal static class GossipEndpoints
{
    /// <summary>Maps what replicas say to each other.</summary>
    public static void MapHonuGossip(this IEndpointRouteBuilder endpoints, ReplicaHost host) =>
        endpoints.MapRpcService(Gossip.BindService(new GossipService(host)), new RpcServerOptions { MaxReceiveMessageBytes = host.MaxMessageBytes });
}
