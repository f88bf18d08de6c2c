using System.Net;
using Grpc.Core;
using Honu.Grpc;
using Honu.Hosting.Protocol.Replication;
using Honu.Hosting.Security;
using Honu.Replication;
using Honu.Replication.Messages;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Honu.Hosting;

/// <summary>Takes the sessions that peers open, of those who may be peers.</summary>
internal sealed class GossipService(ReplicaHost host, bool allowInsecure) : Gossip.GossipBase
{
    public override async Task Session(IAsyncStreamReader<SessionMessage> requestStream, IServerStreamWriter<SessionMessage> responseStream, ServerCallContext context)
    {
        var connection = context.GetHttpContext().Connection;
        var caller = connection.RemoteIpAddress?.ToString() ?? "this machine";
        if (FindObjection(connection, out var identity) is { } objection)
        {
            host.Refused(caller, objection);
            var refusal = new Refusal { Reason = Refusal.Types.Reason.Forbidden, Message = objection };
            await responseStream.WriteAsync(new SessionMessage { Refusal = refusal }, context.CancellationToken).ConfigureAwait(false);
            return;
        }

        await host.ServeAsync(requestStream, responseStream, identity, caller, context.CancellationToken).ConfigureAwait(false);
    }

    public override Task<RumorAnswer> Push(RumorBatch request, ServerCallContext context)
    {
        var connection = context.GetHttpContext().Connection;
        if (FindObjection(connection, out var identity) is not { } objection)
            return host.TakeRumorsAsync(request, identity, context.CancellationToken);
        host.Refused(connection.RemoteIpAddress?.ToString() ?? "this machine", objection);
        return Task.FromResult(new RumorAnswer { Outcome = RumorAnswer.Types.Outcome.Forbidden, Message = objection });
    }

    private string? FindObjection(ConnectionInfo connection, out PeerIdentity? identity)
    {
        identity = null;
        if (connection.ClientCertificate is { } certificate)
        {
            var names = PeerCertificate.Of(certificate);
            identity = names.Replica;
            return names.Fault ?? (identity is null ? $"the certificate of the caller names no replica (honu://CLUSTER/PID): {PeerCertificate.Describe(certificate)}" : null);
        }

        return allowInsecure || connection.RemoteIpAddress is not { } remote || IPAddress.IsLoopback(remote)
            ? null
            : "a session from another machine needs a certificate that names its replica: use mutual TLS (--tls-cert, --tls-key, --tls-ca at both ends)";
    }
}

internal static class GossipEndpoints
{
    /// <summary>Maps what replicas say to each other.</summary>
    public static void MapHonuGossip(this IEndpointRouteBuilder endpoints, ReplicaHost host, bool allowInsecure) =>
        endpoints.MapRpcService(Gossip.BindService(new GossipService(host, allowInsecure)), new RpcServerOptions { MaxReceiveMessageBytes = host.MaxMessageBytes });
}
