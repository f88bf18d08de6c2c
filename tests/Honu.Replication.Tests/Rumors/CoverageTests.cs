using System.Text;
using Honu.Format;
using Honu.Replication.Messages;

namespace Honu.Replication.Tests.Rumors;

/// <summary>A rumor never makes anybody cover a write that it does not bring (R3), whatever happens between its beginnings.</summary>
public sealed class CoverageTests
{
    // The gatherer of a region tells other regions more often than its neighbours: what only these have not been told must not be forgotten.
    [Fact]
    public void RegionsToldTwiceBetweenNeighbours_WriteThatWasReplaced_NeighbourGetsWhatTookItsPlace()
    {
        var pace = new RumorOptions { LocalRate = 0.2, LocalBurst = 1 };
        using var network = new RumorNetwork(["a", "a", "a", "b"], options => options.Seed == 1 ? options with { Rumors = pace } : options).Start();
        network.Run(10_000);
        network[1].Put("k", "A1");
        network.RunUntil(() => network.IsVisible("k", "A1"));
        network.RefusesSessions = true;
        var a2 = network[1].Put("k", "A2");
        network[2].Store.Replication.Apply(HonuStore.DefaultNamespace, RecordOf(network[1], "k"), cursor: null, join: null);
        network[2].Store.Put("k"u8, "B3"u8);
        network[1].Store.Replication.Apply(HonuStore.DefaultNamespace, RecordOf(network[2], "k"), cursor: null, join: null);

        // So many that the index has lost its entry of A2.
        for (var i = 0; i < 600; i++)
            network[1].Store.Put("filler"u8, "v"u8);
        TellRegions(network, "first");
        network[1].Put("j", "A4");
        TellRegions(network, "second");
        network.RunUntil(() => network[3].Get("j") == "A4", 20_000);

        Assert.True(network[3].Vector().Covers(a2));
        Assert.Equal("B3", network[3].Get("k"));
    }

    // An application drops a namespace, so the store takes a new epoch; its next write belongs to that one.
    [Fact]
    public void EpochThatChangesDuringAFlush_OldEpochIsNotToldWithoutItsWrites()
    {
        using var host = new RumorMillHost((2, "a"));
        host.Put("x", ns: "gone");
        host.Run(10);
        var before = host.Put("k", "old epoch");
        host.WantsNamespace = ns =>
        {
            if (ns == HonuStore.DefaultNamespace && host.Store.DropNamespace("gone"))
                host.Store.Put("later"u8, "new epoch"u8);
            return true;
        };

        host.Run(100);
        var after = host.Put("last", "new epoch");
        host.Run(100);

        Assert.NotEqual(before.Replica, after.Replica);
        Assert.All(host.Sent.Where(rumor => RumorMillHost.Covers(rumor, before)), static rumor => Assert.Contains("k", Keys(rumor)));
        Assert.Equal(["last", "later"], Keys(host.Sent.First(rumor => RumorMillHost.Covers(rumor, after))).Order());
    }

    // The gatherer tells other regions what a neighbour has handed it, and with that its own writes.
    private static void TellRegions(RumorNetwork network, string key)
    {
        var identity = network[2].Store.Identity;
        var before = network.FarPushes.Count();
        var version = network[2].Store.Put(Encoding.UTF8.GetBytes(key), "v"u8).Id;
        network[1].Take(new RumorBatch
        {
            Sender = network[2].Id.ToUInt64(),
            Introduction = RumorIntroduction.Of(identity.Cluster, identity.Clock, identity.StoreId),
            Carry = true,
            Rumors = { new Rumor { Namespace = HonuStore.DefaultNamespace, Origin = network[2].Id.ToUInt64(), From = version.Scalar - 1, To = version.Scalar, Records = Google.Protobuf.ByteString.CopyFrom(RecordOf(network[2], key)) } },
        });
        network.RunUntil(() => network.FarPushes.Count() > before, 1000);
    }

    private static byte[] RecordOf(RumorNode node, string key)
    {
        using var snapshot = node.Store.Replication.CreateSnapshot();
        var block = new RecordBlockWriter();
        snapshot.ReadWritten(HonuStore.DefaultNamespace, 0, [(1, Encoding.UTF8.GetBytes(key))], block);
        return block.Bytes.ToArray();
    }

    private static List<string> Keys(Rumor rumor)
    {
        var keys = new List<string>();
        var reader = new RecordBlockReader(rumor.Records.Span);
        while (reader.MoveNext())
            keys.Add(Encoding.UTF8.GetString(reader.Key));
        return keys;
    }
}
