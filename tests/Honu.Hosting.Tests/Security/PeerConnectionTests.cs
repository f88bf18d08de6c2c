using Honu.Grpc;
using Honu.Hosting.Security;
using Honu.Replication;
using Honu.TestKit;

namespace Honu.Hosting.Tests.Security;

/// <summary>Over which connections rumors go: only where the certificate has named the very replica that they are for.</summary>
public sealed class PeerConnectionTests : IDisposable
{
    private readonly TestAuthority _authority = new();

    public void Dispose() => _authority.Dispose();

    // One authority may vouch for two clusters, and each of them has a replica 2.
    [Fact]
    public async Task MayLeadTo_SamePidOfAnotherCluster_IsFalse()
    {
        await using var other = await SecuredReplica.Start(2, _authority.Replica(2, "d"), cluster: "d");
        using var connection = new PeerConnection(other.Address, new HonuReplicaOptions { Tls = new RpcClientTlsOptions { Certificates = _authority.Replica(1) } }, 1 << 20);
        Assert.False(connection.MayLeadTo("d", 2, out var isKnown));
        Assert.False(isKnown);
        using var call = connection.Client.Session();
        Assert.Equal(new PeerIdentity("d", 2), await Guard.Within(connection.IdentifyAsync(call)));

        Assert.False(connection.MayLeadTo("c", 2, out isKnown));
        Assert.True(isKnown);
        Assert.False(connection.MayLeadTo("d", 3, out _));
        Assert.True(connection.MayLeadTo("d", 2, out _));
        Assert.True(connection.MayLeadTo("d", null, out _));
    }
}
