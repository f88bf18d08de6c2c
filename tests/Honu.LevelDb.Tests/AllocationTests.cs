using System.Buffers;

namespace Honu.LevelDb.Tests;

/// <summary>Goal: hot paths allocate no managed memory. Method: warm up, then count the bytes that this thread allocates.</summary>
public sealed class AllocationTests : IDisposable
{
    private readonly TempDirectory _directory = new();
    private readonly LevelDatabase _database;

    public AllocationTests()
    {
        _database = LevelDatabase.Open(_directory.Database);
        for (int i = 0; i < 1000; i++)
            _database.Put([.. "key/"u8, (byte)(i >> 8), (byte)i], new byte[100]);
    }

    public void Dispose()
    {
        _database.Dispose();
        _directory.Dispose();
    }

    [Fact]
    public void Get_FoundAndMissing_AllocatesNothing()
    {
        AssertAllocatesNothing(() =>
        {
            using LevelValue found = _database.Get("key/\0\u0001"u8);
            using LevelValue missing = _database.Get("nothing"u8);
            Assert.True(found.Found && !missing.Found && found.Span.Length == 100);
        });
    }

    [Fact]
    public void Get_AtASnapshot_AllocatesNothing()
    {
        using LevelSnapshot snapshot = _database.CreateSnapshot();

        AssertAllocatesNothing(() => _database.Get("key/\0\u0001"u8, new() { Snapshot = snapshot, DontFillCache = true }).Dispose());
    }

    [Fact]
    public void TryGet_IntoAWriter_AllocatesNothing()
    {
        var writer = new ArrayBufferWriter<byte>(1024);

        AssertAllocatesNothing(() =>
        {
            writer.ResetWrittenCount();
            Assert.True(_database.TryGet("key/\0\u0001"u8, writer));
        });
    }

    [Fact]
    public void PutAndDelete_AllocateNothing()
    {
        AssertAllocatesNothing(() =>
        {
            _database.Put("other"u8, "value"u8);
            _database.Delete("other"u8);
        });
    }

    [Fact]
    public void Write_ReusedBatch_AllocatesNothing()
    {
        using var batch = new LevelWriteBatch();

        AssertAllocatesNothing(() =>
        {
            batch.Clear();
            batch.Put("other"u8, "value"u8);
            batch.Delete("other"u8);
            _database.Write(batch);
        });
    }

    [Fact]
    public void Iterator_Moves_AllocateNothing()
    {
        using LevelIterator iterator = _database.CreateIterator();

        AssertAllocatesNothing(() =>
        {
            int bytes = 0;
            for (iterator.SeekToFirst(); iterator.IsValid; iterator.Next())
                bytes += iterator.Key.Length + iterator.Value.Length;
            iterator.Seek("key/"u8);
            iterator.Next();
            iterator.Prev();
            iterator.ThrowIfFailed();
            Assert.True(bytes > 100_000);
        });
    }

    private static void AssertAllocatesNothing(Action action)
    {
        for (int i = 0; i < 50; i++)
            action();
        // A tiered recompilation may allocate on this thread once: the best of some rounds is what the code itself does.
        long least = long.MaxValue;
        for (int round = 0; round < 5; round++)
        {
            long before = GC.GetAllocatedBytesForCurrentThread();
            for (int i = 0; i < 50; i++)
                action();
            least = Math.Min(least, GC.GetAllocatedBytesForCurrentThread() - before);
        }

        Assert.Equal(0, least);
    }
}
