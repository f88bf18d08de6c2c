using Google.Protobuf;
using Honu.Replication.Messages;
using Honu.Replication.Tests.Applying;
using Outcome = Honu.Replication.Messages.RumorAnswer.Types.Outcome;

namespace Honu.Replication.Tests.Rumors;

/// <summary>Batches that no honest replica sends: each is answered with a reason, and changes nothing.</summary>
public sealed class HostileRumorTests
{
    private const string Ns = HonuStore.DefaultNamespace;

    private static readonly ReplicaId Origin = new(2, 77);

    public static TheoryData<string, Outcome> Batches => new()
    {
        { "no rumors", Outcome.Malformed },
        { "too many rumors", Outcome.Malformed },
        { "sender 0", Outcome.Malformed },
        { "origin 0", Outcome.Malformed },
        { "empty range", Outcome.Malformed },
        { "range beyond every scalar", Outcome.Malformed },
        { "range two days ahead", Outcome.Malformed },
        { "namespace without a name", Outcome.Malformed },
        { "long introduction", Outcome.Malformed },
        { "delivered to thousands", Outcome.Malformed },
        { "cut off block", Outcome.Malformed },
        { "wrong checksum", Outcome.Malformed },
        { "scalar two days ahead", Outcome.Malformed },
        { "stranger", Outcome.NotIntroduced },
        { "wrong introduction", Outcome.NotIntroduced },
        { "own name", Outcome.Forbidden },
        { "certificate of another", Outcome.Forbidden },
        { "certificate of another cluster", Outcome.Forbidden },
        { "region that nobody knows", Outcome.Busy },
    };

    [Theory]
    [MemberData(nameof(Batches))]
    public void Batch_ThatIsWrong_IsAnsweredWithAReason(string what, Outcome expected)
    {
        using var network = new RumorNetwork(["a", "b"]).Start();
        network[2].Put("known", "v");
        network.Run(500);
        var (target, batch, identity) = (network[1], Good(network), (PeerIdentity?)null);
        var now = (ulong)target.Time.GetUtcNow().ToUnixTimeMilliseconds() << 16;
        var rumor = batch.Rumors[0];
        switch (what)
        {
            case "no rumors": batch.Rumors.Clear(); break;
            case "too many rumors": batch.Rumors.Add(Enumerable.Repeat(rumor, MessageValidation.MaxRumors)); break;
            case "sender 0": batch.Sender = 5; break;
            case "origin 0": rumor.Origin = 5; break;
            case "empty range": rumor.From = rumor.To; break;
            case "range beyond every scalar": rumor.To = ulong.MaxValue; break;
            case "range two days ahead": rumor.To = now + (172_800_000UL << 16); break;
            case "namespace without a name": rumor.Namespace = ""; break;
            case "long introduction": batch.Introduction = ByteString.CopyFrom(new byte[9]); break;
            case "delivered to thousands": batch.Deliver.Add(Enumerable.Repeat(9u, 1000)); break;
            case "cut off block": rumor.Records = ByteString.CopyFrom(rumor.Records.Span[..^1]); break;
            case "wrong checksum": rumor.Records = Damage(rumor.Records); break;
            case "scalar two days ahead": rumor.Records = Block(now + (172_800_000UL << 16)); break;
            case "stranger": batch.Sender = new ReplicaId(9, 1).ToUInt64(); break;
            case "wrong introduction": batch.Introduction = ByteString.CopyFrom(new byte[8]); break;
            case "own name": batch.Sender = target.Id.ToUInt64(); break;
            case "certificate of another": identity = new PeerIdentity(target.Store.Identity.Cluster, 3); break;
            case "certificate of another cluster": identity = new PeerIdentity("other", 2); break;
            case "region that nobody knows": batch.Deliver.Add(99); break;
        }

        var before = (target.Vector(), target.Store.Replication.ClockScalar);
        var answer = target.Take(batch, identity);

        Assert.Equal(expected, answer.Outcome);
        Assert.NotEmpty(answer.Message);
        if (expected != Outcome.Busy)
            Assert.Equal(before, (target.Vector(), target.Store.Replication.ClockScalar));
        Assert.Equal(Outcome.Accepted, target.Take(Good(network)).Outcome);
    }

