using System.Runtime.CompilerServices;

namespace Honu.LevelDb.Tests;

/// <summary>
/// Goal: no order of disposing and using ends the process, which is what LevelDB itself does on misuse. Method: misuse in every order; a test
/// that fails badly takes the whole run with it.
/// </summary>
public sealed class LifetimeTests : IDisposable
{
    private readonly TempDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    public static TheoryData<string, Action<LevelDatabase>> Operations => new()
    {
        { "get", static d => d.Get("a"u8).Dispose() },
        { "put", static d => d.Put("a"u8, "1"u8) },
        { "delete", static d => d.Delete("a"u8) },
        { "snapshot", static d => d.CreateSnapshot().Dispose() },
        { "iterator", static d => d.CreateIterator().Dispose() },
        { "property", static d => d.GetProperty("leveldb.stats") },
        { "size", static d => d.GetApproximateSize("a"u8, "b"u8) },
        { "size to the end", static d => d.GetApproximateSize("a"u8, default) },
        { "compact", static d => d.CompactAll() },
        { "sync", static d => d.SyncLogs() },
        {
            "write", static d =>
            {
                using var batch = new LevelWriteBatch();
                d.Write(batch);
            }
        },
    };

    [Theory]
    [MemberData(nameof(Operations), DisableDiscoveryEnumeration = true)]
    public void Database_UsedAfterDispose_Throws(string name, Action<LevelDatabase> operation)
    {
        LevelDatabase database = Open();
        database.Dispose();

        var error = Record.Exception(() => operation(database));

        Assert.True(error is ObjectDisposedException, $"{name}: {error}");
    }

    [Fact]
    public void Database_DisposedTwice_IsHarmless()
    {
        LevelDatabase database = Open();

        database.Dispose();
        database.Dispose();
    }

    [Fact]
    public void Database_DisposedWithLiveChildren_ClosesThemAndCanBeOpenedAgain()
    {
        LevelDatabase database = Open();
        LevelIterator iterator = database.CreateIterator();
        LevelSnapshot snapshot = database.CreateSnapshot();

        database.Dispose();

        using (LevelDatabase again = Open())
            Assert.NotNull(again.GetArray("a"u8));
        Assert.Throws<ObjectDisposedException>(() => iterator.IsValid);
        Assert.Throws<ObjectDisposedException>(() => iterator.Key.Length);
        Assert.Throws<ObjectDisposedException>(() => iterator.Value.Length);
        Assert.Throws<ObjectDisposedException>(iterator.Next);
        Assert.Throws<ObjectDisposedException>(iterator.Prev);
        Assert.Throws<ObjectDisposedException>(iterator.SeekToFirst);
        Assert.Throws<ObjectDisposedException>(iterator.SeekToLast);
        Assert.Throws<ObjectDisposedException>(() => iterator.Seek("a"u8));
        Assert.Throws<ObjectDisposedException>(iterator.ThrowIfFailed);
        iterator.Dispose();
        snapshot.Dispose();
        iterator.Dispose();
        snapshot.Dispose();
    }

    // Whoever stands on an entry may hold a span of it, the disposing thread included.
    [Fact]
    public void Database_DisposedWhileAnIteratorStandsOnAnEntry_KeepsTheEntryUntilTheIteratorMoves()
    {
        LevelDatabase database = Open();
        LevelIterator iterator = database.CreateIterator();
        iterator.SeekToFirst();
        ReadOnlySpan<byte> key = iterator.Key;

        database.Dispose();

        Assert.Equal("a"u8.ToArray(), key.ToArray());
        Assert.Throws<LevelDbLockedException>(Open);
        Assert.Throws<ObjectDisposedException>(iterator.Next);
        using LevelDatabase again = Open();
        Assert.NotNull(again.GetArray("a"u8));
    }

