namespace Honu.LevelDb.Tests;

public sealed class KeysAndValuesTests : IDisposable
{
    private readonly TempDirectory _directory = new();
    private readonly LevelDatabase _database;

    public KeysAndValuesTests()
    {
        _database = LevelDatabase.Open(_directory.Database);
    }

    public void Dispose()
    {
        _database.Dispose();
        _directory.Dispose();
    }

    [Fact]
    public void Put_EveryByteAsKeyAndValue_ComesBackInByteOrder()
    {
        for (int b = 255; b >= 0; b--)
            _database.Put([(byte)b], [(byte)b, 0, (byte)~b]);
        using LevelIterator iterator = _database.CreateIterator();
        int next = 0;

        for (iterator.SeekToFirst(); iterator.IsValid; iterator.Next(), next++)
        {
            Assert.Equal([(byte)next], iterator.Key.ToArray());
            Assert.Equal([(byte)next, 0, (byte)~next], iterator.Value.ToArray());
        }

        Assert.Equal(256, next);
        for (int b = 0; b < 256; b++)
            Assert.Equal([(byte)b, 0, (byte)~b], _database.GetArray([(byte)b]));
    }

    [Fact]
    public void EmptyKeyAndValue_AreOrdinary()
    {
        using var batch = new LevelWriteBatch();
        batch.Put(default, default);
        _database.Write(batch);
        using LevelIterator iterator = _database.CreateIterator();
        iterator.Seek(default);

        Assert.True(iterator.IsValid && iterator.Key.IsEmpty && iterator.Value.IsEmpty);
        Assert.Empty(_database.GetArray(default)!);

        _database.Delete(default);
        Assert.Null(_database.GetArray(default));
    }

    [Fact]
    public void Put_LargeValue_ComesBackFromTheTable()
    {
        byte[] value = new byte[5 << 20];
        new Random(42).NextBytes(value);
        byte[] key = new byte[4096];
        key.AsSpan().Fill(0xFF);

        _database.Put(key, value);
        _database.CompactAll();

        Assert.Equal(value, _database.GetArray(key));
    }

    [Fact]
    public void Values_SeveralAtOnce_StayApart()
    {
        _database.Put("a"u8, "1"u8);
        _database.Put("b"u8, "2"u8);

        using LevelValue first = _database.Get("a"u8);
        using LevelValue second = _database.Get("b"u8);
        _database.Put("a"u8, "3"u8);

        Assert.Equal("1"u8, first.Span);
        Assert.Equal("2"u8, second.Span);
    }

    [Fact]
    public void ApproximateSize_OpenBounds_CoverEverything()
    {
        byte[] value = new byte[1000];
        var random = new Random(7);
        for (int i = 0; i < 1000; i++)
        {
            random.NextBytes(value);
            _database.Put([(byte)(i >> 8), (byte)i], value);
        }

        _database.CompactAll();

        ulong all = _database.GetApproximateSize(default, default);
        Assert.InRange(all, 900_000u, 1_200_000u);
        Assert.InRange(_database.GetApproximateSize([1], [2]), 200_000u, 300_000u);
        Assert.Equal(0u, _database.GetApproximateSize([9], [1]));
        _database.CompactRange([2], [1]);
        _database.CompactRange([1], [2]);
        Assert.Contains("Level", _database.GetProperty("leveldb.stats"), StringComparison.Ordinal);
        Assert.Null(_database.GetProperty("leveldb.nothing"));
    }
}
