namespace Honu.LevelDb.Tests;

public sealed class LevelWriteBatchTests
{
    [Fact]
    public void CountAndBytes_FollowTheOperations()
    {
        using var batch = new LevelWriteBatch();

        batch.Put("key"u8, new byte[200]);
        batch.Delete("key"u8);

        Assert.Equal(2, batch.Count);
        Assert.Equal(12 + (1 + 4 + 202) + (1 + 4), batch.ApproximateBytes);
    }

    [Fact]
    public void Clear_AfterOperations_IsEmptyAndWritesNothing()
    {
        using var directory = new TempDirectory();
        using LevelDatabase database = LevelDatabase.Open(directory.Database);
        using var batch = new LevelWriteBatch();
        batch.Put("a"u8, "1"u8);

        batch.Clear();
        database.Write(batch);

        Assert.Equal(0, batch.Count);
        Assert.Equal(12, batch.ApproximateBytes);
        Assert.Null(database.GetArray("a"u8));
    }

    [Fact]
    public void Use_ByTwoThreadsAtOnce_Throws()
    {
        using var batch = new LevelWriteBatch();
        batch.Enter();

        Assert.Throws<InvalidOperationException>(() => batch.Put("a"u8, "1"u8));

        batch.Leave();
        batch.Put("a"u8, "1"u8);
        Assert.Equal(1, batch.Count);
    }
}
