using Honu.Replication.Messages;
using Honu.Replication.Tests.Traces;

namespace Honu.Replication.Tests.Sessions;

/// <summary>All places for sessions are taken: who makes room, and who does not.</summary>
public sealed class CrowdTests : IDisposable
{
    private readonly ScriptedReplica _replica = new(1, configure: static options => options with { MaxIncomingSessions = 2 });

    public void Dispose() => _replica.Dispose();

    [Fact]
    public void Accept_FullOfCallersThatSayNothing_TheOldestMakesRoomAfterASecond()
    {
        var (first, second) = (RemotePeer.Initiate(_replica.Machine), RemotePeer.Initiate(_replica.Machine));

        Assert.Equal(Refusal.Types.Reason.Retry, Accept(TimeSpan.FromMilliseconds(900)));
        Assert.Null(Accept(TimeSpan.FromMilliseconds(1100)));

        second.Now = TimeSpan.FromMilliseconds(1200);
        second.Send(RemotePeer.Hello());
        Assert.Contains(second.Received, static message => message.BodyCase == SessionMessage.BodyOneofCase.Hello);
        first.Now = second.Now;
        first.Send(RemotePeer.Hello());
        Assert.Empty(first.Received);
    }

    [Fact]
    public void Accept_FullOfPeersThatHaveSaidWhoTheyAre_TheNewOneComesBack()
    {
        foreach (var pid in new uint[] { 8, 9 })
            RemotePeer.Initiate(_replica.Machine).Send(RemotePeer.Hello(hello => hello.Replica = new ReplicaId(pid, 0).ToUInt64()));

        Assert.Equal(Refusal.Types.Reason.Retry, Accept(TimeSpan.FromSeconds(2)));
    }

    // Why the caller is sent away; null when it is not.
    private Refusal.Types.Reason? Accept(TimeSpan now)
    {
        var session = _replica.Machine.NextSessionId();
        return _replica.Machine.Handle(new ReplicaEvent.SessionAccepted(session), now).OfType<ReplicaEffect.Send>().FirstOrDefault(send => send.Session == session)?.Message.Refusal?.Reason;
    }
}
