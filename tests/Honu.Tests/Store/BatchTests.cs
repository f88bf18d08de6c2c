namespace Honu.Tests.Store;

public class BatchTests
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Write_SeveralKeysAndNamespaces_GivesOneVersionEach(bool inMemory)
    {
        using var open = new OpenStore(inMemory);
        open.Store.Put("gone"u8, "v"u8);
        var batch = new HonuWriteBatch();
        batch.Put("a"u8, "1"u8);
        batch.Put("other", "a"u8, "2"u8);
        batch.Delete("gone"u8);
        batch.Delete("other", "missing"u8);

        var versions = open.Store.Write(batch);

        Assert.Equal(4, batch.Count);
        Assert.Equal([false, false, false, true], versions.Select(version => version.IsNone));
        Assert.True(versions[2].IsDeleted);
        Assert.True(versions[1].Id.Scalar > versions[0].Id.Scalar);
        Assert.True(versions[2].Id.Scalar > versions[1].Id.Scalar);
        Assert.Equal("1"u8.ToArray(), open.Store.Get("a"u8));
        Assert.Equal("2"u8.ToArray(), open.Store.Namespace("other").Get("a"u8));
        Assert.Null(open.Store.Get("gone"u8));
    }

    [Fact]
    public void Write_SameKeyTwice_TheLastPutWins()
    {
        using var open = new OpenStore();
        var before = open.Store.Put("key"u8, "0"u8);
        var batch = new HonuWriteBatch();
        batch.Put("key"u8, "1"u8);
        batch.Put("key"u8, "2"u8);

        var versions = open.Store.Write(batch);

        Assert.Equal("2"u8.ToArray(), open.Store.Get("key"u8));
        Assert.Single(versions);
        Assert.Equal(1, batch.Count);
        open.Store.TryGetVersion("key"u8, out var version);
        Assert.Equal(before.Id, version.Parent);
        Assert.Equal(2, open.Store.History("key"u8).Count);
    }

    [Fact]
    public void Write_PutThenDeleteOfAMissingKey_LeavesNothing()
    {
        using var open = new OpenStore();
        var batch = new HonuWriteBatch();
        batch.Put("key"u8, "1"u8);
        batch.Delete("key"u8);

        open.Store.Write(batch);

        Assert.Null(open.Store.Get("key"u8));
        Assert.False(open.Store.TryGetVersion("key"u8, out _));
    }

    [Fact]
    public void Write_DeleteThenPut_IsAnOverwriteWithoutATombstone()
    {
        using var open = new OpenStore();
        var before = open.Store.Put("key"u8, "0"u8);
        var batch = new HonuWriteBatch();
        batch.Delete("key"u8);
        batch.Put("key"u8, "1"u8);

        open.Store.Write(batch);

        open.Store.TryGetVersion("key"u8, out var version);
        Assert.Equal(before.Id, version.Parent);
        Assert.Equal("1"u8.ToArray(), open.Store.Get("key"u8));
    }

    [Fact]
    public void Write_SameKeyInTwoNamespaces_AreTwoObjects()
    {
        using var open = new OpenStore();
        var batch = new HonuWriteBatch();
        batch.Put("one", "key"u8, "1"u8);
        batch.Put("two", "key"u8, "2"u8);

        open.Store.Write(batch);

        Assert.Equal("1"u8.ToArray(), open.Store.Namespace("one").Get("key"u8));
        Assert.Equal("2"u8.ToArray(), open.Store.Namespace("two").Get("key"u8));
    }

    [Fact]
    public void Write_EmptyBatch_DoesNothing()
    {
        using var open = new OpenStore();

        var versions = open.Store.Write(new HonuWriteBatch());

        Assert.Empty(versions);
        Assert.Empty(open.Store.Namespaces);
    }

    [Fact]
    public void Write_BatchUsedAgain_WritesAgain()
    {
        using var open = new OpenStore();
        var batch = new HonuWriteBatch();
        batch.Put("key"u8, "1"u8);
        var first = open.Store.Write(batch)[0];

        var second = open.Store.Write(batch)[0];
        batch.Clear();

        Assert.Equal(first.Id, second.Parent);
        Assert.Equal(0, batch.Count);
    }

    [Fact]
    public void Write_CallersBufferChangedAfterwards_TheBatchKeepsItsCopy()
    {
        using var open = new OpenStore();
        byte[] key = [1];
        byte[] value = [2];
        var batch = new HonuWriteBatch();
        batch.Put(key, value);
        key[0] = value[0] = 9;

        open.Store.Write(batch);

        Assert.Equal([2], open.Store.Get([1]));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Write_TenThousandOperations_AreAllThere(bool inMemory)
    {
        using var open = new OpenStore(inMemory);
        var batch = new HonuWriteBatch();
        for (var i = 0; i < 10_000; i++)
            batch.Put(BitConverter.GetBytes(i), BitConverter.GetBytes(i));

        open.Store.Write(batch);

        for (var i = 0; i < 10_000; i++)
            Assert.Equal(BitConverter.GetBytes(i), open.Store.Get(BitConverter.GetBytes(i)));
    }
}
