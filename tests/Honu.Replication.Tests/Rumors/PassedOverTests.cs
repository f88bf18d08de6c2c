using Honu.Replication.Messages;

namespace Honu.Replication.Tests.Rumors;

/// <summary>Namespaces that one replica may not have, or does not take: it is told nothing of them, and what it was to do for others somebody else does.</summary>
public sealed class PassedOverTests
{
    private const string Ns = HonuStore.DefaultNamespace;
    private const string Secret = "secret";

    [Fact]
    public void Detour_ByWayOfAReplicaThatMayNotReadANamespace_DoesNotTellItOfThat()
    {
        using var host = new RumorMillHost(MayRead(Secret, 3), (2, "b"), (3, "c"));
        host.Answers = static push => push.Address.Port == 2 && push.Batch.Deliver.Count == 0 ? new RumorAnswer() : null;
        Settle(host);
        host.Put("k");
        host.Run(700);
        var secret = host.Put("s", ns: Secret);
        host.Run(5000);

        Assert.Contains(host.Pushes, static push => push.Address.Port == 2 && push.Batch.Deliver.Count > 0);
        Assert.DoesNotContain(host.Pushes, static push => push.Address.Port == 2 && push.Batch.Rumors.Any(static rumor => rumor.Namespace == Secret));
        Assert.Contains(host.Pushes, push => push.Address.Port == 3 && push.Batch.Rumors.Any(rumor => RumorMillHost.Covers(rumor, secret)));
    }

    [Fact]
    public void SecondPush_ToAReplicaThatMayNotReadANamespace_IsNotMade()
    {
        using var host = new RumorMillHost(MayRead(Secret, 3), (3, "c"), (4, "c"));
        host.Answers = static _ => new RumorAnswer();
        Settle(host);
        host.Answers = static _ => null;
        host.Put("k");
        host.Run(100);
        host.Put("s", ns: Secret);
        host.Run(10_000);

        Assert.True(host.Mill.Counts[RumorCount.Hedges] > 0);
        Assert.Contains(host.Pushes, static push => push.Address.Port == 3 && push.Batch.Rumors.Count == 2);
        Assert.DoesNotContain(host.Pushes, static push => push.Address.Port == 4 && push.Batch.Rumors.Any(static rumor => rumor.Namespace == Secret));
    }

    [Fact]
    public void Helper_ThatDeclines_DoesNotKeepTheRegionFromBeingTried()
    {
        using var host = new RumorMillHost((2, "b"), (3, "c"));
        host.Answers = static _ => new RumorAnswer();
        Settle(host);
        host.Answers = static push => push.Address.Port != 2 ? null : push.Batch.Deliver.Count > 0 ? new RumorAnswer { Declined = { 0 } } : new RumorAnswer();
        var written = host.Put("k");
        host.Run(3000);
        var declined = host.Effects.FindIndex(static effect => effect is ReplicaEffect.SendRumors { Batch.Deliver.Count: > 0 });

        Assert.True(declined >= 0);
        Assert.Contains(host.Effects.Skip(declined).OfType<ReplicaEffect.SendRumors>(), push => push.Address.Port == 3 && push.Batch.Rumors.Any(rumor => RumorMillHost.Covers(rumor, written)));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Gatherer_ThatDoesNotTakeANamespace_IsNotWaitedFor(bool isKnown)
    {
        using var host = new RumorMillHost([(2, "a"), .. Enumerable.Range(20, 14).Select(static pid => ((uint)pid, $"region {pid}"))]);
        host.Answers = push => !isKnown && push.Address.Port == 2 && push.Batch.Rumors.Any(static rumor => rumor.Namespace == "other")
            ? new RumorAnswer { Declined = { (uint)push.Batch.Rumors.TakeWhile(static rumor => rumor.Namespace != "other").Count() } }
            : new RumorAnswer();
        host.TakesNamespace = (pid, ns) => !isKnown || pid != 2 || ns != "other";
        for (var i = 0; i < 50; i++)
        {
            host.Put("k", $"{i}");
            host.Run(100);
        }

        Assert.Contains(host.Pushes, static push => push.Batch.Carry);
        host.Effects.Clear();
        var other = host.Put("o", ns: "other");
        host.Put("k", "with it");
        host.Run(2000);

        Assert.Equal(14, host.Pushes.Count(push => push.Address.Port != 2 && push.Batch.Rumors.Any(rumor => RumorMillHost.Covers(rumor, other))));
        Assert.Contains(host.Pushes, static push => push.Batch.Carry && push.Batch.Rumors.Any(static rumor => rumor.Namespace == Ns));
    }

    [Fact]
    public void Head_ThatDoesNotTakeANamespace_IsNotAskedToHandItOn()
    {
        using var host = new RumorMillHost([.. Enumerable.Range(10, 20).Select(static pid => ((uint)pid, "a"))]);
        host.Answers = static _ => new RumorAnswer();
        host.Put("k");
        host.Run(500);
        var head = (uint)host.Pushes.First(static push => push.Batch.Forward.Count > 0).Address.Port;
        host.Effects.Clear();
        host.TakesNamespace = (pid, ns) => pid != head || ns != "other";

        host.Put("o", ns: "other");
        host.Run(500);

        var told = host.Pushes.SelectMany(static push => push.Batch.Forward.Append((uint)push.Address.Port)).Distinct().Order();
        Assert.Equal(Enumerable.Range(10, 20).Select(static pid => (uint)pid).Where(pid => pid != head), told);
    }

    private static ReplicaOptions MayRead(string ns, uint pid) => new()
    {
        Grants = new AccessGrants(
        [
            new AccessRule { Namespaces = [Ns], Read = ["replica:*"], Write = ["replica:*"] },
            new AccessRule { Namespaces = [ns], Read = [AccessGrants.Replica(pid)], Write = ["replica:*"] },
        ]),
    };

    // All have answered before: what follows is not about first contacts.
    private static void Settle(RumorMillHost host)
    {
        for (var i = 0; i < 6; i++)
        {
            host.Put("settle", $"{i}");
            host.Run(1500);
        }

        host.Effects.Clear();
    }
}
