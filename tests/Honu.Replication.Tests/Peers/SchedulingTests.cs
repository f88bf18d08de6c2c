using Honu.Replication.Tests.Sessions;
using Honu.Replication.Tests.Traces;

namespace Honu.Replication.Tests.Peers;

/// <summary>When the next session comes, and with whom.</summary>
public sealed class SchedulingTests : IDisposable
{
    private static readonly ReplicaTimer NextSession = new(ReplicaTimerKind.NextSession);

    private readonly ScriptedReplica _replica = new(1, configure: static options => options with { Peers = [new PeerAddress("peer", 1)], Seed = 5 });
    private TimeSpan _now;
    private TimeSpan? _nextDue;

    public void Dispose() => _replica.Dispose();

    [Fact]
    public void Started_WithPeers_OpensASessionAtOnce()
    {
        var due = NextDue(Handle(new ReplicaEvent.Started()));

        Assert.Equal(TimeSpan.Zero, due);
        Assert.Single(Handle(new ReplicaEvent.TimerDue(NextSession)).OfType<ReplicaEffect.OpenSession>());
    }

    [Fact]
    public void Started_WithoutPeers_OpensNoSession()
    {
        using var alone = new ScriptedReplica(1);

        Assert.All(alone.Machine.Handle(new ReplicaEvent.Started(), TimeSpan.Zero), static effect =>
            Assert.Equal(ReplicaTimerKind.Purge, Assert.IsType<ReplicaEffect.SetTimer>(effect).Timer.Kind));
    }

    [Theory]
    [InlineData(ReplicaTimerKind.Purge)]
    [InlineData(ReplicaTimerKind.Deferred)]
    public void Timer_WhoseWorkFails_IsSetAgain(ReplicaTimerKind kind)
    {
        using var alone = new ScriptedReplica(1);
        alone.Machine.Handle(new ReplicaEvent.Started(), _now);
        alone.Put("k", "v");
        alone.Store.Dispose();
        var due = new ReplicaEvent.TimerDue(new ReplicaTimer(kind));
        Assert.ThrowsAny<Exception>(() => alone.Machine.Handle(due, _now));

        var set = Assert.IsType<ReplicaEffect.SetTimer>(Assert.Single(alone.Machine.AfterFault(due)));

        Assert.Equal((kind, _now + TimeSpan.FromSeconds(1)), (set.Timer.Kind, set.Due));
    }

    [Fact]
    public void Interval_SessionsFindNothing_DoublesUpToItsCap()
    {
        var intervals = Enumerable.Range(0, 6).Select(_ => EqualSession()).ToList();

        Assert.Equal([0.5, 1, 2, 4, 4, 4], intervals.Select(static interval => interval.TotalSeconds));
    }

    [Fact]
    public void LocalCommit_AfterIdleSessions_BringsTheNextOneForwardAndResetsTheInterval()
    {
        for (var i = 0; i < 5; i++)
            EqualSession();
        _now -= TimeSpan.FromSeconds(1);

        var due = NextDue(Handle(new ReplicaEvent.LocalCommit()));

        Assert.Equal(_now + TimeSpan.FromMilliseconds(500), due);
        _now = due!.Value;
        Assert.Equal(TimeSpan.FromMilliseconds(500), EqualSession());
    }

    [Fact]
    public void LocalCommit_NextSessionIsNear_ChangesNothing()
    {
        EqualSession();

        Assert.Empty(Handle(new ReplicaEvent.LocalCommit()));
    }

    [Fact]
    public void Peer_Unreachable_IsLeftAloneUntilItsBackoffEnds()
    {
        var opened = OpenNext();
        Handle(new ReplicaEvent.SessionEnded(opened.Session, "connection refused"));
        _now += TimeSpan.FromMilliseconds(100);

        var tooEarly = Handle(new ReplicaEvent.TimerDue(NextSession));

        Assert.Empty(tooEarly.OfType<ReplicaEffect.OpenSession>());
        var snapshot = Assert.Single(_replica.Machine.Peers);
        Assert.Equal((PeerState.Unreachable, "connection refused"), (snapshot.State, snapshot.LastError));
        Assert.InRange(NextDue(tooEarly)!.Value.TotalMilliseconds, 250 * 0.75, 250 * 1.25);
        _now = NextDue(tooEarly)!.Value;
        Assert.NotNull(OpenNext());
    }

    [Fact]
    public void Backoff_FailuresInARow_DoublesWithJitterUpToItsCapAndASuccessEndsIt()
    {
        var backoff = new PeerBackoff(TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(8));
        var random = new Random(3);
        var rests = new List<double>();
        for (var i = 0; i < 40; i++)
        {
            backoff.Failed(_now, random);
            rests.Add((backoff.Until - _now).TotalSeconds);
        }

        backoff.Succeeded();

        for (var i = 0; i < rests.Count; i++)
            Assert.InRange(rests[i], Math.Min(8, Math.Pow(2, i)) * 0.75, Math.Min(8, Math.Pow(2, i)) * 1.25);
        Assert.True(rests.Skip(5).Distinct().Count() > 20, "Without jitter a returning peer is met by all at once.");
        Assert.Equal(TimeSpan.Zero, backoff.Until);
    }

