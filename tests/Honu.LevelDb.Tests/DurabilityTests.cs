namespace Honu.LevelDb.Tests;

public sealed class DurabilityTests : IDisposable
{
    private readonly TempDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Fact]
    public void SyncLogs_WhileLogsAreSwitched_Succeeds()
    {
        using LevelDatabase database = LevelDatabase.Open(_directory.Database, new() { WriteBufferBytes = 64 << 10 });
        byte[] value = new byte[1000];
        using var stop = new CancellationTokenSource();
        var writer = new Thread(() =>
        {
            for (int i = 0; !stop.IsCancellationRequested; i++)
                database.Put([(byte)(i >> 8), (byte)i], value);
        });
        writer.Start();

        for (int i = 0; i < 30; i++)
            database.SyncLogs();

        stop.Cancel();
        Assert.True(writer.Join(TimeSpan.FromSeconds(30)));
    }

    [Fact]
    public void SyncLogs_KeepsTheLocks()
    {
        using LevelDatabase database = LevelDatabase.Open(_directory.Database);

        database.SyncLogs();

        Assert.Throws<LevelDbLockedException>(() => LevelDatabase.Open(_directory.Database));
    }

    /// <summary>The next log cannot be created, so a write fails; LevelDB alone would acknowledge the writes after that.</summary>
    [Fact]
    public void Write_AfterAFailedWrite_IsRefusedUntilReopened()
    {
        LevelDatabase database = LevelDatabase.Open(_directory.Database, new() { WriteBufferBytes = 64 << 10 });
        string aside = Path.Combine(_directory.Path, "aside");
        Directory.Move(_directory.Database, aside);

        var first = Assert.Throws<LevelDbException>(() =>
        {
            for (int i = 0; i < 1000; i++)
                database.Put([(byte)(i >> 8), (byte)i], new byte[1000]);
        });
        Directory.Move(aside, _directory.Database);
        using var batch = new LevelWriteBatch();

        Assert.Contains(_directory.Database, first.Message, StringComparison.Ordinal);
        var later = Assert.Throws<LevelDbException>(() => database.Put("a"u8, "1"u8));
        Assert.Same(first, later.InnerException);
        Assert.Throws<LevelDbException>(() => database.Delete("a"u8));
        Assert.Throws<LevelDbException>(() => database.Write(batch));
        Assert.Throws<LevelDbException>(database.SyncLogs);
        Assert.NotNull(database.GetArray([0, 0]));
        database.Dispose();
        using LevelDatabase again = LevelDatabase.Open(_directory.Database);
        again.Put("a"u8, "1"u8);
        Assert.NotNull(again.GetArray([0, 0]));
    }

    [Fact]
    public void SyncLogs_DirectoryGone_FailsTyped()
    {
        using LevelDatabase database = LevelDatabase.Open(_directory.Database);
        string aside = Path.Combine(_directory.Path, "aside");
        Directory.Move(_directory.Database, aside);

        var error = Assert.Throws<LevelDbException>(database.SyncLogs);

        Assert.Equal(LevelDbErrorKind.IOError, error.Kind);
        Assert.Throws<LevelDbException>(() => database.Put("a"u8, "1"u8));
    }
}
