namespace Honu.Replication.Tests.Traces;

/// <summary>Trace T9 of docs/protocol.md: a subscription that is dropped and taken again. A is replica 1, B 2, C 3.</summary>
public sealed class SubscriptionTraces : IDisposable
{
    private readonly ScriptedReplica _a = new(1);
    private readonly ScriptedReplica _b = new(2);
    private readonly ScriptedReplica _c = new(3, configure: static options => options with { Subscriptions = ["other", ScriptedReplica.Ns] });

    public void Dispose()
    {
        _a.Dispose();
        _b.Dispose();
        _c.Dispose();
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void T09_DroppedAndSubscribedAgain_GetsItsOwnWriteBackAndDeletesItNowhere(bool restarts)
    {
        var c1 = _c.Put("k", "C1");
        ScriptedSession.Complete(_c, _a);
        ScriptedSession.Complete(_a, _b);

        Tell(new ReplicaEvent.SubscriptionRemoved(ScriptedReplica.Ns, Drop: true));
        Assert.False(_c.Vector.Covers(c1));
        Assert.Null(_c.Get("k"));
        if (restarts)
            _c.Kill();

        // A local write in between must not make the old ones count as held.
        var c2 = _c.Put("local", "C2");
        ScriptedSession.Complete(_c, _a);
        Assert.Null(_a.Get("local"));
        Assert.False(_c.Vector.Covers(c1));

        Tell(new ReplicaEvent.SubscriptionAdded(ScriptedReplica.Ns));
        ScriptedSession.Complete(_c, _a);
        ScriptedSession.Complete(_c, _b);
        ScriptedSession.Complete(_a, _b);

        foreach (var replica in new[] { _a, _b, _c })
        {
            Assert.Equal("C1", replica.Get("k"));
            Assert.Equal(c1, replica.VersionOf("k"));
            Assert.Equal("C2", replica.Get("local"));
            Assert.True(replica.Vector.Covers(c1) && replica.Vector.Covers(c2));
            Assert.Equal(0, replica.LooseRecords);
        }
    }

    /// <summary>Half of a stream had come before the drop: its end must not say that all of it is here.</summary>
    [Fact]
    public void T09_DroppedInTheMiddleOfAStream_ClaimsNothing()
    {
        _a.Put("1", "x");
        var a2 = _a.Put("2", "y");
        ScriptedSession.Run(_c, _a, cutSender: _a, cutAfterRecords: 1);
        Assert.NotNull(_c.Get("1"));

        Tell(new ReplicaEvent.SubscriptionRemoved(ScriptedReplica.Ns, Drop: true));
        Assert.Null(_c.Store.Replication.FindCursor(ScriptedReplica.Ns, _a.Id));
        Tell(new ReplicaEvent.SubscriptionAdded(ScriptedReplica.Ns));
        ScriptedSession.Complete(_c, _a);

        Assert.Equal(("x", "y"), (_c.Get("1"), _c.Get("2")));
        Assert.True(_c.Vector.Covers(a2));
    }

    private void Tell(ReplicaEvent happened) => _c.Machine.Handle(happened, TimeSpan.Zero);
}
