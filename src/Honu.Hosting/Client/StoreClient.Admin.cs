using Honu.Hosting.Protocol.Admin;
using Honu.Replication;

namespace Honu.Hosting;

/// <summary>What operators ask.</summary>
public sealed partial class StoreClient
{
    /// <summary>Asks how the server's replication is doing.</summary>
    public async Task<ReplicaInfo> GetReplicaInfoAsync(CancellationToken cancellationToken = default)
    {
        var response = await _server.Call(call => _server.Admin.StatusAsync(new StatusRequest(), call), cancellationToken).ConfigureAwait(false);
        return InfoMapping.FromWire(response);
    }

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
}
