using System.Collections.Concurrent;
using System.Net;
using Honu.Grpc;
using Honu.Hosting.Protocol.Replication;
using Honu.Replication;

namespace Honu.Hosting;

/// <summary>One kept connection per peer: dialling anew for each session costs more than choosing the peer well gains.</summary>
internal sealed class PeerConnections(HonuReplicaOptions options, int maxMessageBytes) : IDisposable
{
    private readonly ConcurrentDictionary<string, RpcChannel> _channels = new(StringComparer.Ordinal);

    public Gossip.GossipClient Client(PeerAddress address) => new(_channels.GetOrAdd(address.Endpoint, Connect));

    public void Dispose()
    {
        foreach (var channel in _channels.Values)
            channel.Dispose();
    }

    public static bool IsLoopback(string host) =>
        host.Equals("localhost", StringComparison.OrdinalIgnoreCase) || (IPAddress.TryParse(host, out var ip) && IPAddress.IsLoopback(ip));

    private RpcChannel Connect(string endpoint) => RpcChannel.ForAddress(
        (options.Tls is null ? "http://" : "https://") + endpoint,
        new RpcChannelOptions
        {
            Tls = options.Tls,
            MaxReceiveMessageBytes = maxMessageBytes,
            ConnectTimeout = TimeSpan.FromSeconds(5),
            KeepAliveInterval = TimeSpan.FromSeconds(10),
            KeepAliveTimeout = TimeSpan.FromSeconds(5),
        });
}