    [Fact]
    public void Batch_FromTooFarAhead_WaitsForTheClock()
    {
        using var network = new RumorNetwork(["a", "b"]).Start();
        network[2].Put("known", "v");
        network.Run(500);
        var target = network[1];
        var ahead = ((ulong)target.Time.GetUtcNow().ToUnixTimeMilliseconds() + 120_000) << 16;
        var batch = Good(network);
        batch.Rumors[0].Records = Block(ahead);
        batch.Rumors[0].To = ahead;

        Assert.Equal(Outcome.Accepted, target.Take(batch).Outcome);

        Assert.False(target.Vector().Covers(new VersionId(ahead, Origin)));
        Assert.Null(target.Get("hostile"));
        network.Run(130_000);
        Assert.Equal("v", target.Get("hostile"));
        Assert.True(target.Vector().Covers(new VersionId(ahead, Origin)));
    }

    [Fact]
    public void Rumors_WithoutGrants_AreNeitherTakenNorSent()
    {
        var grants = new AccessGrants([new AccessRule { Namespaces = ["*"], Read = ["replica:1", "replica:2"], Write = ["replica:1", "replica:2"] }]);
        using var network = new RumorNetwork(["a", "b", "c"], options => options with { Grants = grants, Peers = [.. options.Peers.Select(static peer => peer with { Pid = (uint)peer.Port })] }).Start();
        network.Pushes.Clear();

        network[1].Put("k", "v");
        network[3].Put("l", "w");
        network.Run(2000);

        Assert.DoesNotContain(network.Pushes, static push => push.To.Pid == 3);
        Assert.Equal("v", network[2].Get("k"));
        Assert.Null(network[1].Get("l"));
        var third = Good(network);
        third.Rumors[0].Origin = network[3].Id.ToUInt64();
        Assert.Equal(Outcome.Forbidden, network[1].Take(third).Outcome);
    }

    [Fact]
    public void Answers_ThatMakeNoSense_AreFailures()
    {
        Assert.NotNull(MessageValidation.FindFault(new RumorAnswer { Outcome = (Outcome)99 }, 1));
        Assert.NotNull(MessageValidation.FindFault(new RumorAnswer { Declined = { 1 } }, 1));
        Assert.NotNull(MessageValidation.FindFault(new RumorAnswer { Message = new string('x', 2000) }, 1));
        Assert.NotNull(MessageValidation.FindFault(new RumorAnswer { Distances = { Enumerable.Repeat(new Distance { Pid = 1 }, 5000) } }, 1));
        Assert.Null(MessageValidation.FindFault(new RumorAnswer { Declined = { 0 } }, 1));
    }

    // A rumor of the second replica, as the first one takes it.
    private static RumorBatch Good(RumorNetwork network)
    {
        var identity = network[2].Store.Identity;
        var scalar = (ulong)network[1].Time.GetUtcNow().ToUnixTimeMilliseconds() << 16;
        return new RumorBatch
        {
            Sender = network[2].Id.ToUInt64(),
            Introduction = RumorIntroduction.Of(identity.Cluster, identity.Clock, identity.StoreId),
            Rumors = { new Rumor { Namespace = Ns, Origin = Origin.ToUInt64(), From = 0, To = scalar, Records = Block(scalar) } },
        };
    }

    private static ByteString Block(ulong scalar) => ByteString.CopyFrom(RecordBuilder.Block(new RecordBuilder("hostile") { Version = new VersionId(scalar, Origin) }));

    private static ByteString Damage(ByteString block)
    {
        var bytes = block.ToByteArray();
        bytes[^1] ^= 1;
        return ByteString.CopyFrom(bytes);
    }
}
