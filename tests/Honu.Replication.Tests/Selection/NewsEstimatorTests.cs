using Honu.Replication.Tests.Traces;

namespace Honu.Replication.Tests.Selection;

public sealed class NewsEstimatorTests : IDisposable
{
    private static readonly ReplicaId Other = new(2, 0);

    private readonly ScriptedReplica _replica = new(1);
    private readonly ScriptedReplica _writer = new(2);
    private readonly NewsEstimator _news;
    private readonly Peer _peer = new(new PeerAddress("peer", 1), new PeerBackoff(TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(2)));

    public NewsEstimatorTests()
    {
        _replica.Put("own", "1");
        _news = new NewsEstimator(_replica.Store.Replication);
    }

    public void Dispose()
    {
        _replica.Dispose();
        _writer.Dispose();
    }

    [Fact]
    public void Estimate_OfAPeerThatWasNotMet_IsNothing()
    {
        Assert.Null(Expect(TimeSpan.Zero));
    }

    [Fact]
    public void Estimate_PeerCoversMore_CountsTheOriginsForCertain()
    {
        Meet(TimeSpan.Zero);
        var covered = new VersionVector();
        covered.Advance(_replica.Id, _replica.Vector.HighMark(_replica.Id));
        covered.Advance(new ReplicaId(7, 0), 3);
        covered.Advance(new ReplicaId(8, 0), 9);
        _peer.NoteCovered(ScriptedReplica.Ns, covered);

        Assert.Equal(2, Expect(TimeSpan.Zero));
    }

    [Fact]
    public void Estimate_SessionsBroughtSomething_GrowsWithTheTimeSinceTheLast()
    {
        for (var second = 0; second <= 600; second += 10)
        {
            Meet(TimeSpan.FromSeconds(second), pulled: 20);
            Assert.Equal(0, Expect(TimeSpan.FromSeconds(second)));
        }

        // Two a second.
        Assert.InRange(Expect(TimeSpan.FromSeconds(605))!.Value, 9, 11);
        Assert.InRange(Expect(TimeSpan.FromSeconds(620))!.Value, 36, 44);
    }

    [Fact]
    public void Estimate_PeerWritesThatComeByWayOfOthers_AreNotExpectedOfIt()
    {
        Meet(TimeSpan.Zero);
        for (var second = 0; second <= 300; second += 5)
        {
            _writer.Put("key", "value");
            ScriptedSession.Complete(_replica, _writer);
            Expect(TimeSpan.FromSeconds(second));
        }

        // It writes every five seconds, and all of that is here.
        Assert.Equal(0, Expect(TimeSpan.FromSeconds(300)));
        Assert.InRange(Expect(TimeSpan.FromSeconds(305))!.Value, 0.8, 1.2);
    }

    [Fact]
    public void Estimate_PeerHasFallenSilent_Fades()
    {
        for (var second = 0; second <= 60; second += 10)
            Meet(TimeSpan.FromSeconds(second), pulled: 20);
        for (var second = 70; second <= 900; second += 10)
            Meet(TimeSpan.FromSeconds(second));

        Assert.InRange(Expect(TimeSpan.FromSeconds(910))!.Value, 0, 0.2);
    }

    private void Meet(TimeSpan now, long pulled = 0)
    {
        _peer.Replica = Other;
        _peer.LastSuccess = now;
        _news.Met(_peer, pulled, now);
    }

    private double? Expect(TimeSpan now) => Assert.Single(_news.Estimate([_peer], now));
}
