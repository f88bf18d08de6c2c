namespace Honu.Tests.Store;

public class VersionTests
{
    [Fact]
    public void Put_NewKey_HasNoParentAndIsCreatedHere()
    {
        using var open = new OpenStore(options: new HonuStoreOptions { Pid = 7 });

        var version = open.Store.Put("key"u8, "value"u8);

        Assert.True(version.Parent.IsNone);
        Assert.Equal(open.Store.Identity.Replica, version.Creator);
        Assert.Equal(open.Store.Identity.Replica, version.Id.Replica);
        Assert.Equal(7u, version.Id.Replica.Pid);
        Assert.False(version.IsDeleted);
        Assert.Equal(5, version.ValueLength);
    }

    [Fact]
    public void Put_Overwrite_HasThePreviousVersionAsParent()
    {
        using var open = new OpenStore();
        var first = open.Store.Put("key"u8, "1"u8);

        var second = open.Store.Put("key"u8, "2"u8);

        Assert.Equal(first.Id, second.Parent);
        Assert.True(second.Id.Scalar > first.Id.Scalar);
        Assert.Equal(first.Creator, second.Creator);
    }

    [Fact]
    public void Put_OtherKey_TakesALaterScalarOfTheOneClock()
    {
        using var open = new OpenStore();
        var first = open.Store.Put("a"u8, "1"u8);

        var second = open.Store.Namespace("other").Put("b"u8, "1"u8);

        Assert.True(second.Id.Scalar > first.Id.Scalar);
        Assert.True(second.Parent.IsNone);
    }

    [Fact]
    public void Put_WallClockGoesBack_VersionsGoOnForward()
    {
        using var open = new OpenStore(inMemory: false);
        var before = open.Store.Put("key"u8, "1"u8);
        open.Time.SetUtcNow(open.Time.GetUtcNow() - TimeSpan.FromDays(400));

        var after = open.Store.Put("key"u8, "2"u8);
        var reopened = open.Reopen().Put("key"u8, "3"u8);

        Assert.True(after.Id.Scalar > before.Id.Scalar);
        Assert.True(reopened.Id.Scalar > after.Id.Scalar);
    }

    [Fact]
    public void Put_HybridClock_CarriesMillisecondsInTheUpperBits()
    {
        using var open = new OpenStore();
        var now = open.Time.GetUtcNow().ToUnixTimeMilliseconds();

        var version = open.Store.Put("key"u8, "1"u8);

        Assert.Equal(now, (long)(version.Id.Scalar >> 16));
    }

