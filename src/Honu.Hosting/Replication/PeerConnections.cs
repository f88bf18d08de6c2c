using System.Net;
using Honu.Hosting.Security;
using Honu.Replication;

namespace Honu.Hosting;

/// <summary>One kept connection per peer: dialling anew for each session costs more than choosing the peer well gains.</summary>
internal sealed class PeerConnections(HonuReplicaOptions options, int maxMessageBytes) : IDisposable
{
    private readonly Lock _lock = new();
    private readonly Dictionary<string, PeerConnection> _connections = new(StringComparer.Ordinal);

    public PeerConnection Get(PeerAddress address)
    {
        lock (_lock)
        {
            if (_connections.TryGetValue(address.Endpoint, out var known))
            {
                if (!known.IsOutdated)
                    return known;
                known.Dispose();
            }

            return _connections[address.Endpoint] = new PeerConnection(address.Endpoint, options, maxMessageBytes);
        }
    }

    public void Dispose()
    {
        lock (_lock)
        {
            foreach (var connection in _connections.Values)
                connection.Dispose();
        }
    }

    public static bool IsLoopback(string host) =>
        host.Equals("localhost", StringComparison.OrdinalIgnoreCase) || (IPAddress.TryParse(host, out var ip) && IPAddress.IsLoopback(ip));
}
