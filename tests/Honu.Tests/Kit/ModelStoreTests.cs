using Honu.TestKit;

namespace Honu.Tests.Kit;

/// <summary>The model judges the store, so it is itself pinned down by hand-written cases.</summary>
public class ModelStoreTests
{
    [Fact]
    public void Delete_MissingOrDeleted_GivesNone()
    {
        var model = new ModelStore();
        Assert.True(model.Delete("n", [1]).IsNone);
        model.Put("n", [1], [2]);
        model.Delete("n", [1]);

        var again = model.Delete("n", [1]);

        Assert.True(again.IsNone);
        Assert.True(model.Latest("n", [1]).IsDeleted);
    }

    [Fact]
    public void Put_OverTombstone_HasTheTombstoneAsParent()
    {
        var model = new ModelStore();
        model.Put("n", [1], [2]);
        var tombstone = model.Delete("n", [1]);

        var back = model.Put("n", [1], [3]);

        Assert.Equal(tombstone.Number, back.Parent);
    }

    [Fact]
    public void Write_SameKeyTwice_CountsTheLastInThePlaceOfTheFirst()
    {
        var model = new ModelStore();

        var writes = model.Write([new("n", [1], [10]), new("m", [1], [20]), new("n", [1], [30]), new("n", [2], null)]);

        Assert.Equal([("n", 1L), ("m", 2L), ("n", 0L)], writes.Select(write => (write.Namespace, write.Version.Number)));
        Assert.Single(model.History("n", [1]));
        Assert.Equal([30], model.Latest("n", [1]).Value);
    }

    [Fact]
    public void Scan_EveryFilter_HoldsTogether()
    {
        var model = new ModelStore();
        foreach (var key in new byte[][] { [1], [1, 0], [1, 0xFF], [2], [0xFF] })
            model.Put("n", key, []);
        model.Delete("n", [1, 0]);

        Assert.Equal([[1], [1, 0xFF]], model.Scan("n", prefix: [1]).Select(entry => entry.Key));
        Assert.Equal([[1, 0xFF], [1, 0]], model.Scan("n", from: [1, 0], to: [2], reverse: true, tombstones: true).Select(entry => entry.Key));
        Assert.Equal([[0xFF], [2]], model.Scan("n", reverse: true, limit: 2).Select(entry => entry.Key));
        Assert.Empty(model.Scan("other"));
    }

    [Fact]
    public void History_TwelveVersions_ShowsTheLastTenNewestFirst()
    {
        var model = new ModelStore();
        for (byte value = 1; value <= 12; value++)
            model.Put("n", [1], [value]);

        var history = model.History("n", [1]);

        Assert.Equal([12, 11, 10, 9, 8, 7, 6, 5, 4, 3], history.Select(version => version.Value[0]));
    }

    [Fact]
    public void Clone_LaterWrites_DoNotReachIt()
    {
        var model = new ModelStore();
        model.Put("n", [1], [1]);

        var clone = model.Clone();
        model.Put("n", [1], [2]);

        Assert.Equal([1], clone.Latest("n", [1]).Value);
    }
}