    [Fact]
    public void Put_LamportClock_CountsFromOne()
    {
        using var open = new OpenStore(options: new HonuStoreOptions { Clock = VersionClock.Lamport });

        var versions = Enumerable.Range(0, 3).Select(i => open.Store.Put([(byte)i], "v"u8).Id.Scalar).ToList();

        Assert.Equal([1UL, 2UL, 3UL], versions);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Delete_LiveObject_LeavesATombstone(bool inMemory)
    {
        using var open = new OpenStore(inMemory);
        var put = open.Store.Put("key"u8, "value"u8);

        var deleted = open.Store.Delete("key"u8, out var tombstone);

        Assert.True(deleted);
        Assert.True(tombstone.IsDeleted);
        Assert.Equal(put.Id, tombstone.Parent);
        Assert.Equal(put.Creator, tombstone.Creator);
        Assert.Equal(0, tombstone.ValueLength);
        Assert.Null(open.Store.Get("key"u8));
        Assert.Equal(-1, open.Store.Read("key"u8, []));
        Assert.True(open.Store.TryGetVersion("key"u8, out var shown));
        Assert.Equal(tombstone, shown);
    }

    [Fact]
    public void Delete_MissingObject_ReturnsFalseAndWritesNothing()
    {
        using var open = new OpenStore();

        Assert.False(open.Store.Delete("key"u8));
        Assert.False(open.Store.Delete("key"u8, out var tombstone));

        Assert.True(tombstone.IsNone);
        Assert.False(open.Store.TryGetVersion("key"u8, out _));
    }

    [Fact]
    public void Delete_Twice_ReturnsFalseAndMakesNoVersion()
    {
        using var open = new OpenStore();
        open.Store.Put("key"u8, "value"u8);
        open.Store.Delete("key"u8, out var tombstone);

        var again = open.Store.Delete("key"u8);

        Assert.False(again);
        open.Store.TryGetVersion("key"u8, out var shown);
        Assert.Equal(tombstone.Id, shown.Id);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Put_OverATombstone_UndeletesWithTheTombstoneAsParent(bool inMemory)
    {
        using var open = new OpenStore(inMemory);
        var put = open.Store.Put("key"u8, "value"u8);
        open.Store.Delete("key"u8, out var tombstone);

        var back = open.Store.Put("key"u8, "back"u8);

        Assert.Equal(tombstone.Id, back.Parent);
        Assert.Equal(put.Creator, back.Creator);
        Assert.False(back.IsDeleted);
        Assert.Equal("back"u8.ToArray(), open.Store.Get("key"u8));
    }

    [Fact]
    public void TryPut_NoneExpected_WritesOnlyWithoutALiveObject()
    {
        using var open = new OpenStore();

        Assert.True(open.Store.TryPut("key"u8, "1"u8, default, out var first));
        Assert.False(open.Store.TryPut("key"u8, "2"u8, default, out var current));
        Assert.Equal(first, current);
        open.Store.Delete("key"u8, out var tombstone);
        Assert.True(open.Store.TryPut("key"u8, "3"u8, default, out var back));

        Assert.Equal(tombstone.Id, back.Parent);
        Assert.Equal("3"u8.ToArray(), open.Store.Get("key"u8));
    }

    [Fact]
    public void TryPut_CurrentVersionExpected_Writes()
    {
        using var open = new OpenStore();
        var first = open.Store.Put("key"u8, "1"u8);

        var swapped = open.Store.TryPut("key"u8, "2"u8, first.Id, out var second);

        Assert.True(swapped);
        Assert.Equal(first.Id, second.Parent);
    }

    [Fact]
    public void TryPut_OlderVersionExpected_ReturnsFalseWithTheCurrentOne()
    {
        using var open = new OpenStore();
        var first = open.Store.Put("key"u8, "1"u8);
        var second = open.Store.Put("key"u8, "2"u8);

        var swapped = open.Store.TryPut("key"u8, "3"u8, first.Id, out var current);

        Assert.False(swapped);
        Assert.Equal(second, current);
        Assert.Equal("2"u8.ToArray(), open.Store.Get("key"u8));
        Assert.Equal(2, open.Store.History("key"u8).Count);
    }

    [Fact]
    public void TryPut_TombstoneExpected_Writes()
    {
        using var open = new OpenStore();
        open.Store.Put("key"u8, "1"u8);
        open.Store.Delete("key"u8, out var tombstone);

        Assert.True(open.Store.TryPut("key"u8, "2"u8, tombstone.Id, out _));
    }

    [Fact]
    public async Task TryPut_TwoThreadsCount_LosesNoIncrement()
    {
        using var open = new OpenStore();
        const int perThread = 500;
        void Count()
        {
            for (var done = 0; done < perThread;)
            {
                var now = open.Store.Get("counter"u8, out var version);
                var next = BitConverter.GetBytes((now is null ? 0 : BitConverter.ToInt32(now)) + 1);
                if (open.Store.TryPut("counter"u8, next, version.Id, out _))
                    done++;
            }
        }

        await Task.WhenAll(TestKit.Guard.RunWithin(Count), TestKit.Guard.RunWithin(Count));

        Assert.Equal(2 * perThread, BitConverter.ToInt32(open.Store.Get("counter"u8)));
    }

    [Fact]
    public void ToString_VersionId_IsReadBack()
    {
        using var open = new OpenStore(options: new HonuStoreOptions { Pid = 3 });
        var version = open.Store.Put("key"u8, "1"u8);

        var found = VersionId.TryParse(version.Id.ToString(), out var parsed);

        Assert.True(found);
        Assert.Equal(version.Id, parsed);
        Assert.Equal($"{version.Id.Scalar}@3.{version.Id.Replica.Epoch}", version.Id.ToString());
    }
}
