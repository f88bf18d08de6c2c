using Honu.Replication.Tests.Applying;

namespace Honu.Replication.Tests.Deferring;

/// <summary>One version with two contents: everybody ends with the same one, and somebody is told. And the limit of intervals (R18).</summary>
public sealed class EquivocationTests
{
    private const string Ns = HonuStore.DefaultNamespace;

    // Also where both vectors cover the version: R1 must not keep the two sides apart for ever.
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void TwoContents_ExchangedInAnyOrder_SmallerChecksumStaysEverywhere(bool areCovered)
    {
        using var one = Open(1);
        using var two = Open(3);
        var told = new List<EquivocationEventArgs>();
        foreach (var store in new[] { one, two })
        {
            store.Replication.EquivocationFound += (sender, found) =>
            {
                told.Add(found);
                store.Put("not locked"u8, "v"u8);
            };
        }

        var contents = new[] { Block("this"), Block("that") };
        Apply(one, contents[0], areCovered);
        Apply(two, contents[1], areCovered);

        Apply(one, contents[1], join: false);
        Apply(two, contents[0], join: false);

        Assert.Equal(one.Get("k"u8), two.Get("k"u8));
        Assert.Equal(2, told.Count);
        Assert.All(told, static found => Assert.Equal(("k", 5UL, "k"), (Text(found.Key), found.Version.Scalar, Text(found.OtherKey))));
        Assert.Equal(1, one.GetStatistics().Updates[UpdateKind.Equivocation]);
        Apply(one, contents[0], join: false);
        Apply(one, contents[1], join: false);
        Assert.Equal(one.Get("k"u8), two.Get("k"u8));
        Assert.Equal(one.Replication.State(Ns).LooseRecords, two.Replication.State(Ns).LooseRecords);
    }

    [Fact]
    public void OneVersionUnderTwoKeys_IsToldAndBothStay()
    {
        using var store = Open(1);
        var told = new List<EquivocationEventArgs>();
        store.Replication.EquivocationFound += (_, found) => told.Add(found);
        Apply(store, RecordBuilder.Block(new RecordBuilder("k").At(5, 2)), join: false);

        Apply(store, RecordBuilder.Block(new RecordBuilder("l").At(5, 2)), join: false);

        var found = Assert.Single(told);
        Assert.Equal(("l", "k"), (Text(found.Key), Text(found.OtherKey)));
        Assert.NotNull(store.Get("k"u8));
        Assert.NotNull(store.Get("l"u8));
        Assert.NotEqual(0, store.Verify().ProblemCount);
    }

    // R18: the 65th interval is refused; its record is held and loose, what lies between is not claimed, and a session closes everything.
    [Fact]
    public void Intervals_OneTooMany_IsRefusedAndItsRecordStaysLoose()
    {
        using var store = Open(1);
        var origin = new ReplicaId(2, 0);
        for (ulong i = 1; i <= 65; i++)
        {
            var interval = new VersionVector();
            interval.TryCover(origin, (10 * i) - 1, 10 * i);
            var result = store.Replication.Apply(Ns, RecordBuilder.Block(new RecordBuilder($"k{i}").At(10 * i, 2)), cursor: null, new VectorJoin(new VersionVector(), interval));
            Assert.Equal(i <= 64, result.Joined);
        }

        var state = store.Replication.State(Ns);
        Assert.Equal(1, state.LooseRecords);
        Assert.NotNull(store.Get("k65"u8));
        for (ulong scalar = 1; scalar <= 660; scalar++)
            Assert.Equal(scalar % 10 == 0 && scalar <= 640, state.Vector.Covers(new VersionId(scalar, origin)));

        var block = new Honu.Format.RecordBlockWriter();
        using (var snapshot = store.Replication.CreateSnapshot())
            snapshot.ReadUncovered(Ns, new VersionVector(), default, block, 1000, 1 << 20);
        Assert.Equal(65, block.Count);

        var all = new VersionVector();
        all.Advance(origin, 650);
        Assert.True(store.Replication.Apply(Ns, [], cursor: null, new VectorJoin(state.Vector, all)).Joined);
        Assert.Equal(0, store.Replication.State(Ns).LooseRecords);
        Assert.True(store.Replication.State(Ns).Vector.Equals(all));
    }

    private static byte[] Block(string value) => RecordBuilder.Block(new RecordBuilder("k").At(5, 2).Saying(value));

    private static string Text(ReadOnlyMemory<byte> bytes) => System.Text.Encoding.UTF8.GetString(bytes.Span);

    private static void Apply(HonuStore store, byte[] block, bool join)
    {
        var target = new VersionVector();
        target.Advance(new ReplicaId(2, 0), 5);
        store.Replication.Apply(Ns, block, cursor: null, join ? new VectorJoin(new VersionVector(), target) : null);
    }

    private static HonuStore Open(uint pid) => HonuStore.OpenInMemory(new HonuStoreOptions { Pid = pid, Clock = VersionClock.Lamport });
}
