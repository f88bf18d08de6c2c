namespace Honu.LevelDb.Tests;

/// <summary>
/// Goal: Dispose against threads that read, write, scan and take snapshots.
/// Method: many short rounds; only ObjectDisposedException may be seen.
/// </summary>
public sealed class ConcurrentDisposeTests : IDisposable
{
    private static readonly TimeSpan Guard = TimeSpan.FromSeconds(60);

    private readonly TempDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    public static TheoryData<string, Action<LevelDatabase>> Loads => new()
    {
        { "get", static d => d.Get("key/5"u8).Dispose() },
        { "put", static d => d.Put("key/5"u8, "x"u8) },
        {
            "scan", static d =>
            {
                using LevelIterator iterator = d.CreateIterator();
                int sum = 0;
                for (iterator.SeekToFirst(); iterator.IsValid; iterator.Next())
                    sum += iterator.Key[^1] + iterator.Value.Length;
                iterator.ThrowIfFailed();
                Assert.NotEqual(0, sum);
            }
        },
        {
            "snapshot", static d =>
            {
                using LevelSnapshot snapshot = d.CreateSnapshot();
                d.Get("key/5"u8, new() { Snapshot = snapshot }).Dispose();
            }
        },
        {
            "batch", static d =>
            {
                using var batch = new LevelWriteBatch();
                batch.Put("key/5"u8, "x"u8);
                d.Write(batch);
            }
        },
        { "compact", static d => d.CompactAll() },
        { "sync", static d => d.SyncLogs() },
    };

    [Theory]
    [MemberData(nameof(Loads), DisableDiscoveryEnumeration = true)]
    public void Dispose_AgainstRunningThreads_EndsThemWithObjectDisposed(string name, Action<LevelDatabase> load)
    {
        for (int round = 0; round < 15; round++)
        {
            LevelDatabase database = LevelDatabase.Open(_directory.Database);
            for (int i = 0; i < 10; i++)
                database.Put([.. "key/"u8, (byte)('0' + i)], "value"u8);
            using var started = new CountdownEvent(3);
            var errors = new Exception?[3];
            Thread[] threads = [.. Enumerable.Range(0, 3).Select(n => new Thread(() => errors[n] = RunUntilItThrows(started, () => load(database))))];
            foreach (Thread thread in threads)
                thread.Start();
            Assert.True(started.Wait(Guard));

            database.Dispose();

            foreach (Thread thread in threads)
                Assert.True(thread.Join(Guard), name);
            Assert.All(errors, error => Assert.True(error is ObjectDisposedException, $"{name}: {error}"));
        }
    }

    [Fact]
    public void Dispose_ByManyThreadsAtOnce_ClosesOnce()
    {
        for (int round = 0; round < 15; round++)
        {
            LevelDatabase database = LevelDatabase.Open(_directory.Database);
            LevelIterator iterator = database.CreateIterator();
            iterator.SeekToFirst();

            Parallel.For(0, 4, _ => database.Dispose());
            iterator.Dispose();

            LevelDatabase.Open(_directory.Database).Dispose();
        }
    }

    [Fact]
    public void Iterator_DisposedByManyThreadsAtOnce_IsHarmless()
    {
        using LevelDatabase database = LevelDatabase.Open(_directory.Database);

        for (int round = 0; round < 200; round++)
        {
            LevelIterator iterator = database.CreateIterator();
            Parallel.For(0, 4, n =>
            {
                if (n % 2 == 0)
                    iterator.Dispose();
                else
                    _ = Record.Exception(iterator.SeekToFirst);
            });
        }
    }

    private static Exception? RunUntilItThrows(CountdownEvent started, Action load)
    {
        bool signalled = false;
        try
        {
            while (true)
            {
                load();
                if (!signalled)
                    started.Signal();
                signalled = true;
            }
        }
        catch (Exception error)
        {
            return error; // the test looks at it
        }
    }
}
