using System.Text;
using Honu.Replication.Messages;
using Honu.Replication.Tests.Sessions;
using Honu.Replication.Tests.Traces;
using Honu.TestKit;

namespace Honu.Replication.Tests.Membership;

/// <summary>Which namespaces two replicas exchange, and what happens when that changes.</summary>
public sealed class SubscriptionTests : IDisposable
{
    private readonly ScriptedReplica _all = new(1);
    private readonly ScriptedReplica _some = new(2, configure: static options => options with { Subscriptions = ["orders", "eu-*"] });

    public void Dispose()
    {
        _all.Dispose();
        _some.Dispose();
    }

    [Theory]
    [InlineData("orders", "orders", true)]
    [InlineData("orders", "orders2", false)]
    [InlineData("eu-*", "eu-", true)]
    [InlineData("eu-*", "eu-west", true)]
    [InlineData("eu-*", "eu", false)]
    [InlineData("*", "anything", true)]
    public void Wants_NameOrPrefix_IsComparedByteByByte(string pattern, string ns, bool wants) =>
        Assert.Equal(wants, SubscriptionList.Create([pattern]).Wants(ns));

    [Fact]
    public void Create_WhatIsTooLongOrTooMuch_IsRefused()
    {
        Assert.Throws<ArgumentException>(() => SubscriptionList.Create([""]));
        Assert.Throws<ArgumentException>(() => SubscriptionList.Create([new string('n', 256)]));
        Assert.Throws<ArgumentException>(() => SubscriptionList.Create(Enumerable.Range(0, 1025).Select(static i => $"{i}")));
        Assert.Throws<ArgumentException>(() => SubscriptionList.Create(Enumerable.Range(0, 100).Select(static i => new string('n', 200) + i)));
        Assert.Equal(256, Assert.Single(SubscriptionList.Create([new string('n', 255) + "*"]).Patterns).Length);
    }

    [Fact]
    public void Session_BetweenDifferentSubscriptions_ExchangesWhatBothWant()
    {
        foreach (var ns in new[] { "orders", "people", "eu-west" })
            Put(_all, ns, "here");
        Put(_some, "private", "there");
        Put(_some, "orders", "there");

        var session = ScriptedSession.Complete(_some, _all);

        Assert.Equal(["eu-west", "orders", "private"], _some.Store.Namespaces);
        Assert.Equal(["eu-west", "orders", "people"], _all.Store.Namespaces);
        Assert.NotNull(Get(_all, "orders", "there"));
        Assert.DoesNotContain("private", Encoding.UTF8.GetString(Bytes(session)), StringComparison.Ordinal);
        Assert.Equal(SyncOutcome.Equal, ScriptedSession.Complete(_all, _some).Report!.Outcome);
        Assert.Empty(_some.Machine.Blockers("orders", State(_some, "orders")));
        Assert.Empty(_all.Machine.Blockers("people", State(_all, "people")));
    }

    [Fact]
    public void SubscriptionAdded_Later_IsFilledByTheNextSession()
    {
        Put(_all, "people", "old");
        Put(_some, "people", "own");
        ScriptedSession.Complete(_some, _all);
        Assert.Null(Get(_some, "people", "old"));

        var effects = Tell(_some, new ReplicaEvent.SubscriptionAdded("people"));
        ScriptedSession.Complete(_some, _all);

        Assert.NotNull(Get(_some, "people", "old"));
        Assert.NotNull(Get(_all, "people", "own"));
        Assert.Empty(effects);
    }

    [Fact]
    public void SubscriptionRemoved_WithoutDrop_KeepsWhatIsHereAndStopsTheExchange()
    {
        Put(_all, "orders", "1");
        ScriptedSession.Complete(_some, _all);
        var identity = _some.Store.Identity;

        Tell(_some, new ReplicaEvent.SubscriptionRemoved("orders", Drop: false));
        Put(_all, "orders", "2");
        Put(_some, "orders", "3");
        ScriptedSession.Complete(_some, _all);

        Assert.NotNull(Get(_some, "orders", "1"));
        Assert.Null(Get(_some, "orders", "2"));
        Assert.Null(Get(_all, "orders", "3"));
        Assert.Equal(identity, _some.Store.Identity);

        Tell(_some, new ReplicaEvent.SubscriptionAdded("orders"));
        ScriptedSession.Complete(_some, _all);
        Assert.NotNull(Get(_some, "orders", "2"));
        Assert.NotNull(Get(_all, "orders", "3"));
    }

