using System.Buffers;

namespace Honu.LevelDb.Tests;

public sealed class LevelDatabaseTests : IDisposable
{
    private readonly TempDirectory _directory = new();
    private readonly LevelDatabase _database;

    public LevelDatabaseTests()
    {
        _database = LevelDatabase.Open(_directory.Database);
    }

    public void Dispose()
    {
        _database.Dispose();
        _directory.Dispose();
    }

    [Fact]
    public void Get_AfterPut_ReturnsTheValue()
    {
        _database.Put("user/1"u8, "Ada"u8);

        using LevelValue value = _database.Get("user/1"u8);

        Assert.True(value.Found);
        Assert.Equal("Ada"u8, value.Span);
    }

    [Fact]
    public void Get_MissingKey_IsNotFound()
    {
        using LevelValue value = _database.Get("user/1"u8);

        Assert.False(value.Found);
        Assert.True(value.Span.IsEmpty);
    }

    [Fact]
    public void Get_EmptyValue_IsFoundAndEmpty()
    {
        _database.Put("user/1"u8, default);

        using LevelValue value = _database.Get("user/1"u8);

        Assert.True(value.Found);
        Assert.True(value.Span.IsEmpty);
        Assert.Empty(_database.GetArray("user/1"u8)!);
    }

    [Fact]
    public void TryGet_FoundAndMissing_WritesOnlyTheFound()
    {
        var buffer = new ArrayBufferWriter<byte>();
        _database.Put("user/1"u8, "Ada"u8);

        Assert.True(_database.TryGet("user/1"u8, buffer));
        Assert.False(_database.TryGet("user/2"u8, buffer));

        Assert.Equal("Ada"u8, buffer.WrittenSpan);
    }

    [Fact]
    public void Delete_ExistingAndMissingKey_LeavesNeither()
    {
        _database.Put("user/1"u8, "Ada"u8);

        _database.Delete("user/1"u8);
        _database.Delete("user/2"u8);

        Assert.Null(_database.GetArray("user/1"u8));
        Assert.Null(_database.GetArray("user/2"u8));
    }

    [Fact]
    public void Write_Batch_AppliesInOrder()
    {
        using var batch = new LevelWriteBatch();
        batch.Put("a"u8, "1"u8);
        batch.Put("b"u8, "2"u8);
        batch.Delete("a"u8);

        _database.Write(batch, sync: true);

        Assert.Null(_database.GetArray("a"u8));
        Assert.Equal("2"u8.ToArray(), _database.GetArray("b"u8));
    }

    [Fact]
    public void Snapshot_LaterWrites_AreNotSeen()
    {
        _database.Put("a"u8, "1"u8);
        using LevelSnapshot snapshot = _database.CreateSnapshot();
        _database.Put("a"u8, "2"u8);

        Assert.Equal("1"u8.ToArray(), _database.GetArray("a"u8, new() { Snapshot = snapshot }));
        Assert.Equal("2"u8.ToArray(), _database.GetArray("a"u8));
    }

    [Fact]
    public void Iterator_BothWays_SeesEntriesInOrder()
    {
        foreach (char name in "cab")
            _database.Put([(byte)name], [(byte)char.ToUpperInvariant(name)]);
        using LevelIterator iterator = _database.CreateIterator();
        string forward = "";
        string backward = "";

        for (iterator.SeekToFirst(); iterator.IsValid; iterator.Next())
            forward += $"{(char)iterator.Key[0]}{(char)iterator.Value[0]}";
        for (iterator.SeekToLast(); iterator.IsValid; iterator.Prev())
            backward += (char)iterator.Key[0];
        iterator.ThrowIfFailed();

        Assert.Equal("aAbBcC", forward);
        Assert.Equal("cba", backward);
    }

    [Fact]
    public void Open_AfterDispose_KeepsTheData()
    {
        _database.Put("a"u8, "1"u8);
        _database.SyncLogs();
        _database.Dispose();

        using LevelDatabase again = LevelDatabase.Open(_directory.Database);

        Assert.Equal("1"u8.ToArray(), again.GetArray("a"u8));
    }
}