    [Fact]
    public void Database_DisposedWhileAnotherThreadHoldsASpan_LeavesTheIteratorToThatThread()
    {
        LevelDatabase database = Open();
        using LevelIterator iterator = database.CreateIterator();
        iterator.SeekToFirst();
        ReadOnlySpan<byte> key = iterator.Key;

        RunOnAnotherThread(database.Dispose);

        Assert.Equal("a"u8, key);
        Assert.Throws<ObjectDisposedException>(() => database.GetArray("a"u8));
        Assert.Throws<ObjectDisposedException>(() => iterator.Key.Length);
        var locked = Assert.Throws<LevelDbLockedException>(Open);
        Assert.Contains("iterators", locked.Message, StringComparison.Ordinal);
        Assert.Throws<ObjectDisposedException>(iterator.Next);
        Open().Dispose();
    }

    [Fact]
    public void Iterator_DisposedAfterItsDatabaseByAnotherThread_ClosesTheDatabase()
    {
        LevelDatabase database = Open();
        LevelIterator iterator = database.CreateIterator();
        RunOnAnotherThread(database.Dispose);

        iterator.Dispose();

        Open().Dispose();
    }

    [Fact]
    public void Iterator_NotOnAnEntry_ThrowsInsteadOfReachingNativeCode()
    {
        using LevelDatabase database = Open();
        using LevelIterator iterator = database.CreateIterator();

        Assert.False(iterator.IsValid);
        Assert.Throws<InvalidOperationException>(() => iterator.Key.Length);
        Assert.Throws<InvalidOperationException>(() => iterator.Value.Length);
        Assert.Throws<InvalidOperationException>(iterator.Next);
        Assert.Throws<InvalidOperationException>(iterator.Prev);

        iterator.SeekToLast();
        iterator.Next();
        Assert.Throws<InvalidOperationException>(iterator.Next);
        Assert.Throws<InvalidOperationException>(iterator.Prev);
    }

    [Fact]
    public void Iterator_Disposed_Throws()
    {
        using LevelDatabase database = Open();
        LevelIterator iterator = database.CreateIterator();
        iterator.SeekToFirst();

        iterator.Dispose();
        iterator.Dispose();

        Assert.Throws<ObjectDisposedException>(() => iterator.IsValid);
        Assert.Throws<ObjectDisposedException>(() => iterator.Key.Length);
        Assert.Throws<ObjectDisposedException>(iterator.Next);
        Assert.Throws<ObjectDisposedException>(iterator.SeekToFirst);
    }

    [Fact]
    public void Iterator_HandedToAnotherThread_Works()
    {
        using LevelDatabase database = Open();
        using LevelIterator iterator = database.CreateIterator();
        iterator.SeekToFirst();
        byte[] key = [];

        RunOnAnotherThread(() => key = iterator.Key.ToArray());

        Assert.Equal("a"u8.ToArray(), key);
        Assert.Equal("a"u8, iterator.Key);
    }

    [Fact]
    public void Iterator_ItsSnapshotDisposedFirst_StillShowsThatState()
    {
        using LevelDatabase database = Open();
        LevelSnapshot snapshot = database.CreateSnapshot();
        using LevelIterator iterator = database.CreateIterator(new() { Snapshot = snapshot });
        snapshot.Dispose();
        database.Delete("a"u8);
        database.CompactAll();

        iterator.SeekToFirst();

        Assert.Equal("a"u8, iterator.Key);
    }

    [Fact]
    public void Snapshot_Disposed_Throws()
    {
        using LevelDatabase database = Open();
        LevelSnapshot snapshot = database.CreateSnapshot();

        snapshot.Dispose();
        snapshot.Dispose();

        Assert.Throws<ObjectDisposedException>(() => database.GetArray("a"u8, new() { Snapshot = snapshot }));
        Assert.Throws<ObjectDisposedException>(() => database.CreateIterator(new() { Snapshot = snapshot }));
    }

