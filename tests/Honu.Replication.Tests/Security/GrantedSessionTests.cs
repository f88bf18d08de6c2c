using Google.Protobuf;
using Honu.Replication.Messages;
using Honu.Replication.Tests.Sessions;
using Honu.Replication.Tests.Traces;

namespace Honu.Replication.Tests.Security;

/// <summary>What goes over the wire under grants, seen by a peer that the test plays: nothing of what it may not read, and no ear for what it may not write.</summary>
public sealed class GrantedSessionTests : IDisposable
{
    private readonly ScriptedReplica _replica = new(1);
    private readonly Replica _machine;

    public GrantedSessionTests()
    {
        _replica.Store.Namespace("open").Put("k"u8, "v"u8);
        _replica.Store.Namespace("secret").Put("k"u8, "v"u8);
        var grants = new AccessGrants([new AccessRule { Namespaces = ["open"], Read = ["replica:9"] }]);
        _machine = new Replica(_replica.Store.Replication, new ReplicaOptions { Grants = grants });
    }

    public void Dispose() => _replica.Dispose();

    [Fact]
    public void Hello_NamesOnlyWhatThePeerMayRead()
    {
        var called = RemotePeer.Initiate(_machine);
        called.Send(RemotePeer.Hello());
        var caller = RemotePeer.Answer(_machine, new PeerAddress("peer", 1, Pid: 9));

        foreach (var peer in new[] { called, caller })
        {
            var hello = peer.Received.First(static message => message.BodyCase == SessionMessage.BodyOneofCase.Hello).Hello;
            Assert.Equal(["open"], hello.Namespaces.Select(static item => item.Name));
            Assert.Equal(["open"], hello.Readable);
            Assert.DoesNotContain(peer.Received, static message => message.ToString().Contains("secret", StringComparison.Ordinal));
        }
    }

    [Theory]
    [InlineData("open")]
    [InlineData("secret")]
    public void Chunk_OfANamespaceThatThePeerMayNotWrite_IsForbidden(string ns)
    {
        var peer = RemotePeer.Initiate(_machine);
        peer.Send(RemotePeer.Hello());
        Assert.Null(peer.Refusal);

        peer.Send(new Chunk { Namespace = ns, Records = ByteString.CopyFrom(1, 2, 3), Last = true });

        Assert.Equal(Refusal.Types.Reason.Forbidden, peer.Refusal!.Reason);
        Assert.Equal(SyncOutcome.Refused, peer.Report!.Outcome);
    }
}
