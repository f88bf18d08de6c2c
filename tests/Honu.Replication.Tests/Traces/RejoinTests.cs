using System.Globalization;
using Honu.Replication.Messages;

namespace Honu.Replication.Tests.Traces;

/// <summary>A replica that was away while deletions were forgotten comes back (R6 to R8): nothing deleted returns, nothing of its own is lost.</summary>
public sealed class RejoinTests : IDisposable
{
    private const int Objects = 10_000;

    private readonly ScriptedReplica _a = Replica(1);
    private readonly ScriptedReplica _b = Replica(2);
    private readonly ScriptedReplica _c = Replica(3);

    public void Dispose()
    {
        _a.Dispose();
        _b.Dispose();
        _c.Dispose();
    }

    [Fact]
    public void Rejoin_AfterDeletesTheirPurgeAndNewWrites_NothingComesBackAndNothingOfItsOwnIsLost()
    {
        for (var i = 0; i < Objects; i++)
            _a.Put(Old(i), "old");
        Meet(_a, _b, _c);

        // Away, and writing: beside the others, over what they delete, and over it again later than they do.
        _c.Put("own/early", "1");
        _c.Put(Old(7), "kept by its writer");
        for (var i = 0; i < Objects; i++)
            _a.Delete(Old(i));
        for (var i = 0; i < 3 * Objects; i++)
            _c.Put("own/late", i.ToString(CultureInfo.InvariantCulture));
        _c.Put(Old(8), "written after all");
        Meet(_a, _b);
        Purge(_a);
        Assert.Equal(Objects, _a.Store.Replication.State(ScriptedReplica.Ns).Tombstones);

        // As long as it is a member, it keeps the deletions; retired, it does not.
        foreach (var replica in new[] { _a, _b })
            replica.Machine.Handle(new ReplicaEvent.MemberRetired(3), TimeSpan.Zero);
        Meet(_a, _b);
        Purge(_a, _b);
        Assert.Equal(0, _a.Store.Replication.State(ScriptedReplica.Ns).Tombstones);
        Assert.False(_a.Store.TryGetVersion("old/00001"u8, out _));
        for (var i = 0; i < Objects; i++)
            _b.Put($"new/{i:D5}", "new");

        // So much may not go without a word.
        var refused = ScriptedSession.Run(_c, _b);
        Assert.Equal(SessionEndReason.Operator, refused.Report!.Reason);
        Assert.Equal(Refusal.Types.Reason.Operator, refused.Messages.Single(static sent => sent.Message.BodyCase == SessionMessage.BodyOneofCase.Refusal).Message.Refusal.Reason);
        Assert.Equal("old", _c.Get(Old(1)));
        _c.Store.Replication.AllowReconcile(ScriptedReplica.Ns);
        Meet(_c, _b);
        Meet(_a, _b, _c);
        Meet(_a, _b, _c);

        foreach (var replica in new[] { _a, _b, _c })
        {
            Assert.Equal(("1", "29999", "kept by its writer", "written after all"), (replica.Get("own/early"), replica.Get("own/late"), replica.Get(Old(7)), replica.Get(Old(8))));
            Assert.Equal(Objects + 4, replica.Store.Count());
            Assert.Equal("new", replica.Get("new/09999"));
            Assert.Null(replica.Get(Old(1)));
        }

        Assert.Equal(SyncOutcome.Equal, ScriptedSession.Complete(_a, _c).Report!.Outcome);
        Assert.Equal(SyncOutcome.Equal, ScriptedSession.Run(_a, _c, verify: true).Report!.Outcome);
    }

    private static ScriptedReplica Replica(uint pid) => new(pid, configure: static options => options with { ChunkRecords = 512 });

    private static string Old(int i) => $"old/{i:D5}";

    private static void Meet(params ScriptedReplica[] replicas)
    {
        // Twice, so that the first one has heard what the last one holds durably.
        for (var round = 0; round < 2; round++)
        {
            foreach (var one in replicas)
            {
                foreach (var other in replicas.Where(other => other != one))
                    ScriptedSession.Complete(one, other);
            }
        }
    }

    private static void Purge(params ScriptedReplica[] replicas)
    {
        foreach (var replica in replicas)
        {
            for (var i = 0; i < 100; i++)
                replica.Machine.Handle(new ReplicaEvent.TimerDue(new ReplicaTimer(ReplicaTimerKind.Purge)), TimeSpan.Zero);
        }
    }
}
