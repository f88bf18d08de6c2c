using Honu.Replication.Messages;
using Outcome = Honu.Replication.Messages.RumorAnswer.Types.Outcome;

namespace Honu.Replication.Tests.Rumors;

/// <summary>Batches that no honest replica sends: each is answered with a reason, and changes nothing.</summary>
public sealed class HostileRumorTests
{
    public static TheoryData<string> Names => [.. HostileRumors.All.Select(static rumor => rumor.Name)];

    [Theory]
    [MemberData(nameof(Names))]
    public void Batch_ThatIsWrong_IsAnsweredWithAReason(string name)
    {
        using var network = Met();
        var hostile = HostileRumors.All.Single(rumor => rumor.Name == name);
        var (target, batch) = (network[1], Good(network));
        hostile.Spoil(batch, target.Id);

        var before = (target.Vector(), target.Store.Replication.ClockScalar);
        var answer = target.Take(batch);

        Assert.Equal(hostile.Expected, answer.Outcome);
        Assert.NotEmpty(answer.Message);
        if (!hostile.IsTaken)
            Assert.Equal(before, (target.Vector(), target.Store.Replication.ClockScalar));
        Assert.Equal(Outcome.Accepted, target.Take(Good(network)).Outcome);
    }

    [Theory]
    [InlineData(3, null)]
    [InlineData(2, "other")]
    public void Batch_WithTheCertificateOfAnother_IsForbidden(uint pid, string? cluster)
    {
        using var network = Met();
        var target = network[1];

        var before = target.Vector();
        var answer = target.Take(Good(network), new PeerIdentity(cluster ?? target.Store.Identity.Cluster, pid));

        Assert.Equal((Outcome.Forbidden, before), (answer.Outcome, target.Vector()));
        Assert.Contains($"shows the certificate of replica {pid}", answer.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Batch_FromTooFarAhead_WaitsForTheClock()
    {
        using var network = Met();
        var target = network[1];
        var ahead = new VersionId(((ulong)target.Time.GetUtcNow().ToUnixTimeMilliseconds() + 120_000) << 16, HostileRumors.OriginOf(network[2].Id));
        var batch = Good(network);
        batch.Rumors[0].Records = HostileRumors.Block(ahead);
        batch.Rumors[0].To = ahead.Scalar;

        Assert.Equal(Outcome.Accepted, target.Take(batch).Outcome);

        Assert.False(target.Vector().Covers(ahead));
        Assert.Null(target.Get("hostile"));
        network.Run(130_000);
        Assert.Equal("v", target.Get("hostile"));
        Assert.True(target.Vector().Covers(ahead));
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

    private static RumorNetwork Met()
    {
        var network = new RumorNetwork(["a", "b"]).Start();
        network[2].Put("known", "v");
        network.Run(500);
        return network;
    }

    // A rumor of the second replica, as the first one takes it.
    private static RumorBatch Good(RumorNetwork network)
    {
        var identity = network[2].Store.Identity;
        return HostileRumors.Good(network[2].Id, RumorIntroduction.Of(identity.Cluster, identity.Clock, identity.StoreId), (ulong)network[1].Time.GetUtcNow().ToUnixTimeMilliseconds() << 16);
    }
}