    [Fact]
    public void SubscriptionRemoved_WhileASessionRuns_EndsIt()
    {
        var peer = RemotePeer.Initiate(_some.Machine);
        peer.Send(RemotePeer.Hello());

        peer.Tell(new ReplicaEvent.SubscriptionRemoved("orders", Drop: true));

        Assert.Equal(Refusal.Types.Reason.Retry, peer.Refusal!.Reason);
        Assert.Equal(0, _some.Machine.OpenSessions);
        Assert.Throws<KeyNotFoundException>(() => peer.Tell(new ReplicaEvent.SubscriptionRemoved("orders", Drop: true)));
    }

    [Fact]
    public void LastSubscription_Removed_ExchangesNothing()
    {
        Put(_all, "orders", "1");
        Put(_some, "orders", "2");
        Tell(_some, new ReplicaEvent.SubscriptionRemoved("orders", Drop: false));
        Tell(_some, new ReplicaEvent.SubscriptionRemoved("eu-*", Drop: false));
        _some.Kill();

        Assert.Equal(SyncOutcome.Equal, ScriptedSession.Complete(_some, _all).Report!.Outcome);
        Assert.Equal(SyncOutcome.Equal, ScriptedSession.Complete(_all, _some).Report!.Outcome);
        Assert.Null(Get(_all, "orders", "2"));
    }

    [Fact]
    public void Restart_WithTheSameOptions_KeepsWhatWasChanged_AndOtherOptionsCountAnew()
    {
        var disk = new FaultyDisk();
        string[] configured = ["a", "b"];
        using var replica = new ScriptedReplica(3, disk: disk, configure: options => options with { Subscriptions = configured });
        Tell(replica, new ReplicaEvent.SubscriptionAdded("c"));
        Tell(replica, new ReplicaEvent.SubscriptionRemoved("a", Drop: false));

        replica.Kill();
        Assert.Equal(["b", "c"], replica.Machine.Subscriptions.Patterns);

        configured = ["a"];
        replica.Kill();
        Assert.Equal(["a"], replica.Machine.Subscriptions.Patterns);
    }

    /// <summary>Killed at any write of a removal with its drop: the list is as before, or the namespace goes at the next start.</summary>
    [Fact]
    public void SubscriptionRemoved_WithDrop_KilledAtAnyWrite_GoesOnAtTheNextStart()
    {
        for (var writes = 0; ; writes++)
        {
            var disk = new FaultyDisk();
            using var replica = new ScriptedReplica(3, disk: disk, configure: static options => options with { Subscriptions = ["gone", "kept"] });
            Put(replica, "gone", "k");
            Put(replica, "kept", "k");
            disk.WritesUntilFailure = writes;
            var failed = false;
            try
            {
                Tell(replica, new ReplicaEvent.SubscriptionRemoved("gone", Drop: true));
            }
            catch (HonuException)
            {
                failed = true;
            }

            disk.WritesUntilFailure = null;
            replica.Kill();
            Tell(replica, new ReplicaEvent.Started());
            var isRemoved = !replica.Machine.Subscriptions.Wants("gone");
            Assert.Equal(isRemoved, !replica.Store.Namespaces.Contains("gone"));
            Assert.NotNull(Get(replica, "kept", "k"));
            Assert.True(isRemoved || failed);
            if (!failed)
                break;
        }
    }

    private static void Put(ScriptedReplica replica, string ns, string key) => replica.Store.Namespace(ns).Put(Encoding.UTF8.GetBytes(key), "v"u8);

    private static byte[]? Get(ScriptedReplica replica, string ns, string key) => replica.Store.Namespace(ns).Get(Encoding.UTF8.GetBytes(key));

    private static VersionVector State(ScriptedReplica replica, string ns) => replica.Store.Replication.State(ns).Vector;

    private static byte[] Bytes(ScriptedSession session) => [.. session.Messages.SelectMany(static item => Google.Protobuf.MessageExtensions.ToByteArray(item.Message))];

    private static IReadOnlyList<ReplicaEffect> Tell(ScriptedReplica replica, ReplicaEvent happened) => [.. replica.Machine.Handle(happened, TimeSpan.Zero)];
}
