namespace Honu.Replication.Tests.Rumors;

/// <summary>The traces of docs/protocol.md that are about rumors, with the rumors that replicas really send. A, B, C are replicas 1, 2, 3; each stands in a region of its own.</summary>
public sealed class RumorTraces
{
    private static readonly string[] Regions = ["a", "b", "c"];

    // C's rumor is delayed; meanwhile A learns of the write by a session, deletes it, everybody acknowledges, A purges.
    [Fact]
    public void T01a_RumorAfterThePurge_KeyStaysDeleted()
    {
        using var network = new RumorNetwork(Regions, static options => options with { PurgeInterval = TimeSpan.FromSeconds(1) }).Start();
        network.LosesPush = static (_, _, _) => true;
        var c1 = network[3].Put("k", "old");
        network.Run(20);
        var delayed = network.Pushes.Last(static push => push.To.Pid == 1).Batch.Clone();
        network[3].Sync(network[1]);
        network.RunUntil(() => network[1].Get("k") == "old");
        network[1].Delete("k");
        network.RunUntil(() => network[1].Store.Replication.State(HonuStore.DefaultNamespace) is { Tombstones: 0 } state && state.Frontier.Count > 0);

        var answer = network[1].Take(delayed);

        Assert.Equal(Messages.RumorAnswer.Types.Outcome.Accepted, answer.Outcome);
        Assert.Null(network[1].Get("k"));
        Assert.True(network[1].Vector().Covers(c1));
        Assert.Equal(0L, network[1].Store.Replication.State(HonuStore.DefaultNamespace).LooseRecords);
    }

    // A writes k; B deletes it; A purges before it builds its rumor: nobody may cover A's write without knowing of the deletion.
    [Fact]
    public void T12c_KeyWithoutRecord_RumorBeginsAfterItsWrite()
    {
        using var network = new RumorNetwork(Regions, static options => options with { PurgeInterval = TimeSpan.FromSeconds(1), Rumors = new RumorOptions { FlushDelay = TimeSpan.FromSeconds(20), FlushInterval = TimeSpan.FromSeconds(20) } }).Start();
        network.IsCut = static (from, to) => from.Pid == 3 || to.Pid == 3;
        network[1].Handle(new ReplicaEvent.MemberRetired(3));
        network[2].Handle(new ReplicaEvent.MemberRetired(3));
        var a2 = network[1].Put("k", "A2");
        network[2].Sync(network[1]);
        network.RunUntil(() => network[2].Get("k") == "A2");
        network[2].Delete("k");
        network[1].Sync(network[2]);
        network.RunUntil(() => network[1].Get("k") is null);
        network.RunUntil(() => network[1].Store.Replication.State(HonuStore.DefaultNamespace).Frontier.Count > 0, 15_000);
        var a6 = network[1].Put("other", "A6");
        network.RunUntil(() => network.Pushes.Exists(static push => push.From.Pid == 1));

        var rumor = Assert.Single(network.Pushes.Last(static push => push.From.Pid == 1).Batch.Rumors);
        network[3].Take(network.Pushes.Last(static push => push.From.Pid == 1).Batch);

        Assert.True(rumor.From >= a2.Scalar, $"The rumor covers ({rumor.From}, {rumor.To}], the write of the purged key is {a2.Scalar}.");
        Assert.True(network[3].Vector().Covers(a6));
        Assert.False(network[3].Vector().Covers(a2));
    }

    // What B has made of A's key A's rumor brings, since it covers A's write.
    [Fact]
    public void R03_WriteThatAnotherHasReplaced_RumorBringsWhatTookItsPlace()
    {
        using var network = new RumorNetwork(Regions, static options => options with { Rumors = new RumorOptions { FlushDelay = TimeSpan.FromSeconds(5), FlushInterval = TimeSpan.FromSeconds(5) } }).Start();
        var a1 = network[1].Put("k", "A1");
        network[2].Sync(network[1]);
        network.RunUntil(() => network[2].Get("k") == "A1");
        network.IsCut = static (from, to) => from.Pid == 3 || to.Pid == 3;
        network[2].Put("k", "B2");
        network[1].Sync(network[2]);
        network.RunUntil(() => network[1].Get("k") == "B2");
        network.RunUntil(() => network.Pushes.Exists(static push => push.From.Pid == 1));

        network[3].Take(network.Pushes.First(static push => push.From.Pid == 1).Batch);

        Assert.True(network[3].Vector().Covers(a1));
        Assert.Equal("B2", network[3].Get("k"));
    }
}
