using Honu.Grpc.Protocol.Health;
using Honu.Hosting.Protocol.Admin;
using Honu.Replication;

namespace Honu.Hosting;

/// <summary>What operators ask.</summary>
public sealed partial class StoreClient
{
    /// <summary>Asks how the server's replication is doing.</summary>
    /// <param name="includeFigures">Also count objects and deletions; reads every current record, unless nothing was written since the last time.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public async Task<ReplicaInfo> GetReplicaInfoAsync(bool includeFigures, CancellationToken cancellationToken = default)
    {
        var request = new StatusRequest { IncludeFigures = includeFigures };
        var response = includeFigures
            ? await _server.CallWithoutDeadline(call => _server.Admin.StatusAsync(request, call), cancellationToken).ConfigureAwait(false)
            : await _server.Call(call => _server.Admin.StatusAsync(request, call), cancellationToken).ConfigureAwait(false);
        return InfoMapping.FromWire(response);
    }

    /// <summary>Asks how the server's replication is doing, without counting objects.</summary>
    public Task<ReplicaInfo> GetReplicaInfoAsync(CancellationToken cancellationToken = default) => GetReplicaInfoAsync(includeFigures: false, cancellationToken);

    /// <summary>Lets the server run one anti-entropy session with a peer, and waits for its end.</summary>
    /// <param name="peer"><c>PID</c>, <c>HOST:PORT</c> or <c>PID@HOST:PORT</c>; an address need not be a configured peer.</param>
    /// <param name="cancellationToken">Gives up, and ends the session.</param>
    /// <returns>What the session did.</returns>
    public async Task<SyncReport> SyncAsync(string peer, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(peer);
        var request = new SyncRequest { Peer = peer };
        var response = await _server.CallWithoutDeadline(call => _server.Admin.SyncAsync(request, call), cancellationToken).ConfigureAwait(false);
        return InfoMapping.FromWire(response);
    }

    /// <summary>Asks whether the server can be called (<c>grpc.health.v1</c>).</summary>
    /// <param name="service">A service's full name, such as <c>honu.store.v1.Store</c>; empty for the server as a whole.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public async Task<StoreHealth> GetHealthAsync(string service = "", CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(service);
        var request = new HealthCheckRequest { Service = service };
        try
        {
            var response = await _server.Call(call => _server.Health.CheckAsync(request, call), cancellationToken).ConfigureAwait(false);
            return response.Status switch
            {
                HealthCheckResponse.Types.ServingStatus.Serving => StoreHealth.Serving,
                HealthCheckResponse.Types.ServingStatus.NotServing => StoreHealth.NotServing,
                _ => StoreHealth.Unknown,
            };
        }
        catch (StoreClientException e) when (e.Error == StoreClientError.NotFound)
        {
            // The protocol's answer for a service that the server has never heard of.
            return StoreHealth.Unknown;
        }
    }
}