    [Fact]
    public void Peer_Refused_SaysSo()
    {
        var peer = RemotePeer.Answer(_replica.Machine, new PeerAddress("peer", 1));

        peer.Send(RemotePeer.Hello(static hello => hello.Cluster = "another"));

        var snapshot = Assert.Single(_replica.Machine.Peers);
        Assert.Equal(PeerState.Refused, snapshot.State);
        Assert.Contains("another", snapshot.LastError, StringComparison.Ordinal);
    }

    [Fact]
    public void SyncRequested_ForAnUnknownAddress_IsNotRememberedAsAPeer()
    {
        var effects = Handle(new ReplicaEvent.SyncRequested(42, new PeerAddress("stranger", 7)));
        var opened = Assert.Single(effects.OfType<ReplicaEffect.OpenSession>());

        var finished = Handle(new ReplicaEvent.SessionEnded(opened.Session, "gone")).OfType<ReplicaEffect.SessionFinished>().Single();

        Assert.Equal(42, finished.Request);
        Assert.Equal("peer", Assert.Single(_replica.Machine.Peers).Address.Host);
    }

    [Fact]
    public void Session_OpenWithThePeer_IsNotDoubled()
    {
        OpenNext();
        _now += TimeSpan.FromSeconds(1);

        Assert.Empty(Handle(new ReplicaEvent.TimerDue(NextSession)).OfType<ReplicaEffect.OpenSession>());
    }

    // Of two sessions with one peer the older one would be ended in the middle of its stream.
    [Fact]
    public void SyncRequested_WhileASessionWithThePeerIsOpen_BeginsWhenThatOneHasEnded()
    {
        var running = OpenNext();

        Assert.Empty(Handle(new ReplicaEvent.SyncRequested(42, new PeerAddress("peer", 1))).OfType<ReplicaEffect.OpenSession>());

        var asked = Assert.Single(Handle(new ReplicaEvent.SessionEnded(running.Session, "gone")).OfType<ReplicaEffect.OpenSession>());
        Assert.Equal(42, Handle(new ReplicaEvent.SessionEnded(asked.Session, "gone again")).OfType<ReplicaEffect.SessionFinished>().Single().Request);
    }

    [Fact]
    public void OpensSessions_Off_OnlyThoseThatAreAskedFor()
    {
        using var quiet = new ScriptedReplica(2, configure: static options => options with { Peers = [new PeerAddress("peer", 1)], OpensSessions = false });

        Assert.DoesNotContain(quiet.Machine.Handle(new ReplicaEvent.Started(), TimeSpan.Zero), static effect => effect is ReplicaEffect.SetTimer { Timer.Kind: ReplicaTimerKind.NextSession });
        Assert.Empty(quiet.Machine.Handle(new ReplicaEvent.TimerDue(NextSession), TimeSpan.Zero));
        Assert.Single(quiet.Machine.Handle(new ReplicaEvent.SyncRequested(1, new PeerAddress("peer", 1)), TimeSpan.Zero).OfType<ReplicaEffect.OpenSession>());
    }

    /// <summary>Opens the session that is due, lets it find nothing, and gives the interval to the next one.</summary>
    private TimeSpan EqualSession()
    {
        var opened = OpenNext();
        var hello = Handle(new ReplicaEvent.SessionOpened(opened.Session)).OfType<ReplicaEffect.Send>().Single().Message.Hello;
        foreach (var message in new[] { new Messages.SessionMessage { Hello = RemotePeer.Hello(static hello => hello.Namespaces.Clear()) }, new Messages.SessionMessage { Complete = new Messages.Complete { Session = hello.Session } } })
            Handle(new ReplicaEvent.MessageReceived(opened.Session, message, 10));
        var before = _replica.Machine.Peers[0].LastSuccess;
        Handle(new ReplicaEvent.SessionEnded(opened.Session, Error: null));
        Assert.Equal(_now, _replica.Machine.Peers[0].LastSuccess);
        Assert.True(before is null || before < _now);

        var start = _now;
        _now = _nextDue!.Value;
        return _now - start;
    }

    private ReplicaEffect.OpenSession OpenNext()
    {
        var effects = Handle(new ReplicaEvent.TimerDue(NextSession));
        _nextDue = NextDue(effects);
        return effects.OfType<ReplicaEffect.OpenSession>().Single();
    }

    private IReadOnlyList<ReplicaEffect> Handle(ReplicaEvent happened) => [.. _replica.Machine.Handle(happened, _now)];

    private static TimeSpan? NextDue(IReadOnlyList<ReplicaEffect> effects) => effects.OfType<ReplicaEffect.SetTimer>().LastOrDefault(static set => set.Timer == NextSession)?.Due;
}
