using Google.Protobuf;
using Honu.Replication.Messages;
using Honu.Replication.Tests.Applying;
using Outcome = Honu.Replication.Messages.RumorAnswer.Types.Outcome;

namespace Honu.Replication.Tests.Rumors;

/// <summary>One rumor of a batch must not harm the others, nor travel further without having been looked at. Sessions are refused, since they would hide it.</summary>
public sealed class MixedBatchTests
{
    private static readonly ReplicaId Good = new(1, 77);
    private static readonly ReplicaId AlsoGood = new(1, 78);
    private static readonly ReplicaId Bad = new(50, 77);

    [Theory]
    [InlineData("damaged")]
    [InlineData("forbidden")]
    [InlineData("two days ahead")]
    public void Batch_WithOneRumorThatCannotBeTaken_BringsTheOthers(string what)
    {
        string[] writers = what == "forbidden" ? ["replica:1", "replica:2", "replica:3"] : ["replica:*"];
        var grants = new AccessGrants([new AccessRule { Namespaces = ["*"], Read = ["replica:*"], Write = writers }]);
        using var network = new RumorNetwork(["a", "b", "b"], options => options with { Grants = grants, Peers = [.. options.Peers.Select(static peer => peer with { Pid = (uint)peer.Port })] }).Start();
        network.RefusesSessions = true;
        var now = Now(network);
        var bad = RumorOf(Bad, "bad", now + (what == "two days ahead" ? 172_800_000UL << 16 : 0));
        if (what == "damaged")
            bad.Records = Damage(bad.Records);

        var answer = network[2].Take(Batch(network[1], RumorOf(Good, "first", now), bad, RumorOf(AlsoGood, "last", now)));
        network.Run(1000);

        Assert.Equal(Outcome.Accepted, answer.Outcome);
        Assert.NotEmpty(answer.Message);
        Assert.Equal(("v", null, "v"), (network[2].Get("first"), network[2].Get("bad"), network[2].Get("last")));
        Assert.Equal(("v", null, "v"), (network[3].Get("first"), network[3].Get("bad"), network[3].Get("last")));
        Assert.False(network[2].Vector().Covers(new VersionId(now, Bad)));
    }

    // What is known already is not applied, but others would get it from this replica.
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Batch_ToBeHandedOn_WhoseKnownRumorIsDamaged_IsNot(bool isOfTheReceiver)
    {
        using var network = new RumorNetwork(["a", "a", "a"]).Start();
        network.RefusesSessions = true;
        var now = Now(network);
        var known = RumorOf(isOfTheReceiver ? network[2].Id : Good, "k", now);
        if (!isOfTheReceiver)
            network[2].Take(Batch(network[1], known));
        network.Run(1000);
        network.Pushes.Clear();
        var damaged = new Rumor(known) { Records = Damage(known.Records) };
        var batch = Batch(network[1], damaged);
        batch.Forward.Add(3);

        var answer = network[2].Take(batch);
        network.Run(100);

        Assert.Equal(Outcome.Malformed, answer.Outcome);
        Assert.Empty(network.Pushes);
    }

    [Fact]
    public void Batch_ToBeDelivered_ThatFindsNoRoom_IsNotAccepted()
    {
        using var network = new RumorNetwork(["a", "b", "c"], static options => options.Seed == 2 ? options with { Rumors = new RumorOptions { MaxBytes = 1024 } } : options).Start();
        network.RefusesSessions = true;
        var large = RumorOf(Good, "large", Now(network), new string('x', 2000));
        var batch = Batch(network[1], large);
        batch.Deliver.Add(3);

        Assert.Equal(Outcome.Busy, network[2].Take(batch).Outcome);
        Assert.NotNull(network[2].Get("large"));
    }

    // A slow machine answers late, so it gets much again: that is no reason to let one replica gather for all.
    [Fact]
    public void Rumor_ThatComesAgainAndAgain_IsNoLoad()
    {
        using var network = new RumorNetwork(["a", "a", "b", "c"]).Start();
        network.RefusesSessions = true;
        var batch = Batch(network[1], RumorOf(network[1].Id, "k", Now(network)));

        for (var i = 0; i < 200; i++)
            network[2].Take(batch);
        network[2].Put("l", "w");
        network.Run(1000);

        Assert.Equal("v", network[2].Get("k"));
        Assert.False(network[2].Machine.Rumors!.IsGathered);
    }

    // A gatherer that answers late gets it again, and so would everybody else from it.
    [Fact]
    public void Rumor_ThatIsToBeCarriedAgain_IsCarriedOnce()
    {
        using var network = new RumorNetwork(["a", "a", "b", "c"]).Start();
        network.RefusesSessions = true;
        network.Pushes.Clear();
        var rumor = RumorOf(network[2].Id, "k", Now(network));
        var batch = Batch(network[2], rumor);
        batch.Carry = true;

        for (var i = 0; i < 5; i++)
        {
            network[1].Take(batch);
            network.Run(500);
        }

        batch.Rumors[0].From = rumor.To;
        batch.Rumors[0].To = rumor.To + 1;
        network[1].Take(batch);
        network.Run(500);

        Assert.Equal([3u, 3u, 4u, 4u], network.FarPushes.Select(static push => push.To.Pid).Order());
        Assert.Equal("v", network[4].Get("k"));
    }

    [Fact]
    public void Rumors_ThatAllReplicasOfARegionForbid_AreGivenUp()
    {
        using var host = new RumorMillHost((2, "b"), (3, "b"));
        host.Answers = static _ => new RumorAnswer { Outcome = Outcome.Forbidden };

        host.Put("k");
        host.Run(10_000);

        Assert.Equal([2, 3], host.Pushes.Select(static push => push.Address.Port).Order());
    }

    private static ulong Now(RumorNetwork network) => (ulong)network[1].Time.GetUtcNow().ToUnixTimeMilliseconds() << 16;

    private static Rumor RumorOf(ReplicaId origin, string key, ulong scalar, string value = "v") => new()
    {
        Namespace = HonuStore.DefaultNamespace,
        Origin = origin.ToUInt64(),
        From = 0,
        To = scalar,
        Records = ByteString.CopyFrom(RecordBuilder.Block(new RecordBuilder(key) { Version = new VersionId(scalar, origin), Value = value })),
    };

    private static RumorBatch Batch(RumorNode sender, params Rumor[] rumors)
    {
        var identity = sender.Store.Identity;
        return new RumorBatch { Sender = sender.Id.ToUInt64(), Introduction = RumorIntroduction.Of(identity.Cluster, identity.Clock, identity.StoreId), Rumors = { rumors } };
    }

    private static ByteString Damage(ByteString block)
    {
        var bytes = block.ToByteArray();
        bytes[^1] ^= 1;
        return ByteString.CopyFrom(bytes);
    }
}