    [Fact]
    public void Snapshot_OfAnotherDatabase_IsRefused()
    {
        using LevelDatabase database = Open();
        using LevelDatabase other = LevelDatabase.Open(Path.Combine(_directory.Path, "other"));
        using LevelSnapshot snapshot = other.CreateSnapshot();

        Assert.Throws<ArgumentException>(() => database.GetArray("a"u8, new() { Snapshot = snapshot }));
        Assert.Throws<ArgumentException>(() => database.CreateIterator(new() { Snapshot = snapshot }));
    }

    [Fact]
    public void Value_DatabaseDisposed_StaysReadable()
    {
        LevelDatabase database = Open();
        using LevelValue value = database.Get("a"u8);

        database.Dispose();

        Assert.Equal("1"u8, value.Span);
    }

    [Fact]
    public void Value_DisposedTwiceAndByCopy_IsHarmlessAndThrowsOnUse()
    {
        using LevelDatabase database = Open();
        LevelValue value = database.Get("a"u8);
        LevelValue copy = value;

        value.Dispose();
        copy.Dispose();
        using LevelValue next = database.Get("a"u8);
        value.Dispose();

        Assert.Equal("1"u8, next.Span);
        bool thrown = false;
        try
        {
            _ = copy.Span;
        }
        catch (ObjectDisposedException)
        {
            thrown = true; // Assert.Throws cannot capture a ref struct
        }

        Assert.True(thrown);
    }

    [Fact]
    public void Batch_Disposed_Throws()
    {
        using LevelDatabase database = Open();
        var batch = new LevelWriteBatch();
        batch.Put("b"u8, "2"u8);

        batch.Dispose();
        batch.Dispose();

        Assert.Throws<ObjectDisposedException>(() => batch.Put("b"u8, "2"u8));
        Assert.Throws<ObjectDisposedException>(() => batch.Delete("b"u8));
        Assert.Throws<ObjectDisposedException>(batch.Clear);
        Assert.Throws<ObjectDisposedException>(() => database.Write(batch));
        database.Put("b"u8, "3"u8);
    }

    [Fact]
    public void Everything_LeftToTheFinalizer_IsClosedInASafeOrder()
    {
        for (int round = 0; round < 20; round++)
        {
            Abandon(round);
            // Several rounds of collection: what one finalizer frees, the next may need.
            for (int i = 0; i < 3; i++)
            {
                GC.Collect();
                GC.WaitForPendingFinalizers();
            }

            Open().Dispose();
        }
    }

    [Fact]
    public void ForgottenChildren_OfALiveDatabase_AreCollected()
    {
        LevelDatabase database = Open();
        RunOnAnotherThread(() => AbandonChildren(database));
        GC.Collect();
        GC.WaitForPendingFinalizers();

        database.Dispose();

        Open().Dispose();
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private void Abandon(int round)
    {
        LevelDatabase database = Open();
        LevelSnapshot snapshot = database.CreateSnapshot();
        LevelIterator iterator = database.CreateIterator(new() { Snapshot = snapshot });
        iterator.SeekToFirst();
        var batch = new LevelWriteBatch();
        batch.Put("b"u8, "2"u8);
        database.Write(batch);
        if (round % 3 == 1)
            snapshot.Dispose();
        if (round % 3 == 2)
            iterator.Dispose();
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void AbandonChildren(LevelDatabase database)
    {
        for (int i = 0; i < 100; i++)
        {
            database.CreateIterator().SeekToFirst();
            _ = database.CreateSnapshot();
        }
    }

    private LevelDatabase Open()
    {
        LevelDatabase database = LevelDatabase.Open(_directory.Database);
        database.Put("a"u8, "1"u8);
        return database;
    }

    private static void RunOnAnotherThread(Action action)
    {
        var thread = new Thread(() => action());
        thread.Start();
        Assert.True(thread.Join(TimeSpan.FromSeconds(30)), "The other thread did not end.");
    }
}
