using System.Text;
using Honu.Format;
using Honu.Replication.Messages;
using Honu.Replication.Tests.Traces;

namespace Honu.Replication.Tests.Sessions;

/// <summary>Contents are compared where vectors are equal, and what one side has lost comes back (R13).</summary>
public sealed class RepairTests : IDisposable
{
    private readonly ScriptedReplica _a = new(1);
    private readonly ScriptedReplica _b = new(2);

    public void Dispose()
    {
        _a.Dispose();
        _b.Dispose();
    }

    [Fact]
    public void T13_RecordVanishedAtOneReplica_ComparisonBringsItBackToEither()
    {
        foreach (var key in Enumerable.Range(0, 50))
            _a.Put($"k{key}", $"v{key}");
        _b.Put("own", "b");
        ScriptedSession.Complete(_a, _b);
        Vanish(_a, "k3", "own");
        Vanish(_b, "k7");
        Assert.Null(_a.Get("own"));
        Assert.Null(_b.Get("k7"));

        var session = ScriptedSession.Run(_b, _a, verify: true);

        Assert.Equal((SyncOutcome.Completed, SyncOutcome.Completed), (session.Report!.Outcome, session.ResponderReport!.Outcome));
        Assert.Equal((3, 3), (session.Report.ObjectsRepaired, session.ResponderReport.ObjectsRepaired));
        Assert.Equal(4, session.Report.RoundTrips);
        Assert.Equal(("v3", "b", "v7"), (_a.Get("k3"), _a.Get("own"), _b.Get("k7")));
        Assert.Equal("v3", _b.Get("k3"));
        Assert.Equal(SyncOutcome.Equal, ScriptedSession.Run(_a, _b, verify: true).Report!.Outcome);
    }

    [Fact]
    public void T13_AbsenceAtOneReplica_NeverDeletesAtTheOther()
    {
        _a.Put("k", "v");
        ScriptedSession.Complete(_a, _b);
        Vanish(_a, "k");

        ScriptedSession.Run(_a, _b, verify: true);

        Assert.Equal("v", _b.Get("k"));
    }

    [Fact]
    public void Verify_EqualStores_SaysSoAndSendsNoRecord()
    {
        _a.Put("k", "v");
        ScriptedSession.Complete(_a, _b);

        var session = ScriptedSession.Run(_a, _b, verify: true);

        Assert.Equal((SyncOutcome.Equal, 2, 0L), (session.Report!.Outcome, session.Report.RoundTrips, session.Report.ComparisonsSkipped));
        Assert.DoesNotContain(session.Messages, static sent => sent.Message.BodyCase == SessionMessage.BodyOneofCase.RepairRecords);
    }

    [Fact]
    public void Verify_NamespaceWrittenToMeanwhile_IsPassedOverAndCounted()
    {
        _a.Put("k", "v");
        ScriptedSession.Complete(_a, _b);
        SessionMessage WriteAfterHello(ScriptedReplica from, SessionMessage message)
        {
            if (message.BodyCase == SessionMessage.BodyOneofCase.DigestTree)
                _b.Put("l", "meanwhile");
            return message;
        }

        var session = ScriptedSession.Run(_a, _b, verify: true, rewrite: WriteAfterHello);

        Assert.Equal((1L, 1L), (session.Report!.ComparisonsSkipped, session.ResponderReport!.ComparisonsSkipped));
        Assert.True(session.Report.IsSuccess);
    }

    [Fact]
    public void Session_EndsWhileAScanRuns_ViewIsDisposedWhenTheScanHasEnded()
    {
        _a.Put("k", "v");
        var view = _a.Store.Replication.CreateRepairView(ScriptedReplica.Ns);
        var opening = _a.Machine.Handle(new ReplicaEvent.SyncRequested(1, new PeerAddress("peer", 1), Verify: true), TimeSpan.Zero).OfType<ReplicaEffect.OpenSession>().Single();
        var hello = _a.Machine.Handle(new ReplicaEvent.SessionOpened(opening.Session), TimeSpan.Zero).OfType<ReplicaEffect.Send>().Single().Message.Hello;
        var answer = RemotePeer.Hello(other => other.Namespaces[0].Summary = hello.Namespaces[0].Summary);
        Assert.Single(_a.Machine.Handle(new ReplicaEvent.MessageReceived(opening.Session, new SessionMessage { Hello = answer }, 10), TimeSpan.Zero).OfType<ReplicaEffect.RunInBackground>());
        _a.Machine.Handle(new ReplicaEvent.SessionEnded(opening.Session, "cut"), TimeSpan.Zero);

        _a.Machine.Handle(new ReplicaEvent.BackgroundDone(opening.Session, view, Error: null), TimeSpan.Zero);

        Assert.ThrowsAny<ObjectDisposedException>(() => view.Items([0]));
    }

    // Behind the store's back, as a disk would lose it: the index and the vectors still speak of it.
    private static void Vanish(ScriptedReplica replica, params string[] keys)
    {
        using (var engine = replica.Disk.Open("scripted", new HonuStoreOptions()))
        {
            var buffer = new byte[KeySpaces.MaxKeyBytes];
            using var batch = engine.CreateBatch();
            foreach (var key in keys)
                batch.Delete(KeySpaces.CurrentKey(buffer, 0, Encoding.UTF8.GetBytes(key)));
            engine.Write(batch, sync: true);
        }

        replica.Kill();
    }
}
