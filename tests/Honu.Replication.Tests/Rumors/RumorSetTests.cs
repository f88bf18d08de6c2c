using Google.Protobuf;
using Honu.Format;
using Honu.Replication.Messages;
using Honu.Replication.Tests.Applying;

namespace Honu.Replication.Tests.Rumors;

/// <summary>Rumors that wait become one where their ranges touch, with the latest record of each key.</summary>
public sealed class RumorSetTests
{
    [Fact]
    public void TryAdd_RangesThatTouch_BecomeOneWithTheLatestOfEachKey()
    {
        var set = new RumorSet(10_000);

        Assert.True(set.TryAdd(Rumor(0, 2, new RecordBuilder("k").At(1, 2).Saying("old"), new RecordBuilder("l").At(2, 2))));
        Assert.True(set.TryAdd(Rumor(2, 5, new RecordBuilder("k").At(5, 2).After(1, 2).Saying("new"))));

        var rumor = Assert.Single(set.Take());
        Assert.Equal((0UL, 5UL), (rumor.From, rumor.To));
        Assert.Equal([("k", 5UL), ("l", 2UL)], Records(rumor).Order());
        Assert.True(set.IsEmpty);
    }

    [Fact]
    public void TryAdd_RangesWithAHole_StayApart()
    {
        var set = new RumorSet(10_000);

        set.TryAdd(Rumor(0, 2, new RecordBuilder("k").At(2, 2)));
        set.TryAdd(Rumor(3, 5, new RecordBuilder("l").At(5, 2)));

        Assert.Equal([(0UL, 2UL), (3UL, 5UL)], set.Take().Select(static rumor => (rumor.From, rumor.To)));
    }

    // A hole must not keep what comes after it from becoming one: the latest would find no room.
    [Fact]
    public void TryAdd_BehindAHole_RangesThatTouchBecomeOne()
    {
        var set = new RumorSet(10_000);

        set.TryAdd(Rumor(0, 2, new RecordBuilder("k").At(2, 2)));
        set.TryAdd(Rumor(3, 5, new RecordBuilder("l").At(5, 2)));
        set.TryAdd(Rumor(5, 7, new RecordBuilder("l").At(7, 2).After(5, 2)));
        set.TryAdd(Rumor(1, 2, new RecordBuilder("k").At(2, 2)));

        Assert.Equal([(0UL, 2UL), (1UL, 2UL), (3UL, 7UL)], set.Take().Select(static rumor => (rumor.From, rumor.To)));
    }

    [Fact]
    public void TryAdd_MoreThanABatchMayHave_IsRefused()
    {
        var set = new RumorSet(int.MaxValue);

        for (var i = 0UL; i < MessageValidation.MaxRumors; i++)
            Assert.True(set.TryAdd(Rumor(2 * i, (2 * i) + 1)));

        Assert.False(set.TryAdd(Rumor(50_000, 50_001)));
    }

    [Fact]
    public void TryAdd_MoreThanFits_ChangesNothing()
    {
        var set = new RumorSet(300);

        Assert.True(set.TryAdd(Rumor(0, 2, new RecordBuilder("k").At(2, 2))));
        Assert.False(set.TryAdd(Rumor(2, 5, new RecordBuilder("l").At(5, 2).Saying(new string('x', 400)))));

        Assert.Equal(2UL, Assert.Single(set.Take()).To);
    }

    private static Rumor Rumor(ulong from, ulong to, params RecordBuilder[] records) => new()
    {
        Namespace = "n",
        Origin = new ReplicaId(2, 0).ToUInt64(),
        From = from,
        To = to,
        Records = ByteString.CopyFrom(RecordBuilder.Block(records)),
    };

    private static List<(string Key, ulong Scalar)> Records(Rumor rumor)
    {
        var found = new List<(string Key, ulong Scalar)>();
        var reader = new RecordBlockReader(rumor.Records.Span);
        while (reader.MoveNext())
            found.Add((System.Text.Encoding.UTF8.GetString(reader.Key), RecordReader.ReadVersion(reader.Record).Scalar));
        return found;
    }
}
